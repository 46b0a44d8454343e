"""What the learner said wrongly is shown beside their words, in their language, on both pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from realtime.tutor.corrections import corrections
from tests.browser.test_again import AT_REST
from tests.browser.test_kiosk import Hall, browser, come, kiosk, speak
from tests.browser.test_spoken_turn import wait_for
from tests.clients.stage import script, scripted_engines
from tests.serving import serving

__all__ = ["browser"]  # a fixture

SAID = "I have twenty years"
[BETTER] = corrections(SAID)
WORDS = {"en": ("We say:", "You said:"), "es": ("Decimos:", "Dijiste:")}
PUSH = "localStorage.setItem('atom.settings', JSON.stringify({ mode: 'push' }))"


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    with (
        scripted_engines("--word-ms", "60", "--reply", "I see.") as url,
        serving(
            *("--speech-url", url, "--transcription-url", url, "--chat-url", url), TUTOR_KIOSK__MODE="push"
        ) as served,
    ):
        script(served, word_score=0.95, recognition_ms=10)
        yield Hall(served, Path())


def is_shown(page: Page, language: str) -> None:
    """The better sentence, what was said, and why, once."""
    feedback = page.locator(".turn.learner").last.locator(".feedback")
    feedback.locator("strong").wait_for()
    assert feedback.locator("strong").all_inner_texts() == [BETTER.sentence]
    assert feedback.locator("s").all_inner_texts() == [BETTER.said]
    assert feedback.locator(".feedback-note").all_inner_texts() == [BETTER.note[language]]
    text = feedback.inner_text()
    assert [words in text for words in WORDS[language]] == [True, True]


@pytest.mark.parametrize("language", ["en", "es"])
def test_in_free_talk(browser: Browser, hall: Hall, language: str) -> None:
    context = browser.new_context(locale=language)
    context.add_init_script(PUSH)
    page = context.new_page()
    page.goto(hall.served.url)
    page.locator('[data-lesson=""]').click()
    wait_for(page, f"now.played > 0 && {AT_REST}")
    speak(page, hall, SAID)
    is_shown(page, language)
    context.close()


@pytest.mark.parametrize("language", ["en", "es"])
def test_at_the_kiosk(browser: Browser, hall: Hall, language: str) -> None:
    with kiosk(browser, hall.served.url) as page:
        come(page)
        page.locator(f"#tongues [data-language={language}]").click()
        speak(page, hall, SAID)
        is_shown(page, language)


def test_what_is_right_has_nothing_beside_it(browser: Browser, hall: Hall) -> None:
    with kiosk(browser, hall.served.url) as page:
        come(page)
        speak(page, hall, "I am twenty years old")
        wait_for(page, f"now.turns.at(-1).who === 'tutor' && now.turns.at(-1).over && {AT_REST}")
        assert page.locator(".feedback strong").count() == 0
