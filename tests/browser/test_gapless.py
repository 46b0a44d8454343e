"""What comes out of the page's loudspeaker in a talk of ten turns, sample by sample: no unintended gap.

The voice is a tone for each word, so that silence inside a sentence can be nothing but a gap.
"""

import base64
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from realtime.talk.joint import pause_ms
from realtime.talk.segmenter import Segmenter
from tests.browser.conftest import OpenPage
from tests.browser.microphone import silence, write
from tests.browser.test_spoken_turn import wait_for
from tests.clients.stage import scripted_engines
from tests.serving import Served, serving

TURNS = 10
WORD_MS = 100  # whole periods of the scripted tones: nothing in them is soft
REPLIES = (
    "That sounds like a lovely weekend, and a warm one too. Did you stay at home with all of your family?",
    "Good for you. I see; you like the sea and the long walks along it. Tell me more!",
)
SOFTEST = 300  # of 32768
GAP_MS = 20
REPLIES_IN_NOW = "now.turns.filter((turn) => turn.who === 'tutor').length"
Span = tuple[float, float]  # where a sound begins and ends, in ms


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    flags = ["--word-ms", str(WORD_MS), "--speech-rate", "10"]
    replies = [flag for reply in REPLIES for flag in ("--reply", reply)]
    with (
        scripted_engines(*flags, *replies) as url,
        serving("--speech-url", url, "--transcription-url", url, "--chat-url", url) as served,
    ):
        yield served


@pytest.fixture
def page(open_page: OpenPage, server: Served, tmp_path: Path) -> Page:
    """In a talk that the button leads: the microphone's time is the test's."""
    page = open_page(write(tmp_path / "microphone.wav", silence(90)))
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.add_init_script(Path(__file__).with_name("tap.js").read_text())
    page.evaluate("() => localStorage.setItem('atom.settings', JSON.stringify({ mode: 'push' }))")
    page.reload()
    return page


def test_a_talk_of_ten_turns_has_no_gap_but_the_intended(page: Page) -> None:
    page.locator('[data-lesson=""]').click()
    for turn in range(TURNS):
        # The tutor begins; each turn of the learner's is the button held for a moment.
        now = wait_for(page, f"now.phase === 'ready' && now.played > 0 && {REPLIES_IN_NOW} === {turn + 1}")
        if turn < TURNS - 1:
            page.locator("#main-button").press("Space", delay=300)
    assert (now["underruns"], now["lost"], now["cleared"]) == (0, 0, 0)
    assert now["played"] == now["received"]
    page.wait_for_timeout(400)  # the tap's last block
    heard = np.frombuffer(base64.b64decode(page.evaluate("() => atomTap.sound()")), np.int16)
    spans = _spans(heard)
    wanted = [REPLIES[turn % len(REPLIES)] for turn in range(TURNS)]
    sentences = [_sentences(reply) for reply in wanted]
    told = "\n".join(f"{begin:9.1f} {end - begin:8.1f}" for begin, end in spans)
    assert len(spans) == sum(map(len, sentences)), f"begin, length:\n{told}"
    for texts in sentences:
        reply, spans = spans[: len(texts)], spans[len(texts) :]
        for text, (begin, end) in zip(texts, reply, strict=True):
            assert end - begin == pytest.approx(len(text.split()) * WORD_MS, abs=GAP_MS), f"{text}\n{told}"
        for text, (_, end), (begin, _) in zip(texts, reply, reply[1:], strict=False):
            intended = pause_ms(text, new_line=False)
            # A clip of one word has been played before more is there: where its end was is then an estimate.
            assert intended - 80 <= begin - end <= intended + GAP_MS, f"after {text}\n{told}"


def _sentences(reply: str) -> list[str]:
    segmenter, segments = Segmenter().feed(reply)
    return [segment.text for segment in (*segments, *segmenter.finish())]


def _spans(sound: np.ndarray) -> list[Span]:
    """Sounds with no more than 20 ms of silence inside."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > SOFTEST) / 24
    breaks = [(float(a), float(b)) for a, b in pairwise(loud) if b - a > GAP_MS]
    edges = [float(loud[0]), *chain.from_iterable(breaks), float(loud[-1])]
    return list(zip(edges[::2], edges[1::2], strict=True))
