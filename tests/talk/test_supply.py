"""A clip that was let out does not run dry, however fast its voice is; and it is not kept for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.talk.supply import Supply, expected_ms
from realtime.talk.transcript import Word


def released(rate: float, piece_ms: float, pieces: int, expected_ms: float) -> tuple[int, float]:
    """After how many pieces the clip is let out, and how long it then runs dry at most, in ms."""
    supply, wait_ms = Supply(), piece_ms / rate
    at = pieces
    for number in range(1, pieces + 1):
        supply = supply.take(piece_ms, wait_ms)
        if supply.lasts(expected_ms):
            at = number
            break
    # Piece number n comes (n - at) waits after the release and is wanted when the n - 1 before it are played.
    late = [(number - at) * wait_ms - (number - 1) * piece_ms for number in range(at + 1, pieces + 1)]
    return at, max(late, default=0)


@pytest.mark.parametrize(
    ("rate", "most_pieces"), [(0.5, 25), (0.8, 12), (0.95, 6), (1.0, 3), (1.2, 3), (10, 2)]
)
def test_a_sentence_of_four_seconds(rate: float, most_pieces: int) -> None:
    """100 ms a piece: of a voice at half of real time, half of it and a tenth must be there."""
    at, late_ms = released(rate, 100, 40, 4000)
    assert at <= most_pieces
    assert late_ms <= 0


@given(
    rate=st.floats(0.2, 3),
    piece_ms=st.integers(20, 400),
    pieces=st.integers(1, 100),
    surprise=st.floats(0.91, 1.3),
)
def test_no_voice_of_an_even_speed_runs_dry(rate: float, piece_ms: int, pieces: int, surprise: float) -> None:
    """Also where the clip is a tenth longer than foretold."""
    _, late_ms = released(rate, piece_ms, pieces, piece_ms * pieces * surprise)
    assert late_ms <= 0.001


def test_the_wait_for_the_first_sound_says_nothing_of_the_speed() -> None:
    supply = Supply().take(100, 3000)
    assert supply.rate is None
    assert not supply.lasts(1000)
    assert supply.take(100, 50).rate == 2
    assert supply.take(100, 50).lasts(1000)


def test_what_comes_in_one_go_is_there_at_once() -> None:
    assert Supply().take(100, 20).take(1900, 0).lasts(10_000)


@pytest.mark.parametrize(
    ("text", "words", "speed", "expected"),
    [
        ("Tea, please.", (Word("Tea,", 0, 400), Word("please.", 400, 900)), 1, 900),
        ("Tea, please.", (), 1, 9 * 85),
        ("Tea, please.", (), 0.5, 9 * 170),
        ("Room 7", (), 1, 9 * 85),
        ("...", (), 1, 0),
    ],
)
def test_how_long_a_clip_will_be(text: str, words: tuple[Word, ...], speed: float, expected: float) -> None:
    assert expected_ms(text, words, speed) == expected
