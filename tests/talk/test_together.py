"""Windows are told of together only where it comes to the same, but for when a recogniser is asked."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.talk.moves import WINDOW_MS, Effect, Window
from realtime.talk.turn import TOGETHER_MS, Policy, Turn, advance, together
from tests.talk.vocabulary import Talk, ducking, hearing, pausing, speaking, thinking

CALM = {"listening": Talk, "thinking": thinking, "speaking": speaking, "hearing": hearing}


def one_by_one(turn: Turn, windows: list[bool], policy: Policy) -> tuple[Turn, list[Effect]]:
    effects: list[Effect] = []
    for speech in windows:
        turn, more = advance(turn, Window(speech), policy)
        effects += more
    return turn, effects


@given(
    phase=st.sampled_from(sorted(CALM)),
    windows=st.lists(st.booleans(), min_size=1, max_size=20),
    graceful=st.booleans(),
)
def test_together_comes_to_the_same_as_one_by_one(phase: str, windows: list[bool], *, graceful: bool) -> None:
    turn, policy = CALM[phase]().turn, Policy(graceful=graceful)
    count = together(turn, windows, policy)
    assert len(set(windows[:count])) == 1
    at_once, effects = advance(turn, Window(windows[0], count * WINDOW_MS), policy)
    assert (at_once, list(effects)) == one_by_one(turn, windows[:count], policy)


def test_a_recogniser_is_asked_hardly_later() -> None:
    policy = Policy(live=True)
    turn, asked_ms = hearing(policy).turn, list[int]()
    for ms in range(0, 4000, 8 * WINDOW_MS):
        turn, effects = advance(turn, Window(speech=True, ms=8 * WINDOW_MS), policy)
        turn = replace(turn, recognising=False)
        asked_ms += [ms] if effects else []
    assert {later - sooner for sooner, later in pairwise(asked_ms)} == {2 * TOGETHER_MS}


@pytest.mark.parametrize("phase", ["listening", "thinking", "speaking"])
def test_a_silence_in_which_nobody_spoke_is_one_event(phase: str) -> None:
    assert together(CALM[phase]().turn, [False] * 20, Policy()) == 20
    assert together(CALM[phase]().turn, [False] * 7 + [True], Policy()) == 7


def test_speech_that_goes_on_is_told_of_in_steps() -> None:
    assert together(hearing().turn, [True] * 20, Policy()) == 8
    assert together(hearing().turn, [True, True, False], Policy()) == 2


@pytest.mark.parametrize(
    ("talk", "speech"),
    [(Talk(), True), (hearing(), False), (pausing(), False), (pausing(), True), (ducking(), True)],
)
def test_each_window_counts_that_may_decide_something(talk: Talk, *, speech: bool) -> None:
    assert together(talk.turn, [speech] * 20, Policy()) == 1


def test_each_window_counts_where_the_client_commits() -> None:
    assert together(Talk().turn, [False] * 20, Policy(detect=False)) == 1
