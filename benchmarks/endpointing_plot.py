"""Draws cut-offs against response delay, a curve for each way to wait."""

import shutil
from typing import NamedTuple

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT, LEFT, BELOW, RIGHT, ABOVE = 760, 420, 60, 50, 20, 20
DELAY_MS, CUT = (100, 1400), (0.0, 0.5)
COLOURS = {"fixed": "#8a93a3", "stops": "#2f7d5b", "bare": "#b0623a"}
NAMES = {"fixed": "a fixed wait", "stops": "ours, full stops everywhere", "bare": "ours, no punctuation"}
STYLE = "text{font:13px sans-serif;fill:#333}.grid{stroke:#e4e7ec}.curve{fill:none;stroke-width:2}"


class Point(NamedTuple):
    """`wait_ms`: as configured; `cut`: the share of utterances cut off; delays: median, mean, p90."""

    wait_ms: int
    cut: float
    delay_ms: float
    mean_ms: float
    late_ms: float


Curve = tuple[Point, ...]


def png(drawn: str) -> bytes:
    """An SVG as Chromium shows it, twice as fine."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2)
        page.set_content(f"<style>body{{margin:0}}</style>{drawn}")
        shot = page.screenshot()
        chromium.close()
    return shot


def svg(curves: dict[str, Curve]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><style>{STYLE}</style>'
    parts = [head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *_axes()]
    for n, (name, curve) in enumerate(curves.items()):
        parts += [_line(name, curve), *_dots(name, curve), *_legend(name, n)]
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> list[str]:
    parts: list[str] = []
    for ms in range(200, DELAY_MS[1] + 1, 200):
        x = _x(ms)
        parts += [
            f'<line class="grid" x1="{x}" y1="{ABOVE}" x2="{x}" y2="{HEIGHT - BELOW}"/>',
            f'<text x="{x}" y="{HEIGHT - BELOW + 18}" text-anchor="middle">{ms}</text>',
        ]
    for tenth in range(6):
        y = _y(tenth / 10)
        parts += [
            f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>',
            f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tenth * 10}%</text>',
        ]
    under = "median delay of the endpoint after the end of speech, ms"
    beside = f'transform="rotate(-90 16 {HEIGHT / 2})" text-anchor="middle"'
    return [
        *parts,
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">{under}</text>',
        f'<text x="16" y="{HEIGHT / 2}" {beside}>utterances cut off</text>',
    ]


def _line(name: str, curve: Curve) -> str:
    points = " ".join(f"{_x(one.delay_ms)},{_y(one.cut)}" for one in curve if _shown(one))
    return f'<polyline class="curve" stroke="{COLOURS[name]}" points="{points}"/>'


def _dots(name: str, curve: Curve) -> list[str]:
    return [
        f'<circle cx="{_x(one.delay_ms)}" cy="{_y(one.cut)}" r="3" fill="{COLOURS[name]}">'
        f"<title>{NAMES[name]}, {one.wait_ms} ms: {one.cut:.1%}, {one.delay_ms:.0f} ms</title></circle>"
        for one in curve
        if _shown(one)
    ]


def _legend(name: str, n: int) -> list[str]:
    x, y = WIDTH - RIGHT - 210, ABOVE + 20 + 22 * n
    return [
        f'<line class="curve" stroke="{COLOURS[name]}" x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}"/>',
        f'<text x="{x + 32}" y="{y}">{NAMES[name]}</text>',
    ]


def _shown(one: Point) -> bool:
    return DELAY_MS[0] <= one.delay_ms <= DELAY_MS[1] and CUT[0] <= one.cut <= CUT[1]


def _x(ms: float) -> int:
    low, high = DELAY_MS
    return round(LEFT + (ms - low) / (high - low) * (WIDTH - LEFT - RIGHT))


def _y(cut: float) -> int:
    low, high = CUT
    return round(HEIGHT - BELOW - (cut - low) / (high - low) * (HEIGHT - ABOVE - BELOW))
