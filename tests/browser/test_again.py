"""The tutor's last sentence once more, and slower: heard in the real page, while its microphone is silent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.microphone import silence, write
from tests.browser.test_spoken_turn import wait_for
from tests.clients.stage import scripted_engines
from tests.serving import Served, serving

LAST = "Did you stay at home with all of your friends and talk until it was late?"
REPLY = f"That sounds like a lovely weekend. {LAST}"
WORD_MS = 150
AT_REST = "now.replaying === '' && ['ready', 'listening'].includes(now.phase) && now.voice === 0"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with (
        scripted_engines("--word-ms", str(WORD_MS), "--reply", REPLY) as url,
        serving("--speech-url", url, "--transcription-url", url, "--chat-url", url) as served,
    ):
        yield served


def heard_again(page: Page, button: str) -> tuple[int, dict[str, Any]]:
    """How many samples are heard after a press of the button, and the page when that is over."""
    before = wait_for(page, AT_REST)
    assert before["hears"]
    page.locator(button).click()
    during = wait_for(page, f"now.replaying !== '' && now.played > {before['played']}")
    assert not during["hears"]
    assert during["phase"] == "speaking"
    after = wait_for(page, AT_REST)
    assert after["hears"]
    assert (after["turns"], after["lesson"]) == (before["turns"], before["lesson"])
    return after["played"] - before["played"], after


def test_the_last_sentence_is_heard_again_and_slower(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(write(tmp_path / "microphone.wav", silence(60)))
    page.locator('[data-lesson=""]').click()
    assert page.locator("#again").is_disabled()
    wait_for(page, f"now.played > 0 && {AT_REST}")
    as_it_was, _ = heard_again(page, "#again")
    slower, after = heard_again(page, "#slower")
    assert as_it_was == pytest.approx(len(LAST.split()) * WORD_MS * 24, rel=0.05)
    assert slower == pytest.approx(as_it_was * 4 / 3, rel=0.05)
    assert (after["lost"], after["cleared"], after["played"]) == (0, 0, after["received"])


def test_it_can_be_stopped(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(write(tmp_path / "microphone.wav", silence(60)))
    page.locator('[data-lesson=""]').click()
    wait_for(page, f"now.played > 0 && {AT_REST}")
    page.locator("#slower").click()
    wait_for(page, "now.replaying !== ''")
    expect(page.locator("#again")).to_have_text("Stop")
    page.locator("#again").click()
    stopped = wait_for(page, AT_REST, within_s=1)
    assert stopped["hears"]
    expect(page.locator("#again")).to_have_text("Again")
