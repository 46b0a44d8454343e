"""How long a silence ends an utterance: the cases of docs/turn.md, and what holds for all."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.talk.endpoint import LONGEST_MS, SHORTEST_MS, Ending, ending, faded, paused, wait_ms
from realtime.talk.transcript import Word

DOCUMENT = Path(__file__).parents[2] / "docs" / "turn.md"
ENDINGS = get_args(Ending)


def table() -> list[list[str]]:
    _, _, cases = DOCUMENT.read_text(encoding="utf-8").partition("| heard | the tutor had said |")
    rows = [row for row in cases.splitlines()[2:] if row.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def spoken(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, 300 * n, 300 * n + 280) for n, word in enumerate(text.split()))


def judged(text: str, asked: str = "", expected: tuple[str, ...] = (), on_script: float | None = None) -> str:
    return ending(spoken(text), expected=expected, asked=asked, on_script=on_script)


@pytest.mark.parametrize(("heard", "asked", "expected", "how", "why"), table())
def test_the_cases(heard: str, asked: str, expected: str, how: str, why: str) -> None:
    sentences = tuple(one.strip() for one in expected.split("/") if one.strip())
    assert judged(heard, asked, sentences) == how, why
    assert why


def test_the_document_has_cases_of_every_ending() -> None:
    assert {how for _, _, _, how, _ in table()} == set(ENDINGS)


def test_with_two_thirds_of_its_words_an_expected_sentence_is_known() -> None:
    assert judged("where are the from", expected=("Where are you from?",), on_script=0.9) == "complete"
    assert judged("where is the farm", expected=("Where are you from?",), on_script=0.9) == "open"


def test_a_script_that_the_recogniser_doubts_ends_nothing() -> None:
    assert judged("where are you from", expected=("Where are you from?",), on_script=0.9) == "complete"
    assert judged("where are you from", expected=("Where are you from?",), on_script=0.3) == "open"


def test_no_words_say_nothing() -> None:
    assert judged("") == judged("...") == "open"


def test_only_the_last_question_counts() -> None:
    assert judged("Yes, I do.", asked="What a day! Why is that? Do you like it?") == "complete"
    assert judged("Yes, I do.", asked="Do you like it? Why is that?") == "short"


def test_the_sounds_of_hesitation_are_no_words_of_an_expected_sentence() -> None:
    expected = ("Oh, I like tea.", "I would like a coffee.")
    for heard in ("oh um I like like tea", "well I would uh like a coffee"):
        assert judged(heard, expected=expected) == "complete"


def test_the_longest_pause_is_remembered_and_fades() -> None:
    assert paused(0, 400) == 400
    assert paused(400, 260) == 400
    assert faded(400) == 360


def test_gaps_between_words_and_silences_of_somebody_gone_are_no_pauses() -> None:
    assert paused(400, 96) == paused(400, LONGEST_MS + 32) == 400


waits = st.integers(100, 5000)
pauses = st.floats(0, 5000)


@given(waits, st.sampled_from(ENDINGS), pauses)
def test_every_wait_is_bounded(base_ms: int, how: Ending, pause_ms: float) -> None:
    assert min(base_ms, SHORTEST_MS) <= wait_ms(base_ms, how, pause_ms) <= max(base_ms, LONGEST_MS)


@given(waits, pauses)
def test_what_hangs_is_waited_for_longest_and_what_is_complete_shortest(
    base_ms: int, pause_ms: float
) -> None:
    waited = [
        wait_ms(base_ms, how, pause_ms) for how in ("complete", "open", "short", "dictating", "hanging")
    ]
    assert waited == sorted(waited)


@given(waits, st.sampled_from(ENDINGS), pauses, pauses)
def test_longer_pauses_never_shorten_the_wait(
    base_ms: int, how: Ending, one_ms: float, other_ms: float
) -> None:
    short_ms, long_ms = sorted((one_ms, other_ms))
    assert wait_ms(base_ms, how, short_ms) <= wait_ms(base_ms, how, long_ms)
