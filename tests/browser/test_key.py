"""A learner comes to a classroom's server: the page asks for the code, and a right one opens the door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.microphone import silence, write
from tests.browser.test_spoken_turn import wait_for
from tests.serving import Served, serving

KEY = "Blue+Whale 7"


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with serving(TUTOR_API_KEYS=KEY) as served:
        yield served


@pytest.fixture
def page(open_page: OpenPage, tmp_path: Path) -> Page:
    return open_page(write(tmp_path / "microphone.wav", silence(1)))


def talks(page: Page) -> None:
    page.locator('[data-lesson="greetings"]').click()
    wait_for(page, "now.link === 'open' && now.turns.length === 1")


def test_a_wrong_code_is_named_and_the_right_one_opens(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="What is your classroom code?")
    field = dialog.get_by_label("Classroom code")
    field.fill("blue whale")
    dialog.get_by_role("button", name="Come in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This code does not fit")
    field.press("Escape")
    page.locator('[data-lesson="greetings"]').click()
    expect(dialog).to_be_visible()
    field.fill(KEY)
    field.press("Enter")
    expect(dialog).to_be_hidden()
    talks(page)
    page.reload()
    talks(page)
    expect(dialog).to_be_hidden()


def test_a_code_in_the_address_is_taken_over_and_shown_no_more(server: Served, page: Page) -> None:
    page.goto(f"{server.url}/#key=Blue%2BWhale%207")
    dialog = page.locator("#key")
    expect(dialog).to_be_hidden()
    talks(page)
    assert page.url == f"{server.url}/"


def test_a_code_that_comes_before_the_door_is_known_is_kept(server: Served, page: Page) -> None:
    # This page has asked at the door: what is held is the next one's question.
    expect(page.locator("#key")).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/door", lambda route: held.append(route))  # noqa: PLW0108 -- Playwright asks it for its code
    with page.expect_request("**/v1/door"):
        page.reload()
    page.evaluate("""() => new Promise((told) => {
        addEventListener("hashchange", told, { once: true });
        location.hash = "#key=Blue%2BWhale%207";
    })""")
    held[0].continue_()
    talks(page)
    expect(page.locator("#key")).to_be_hidden()
    assert page.url == f"{server.url}/"


def test_a_code_that_opens_no_more_is_asked_for_again(page: Page) -> None:
    dialog = page.locator("#key")
    page.locator("#key-field").fill(KEY)
    page.locator("#key-enter").click()
    expect(dialog).to_be_hidden()
    page.evaluate("() => sessionStorage.setItem('atom.key', 'last term')")
    page.locator('[data-lesson="greetings"]').click()
    expect(dialog.get_by_role("alert")).to_contain_text("has changed")
    page.locator("#key-field").fill(KEY)
    page.locator("#key-enter").click()
    talks(page)
