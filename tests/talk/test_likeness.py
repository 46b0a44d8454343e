"""An echo, as a recogniser writes it, and what a learner says."""

import pytest

from realtime.talk.likeness import echoes

SAID = "That sounds like a lovely weekend. Did you go to the market, or did you stay at home?"


@pytest.mark.parametrize(
    "heard",
    [
        "did you go to the market",
        "a lovely weekend did you go",
        "That sounds like a lovely weekend.",
        "sound like a lovely week end did you go",
        "or did you stay",
    ],
)
def test_the_tutors_words_are_an_echo(heard: str) -> None:
    assert echoes(heard, SAID)


@pytest.mark.parametrize(
    "heard", ["wait please stop", "no I went to the cinema", "sorry what", "the market was closed", "", "..."]
)
def test_the_learners_words_are_none(heard: str) -> None:
    assert not echoes(heard, SAID)


def test_nothing_is_an_echo_of_silence() -> None:
    assert not echoes("hello", "")
