"""A learner speaks with the tutor in a real browser: nothing between microphone and loudspeaker is faked."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.microphone import silence, speech, write
from tests.serving import Served

ANSWER = "I'm fine, thank you."
OPENING_S = 9.0  # the tutor's opening line has been heard by then


def wait_for(page: Page, condition: str, within_s: float = 20) -> dict[str, Any]:
    """The first snapshot, `now`, that fulfils the condition; inlined, since the page forbids eval."""
    return page.evaluate(
        f"""new Promise((found, lost) => {{
            const end = performance.now() + {within_s * 1000};
            const look = () => {{
                const now = atomTalk.snapshot();
                if ({condition}) found(now);
                else if (performance.now() < end) setTimeout(look, 10);
                else lost(new Error(JSON.stringify(now, null, 1)));
            }};
            look();
        }})"""
    )


def test_a_spoken_turn_and_an_interruption(server: Served, open_page: OpenPage, tmp_path: Path) -> None:
    interruption = speech(server.speech_url, "Excuse me, wait a moment please, I want to say something.")
    microphone = write(
        tmp_path / "microphone.wav",
        silence(OPENING_S),
        speech(server.speech_url, ANSWER),
        silence(1.2),  # the next line is 2.8 s long and begins within half a second
        interruption,
        silence(20.0),
    )
    page = open_page(microphone)
    page.locator('[data-lesson="greetings"]').click()

    # The tutor opens the lesson, and every sample of it is played.
    wait_for(page, "now.turns.length === 1 && now.turns[0].marked.length > 0")
    opening = wait_for(page, "now.phase === 'listening' && now.played > 0")
    assert opening["played"] == opening["received"]
    assert (opening["lost"], opening["underruns"]) == (0, 0)

    # Words appear while they are being spoken.
    wait_for(page, "now.phase === 'hearing' && now.turns.some(turn => turn.who === 'learner' && turn.text)")

    # The answer is understood and the tutor's next line is heard.
    wait_for(page, "now.turns.some(turn => turn.feedback?.verdict === 'right')")
    reply = wait_for(page, f"now.phase === 'speaking' && now.played > {opening['played']}")
    assert reply["lesson"]["step"] == 1

    # The learner speaks over it: it falls silent.
    cut = wait_for(page, "now.cleared > 0")
    assert cut["playing"] == ""
    assert cut["underruns"] == 0
    wait_for(page, "now.voice === 0")

    # Where the time of a spoken answer went is shown, up to the first sound that was played.
    rows = page.locator("#latency li span")
    rows.filter(has_text="Sure that you had finished").wait_for(state="attached", timeout=5000)
    expect(rows).to_have_count(7)
    expect(rows.last).to_have_text("First sound played to you")
