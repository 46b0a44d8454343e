"""All that the kiosk may show, upright and across, on one sheet.

    python -m tests.browser.kiosk_pictures docs/kiosk.png [FOLDER]

In FOLDER the pictures are left in full size.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.test_kiosk import ACROSS, UPRIGHT, blank, chromium, opened, recorded, states

SHEET = """<style>
    body { margin: 0; padding: 20px; width: 1196px; background: #dfe7e8; display: grid; gap: 16px 12px;
        grid-template-columns: repeat(8, 1fr); font: 600 15px system-ui, sans-serif; color: #2b4048; }
    figure { margin: 0; } .across { grid-column: span 2; }
    img { display: block; width: 100%; border-radius: 8px; }
    figcaption { text-align: center; padding-top: 8px; }
</style>"""


def picture(folder: Path, state: str, size: dict[str, int]) -> Path:
    return folder / f"{state}-{size['width']}x{size['height']}.png"


def take(browser: Browser, folder: Path) -> list[str]:
    """The names of the states."""
    taken: list[str] = []
    with opened(folder / "wish") as hall, blank(browser) as page:
        page.emulate_media(reduced_motion="reduce")
        for state in states(page, hall):
            taken.append(state)
            for size in (UPRIGHT, ACROSS):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.wait_for_timeout(200)  # what follows the size is drawn
                page.screenshot(path=picture(folder, state, size))
    return taken


def compose(browser: Browser, folder: Path, taken: list[str], sheet: Path) -> None:
    figures = [
        f"<figure class={kind}><img src='{picture(folder, state, size).as_uri()}'>"
        f"<figcaption>{state}</figcaption></figure>"
        for kind, size in (("upright", UPRIGHT), ("across", ACROSS))
        for state in taken
    ]
    document = folder / "sheet.html"
    document.write_text(SHEET + "".join(figures))
    page = browser.new_page(viewport={"width": 1236, "height": 700})
    page.goto(document.as_uri())
    page.screenshot(path=sheet, full_page=True)


def main(sheet: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with chromium(recorded(folder)) as browser:
        compose(browser, folder, take(browser, folder), sheet)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else scratch).absolute())
