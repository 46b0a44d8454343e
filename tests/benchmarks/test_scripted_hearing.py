"""The scripted recogniser hears the words that have been said, and no others."""

import numpy as np
import pytest

from benchmarks.scripted_hearing import Pcm, Saying, heard, known, saying, voiced

RATE = 16_000
NO_WAIT = Saying(("No,", "wait."), (200, 500))


def tone(ms: int, level: int = 3000) -> Pcm:
    return (np.sin(np.arange(RATE * ms // 1000) * 0.2) * level).astype(np.int16)


def room(ms: int) -> Pcm:
    return np.random.default_rng(1).normal(0, 33, RATE * ms // 1000).astype(np.int16)


def words(said: Saying, sound: Pcm, settled: int = 0) -> list[str]:
    return [word["word"] for word in heard(said, settled, sound, RATE)]


@pytest.mark.parametrize(
    ("ms", "expected"),
    [(0, []), (100, []), (200, ["No,"]), (400, ["No,"]), (500, ["No,", "wait."]), (900, ["No,", "wait."])],
)
def test_a_word_is_heard_once_it_has_been_said(ms: int, expected: list[str]) -> None:
    assert words(NO_WAIT, tone(ms)) == expected


def test_the_room_says_nothing() -> None:
    assert words(NO_WAIT, room(900)) == []
    assert words(NO_WAIT, np.concatenate([room(300), tone(200), room(700)])) == ["No,"]


def test_words_lie_where_they_were_said() -> None:
    sound = np.concatenate([room(300), tone(200), room(400), tone(300), room(100)])
    first, second = heard(NO_WAIT, 0, sound, RATE)
    assert first["start"] == pytest.approx(0.3, abs=0.03)
    assert first["end"] == pytest.approx(0.5, abs=0.03)
    assert second["end"] == pytest.approx(1.2, abs=0.03)


def test_what_was_settled_and_has_left_is_not_heard_again() -> None:
    assert words(NO_WAIT, tone(300), settled=1) == ["wait."]


def test_the_words_travel_in_the_prompt() -> None:
    assert known(f"{NO_WAIT.prompt}") == (NO_WAIT, 0)
    assert known(f"{NO_WAIT.prompt} No,") == (NO_WAIT, 1)
    assert known("a talk about cafés") is None


def test_longer_words_take_longer_and_silence_between_pieces_counts_for_nothing() -> None:
    said = saying([("a long", tone(500), RATE), ("end", np.concatenate([tone(300), room(200)]), RATE)])
    assert said.words == ("a", "long", "end")
    assert said.ends_ms == pytest.approx((100, 500, 800), abs=20)
    assert not voiced(room(100), RATE).any()
