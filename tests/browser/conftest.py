"""A real Chromium on the real page of a real server; its fake microphone plays speech."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.serving import Served, serving

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
OpenPage = Callable[[Path], Page]


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def open_page(server: Served) -> Iterator[OpenPage]:
    """Opens the page in a fresh Chromium whose microphone plays a 48 kHz WAV, once."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` says how to install it"
    with sync_playwright() as playwright:
        browsers = []

        def opened(microphone: Path) -> Page:
            sound = f"--use-file-for-fake-audio-capture={microphone}%noloop"
            browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, sound])
            browsers.append(browser)
            page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US")
            page.goto(server.url)
            return page

        yield opened
        for browser in browsers:
            browser.close()
