"""Windows are told of together only where it comes to the same, but for when a recogniser is asked."""

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.talk.moves import WINDOW_MS, Activity, Effect, Window
from realtime.talk.turn import TOGETHER_MS, Policy, Turn, advance, together
from tests.talk.vocabulary import Talk, ducking, hearing, pausing, speaking, thinking

CALM = {"listening": Talk, "thinking": thinking, "speaking": speaking, "hearing": hearing}


ACTIVITIES: tuple[Activity, ...] = get_args(Activity)


def window(activity: Activity, count: int = 1) -> Window:
    return Window(activity, count * WINDOW_MS)


def one_by_one(turn: Turn, windows: list[Activity], policy: Policy) -> tuple[Turn, list[Effect]]:
    effects: list[Effect] = []
    for activity in windows:
        turn, more = advance(turn, window(activity), policy)
        effects += more
    return turn, effects


@given(
    phase=st.sampled_from(sorted(CALM)),
    windows=st.lists(st.sampled_from(ACTIVITIES), min_size=1, max_size=20),
    graceful=st.booleans(),
)
def test_together_comes_to_the_same_as_one_by_one(
    phase: str, windows: list[Activity], *, graceful: bool
) -> None:
    turn, policy = CALM[phase]().turn, Policy(graceful=graceful)
    count = together(turn, windows, policy)
    assert len(set(windows[:count])) == 1
    at_once, effects = advance(turn, window(windows[0], count), policy)
    assert (at_once, list(effects)) == one_by_one(turn, windows[:count], policy)


def test_a_recogniser_is_asked_hardly_later() -> None:
    policy = Policy(live=True)
    turn, asked_ms = hearing(policy).turn, list[int]()
    for ms in range(0, 4000, 8 * WINDOW_MS):
        turn, effects = advance(turn, Window("speech", 8 * WINDOW_MS), policy)
        turn = replace(turn, recognising=False)
        asked_ms += [ms] if effects else []
    assert {later - sooner for sooner, later in pairwise(asked_ms)} == {2 * TOGETHER_MS}


@pytest.mark.parametrize("phase", ["listening", "thinking", "speaking"])
def test_a_silence_in_which_nobody_spoke_is_one_event(phase: str) -> None:
    assert together(CALM[phase]().turn, ["silence"] * 20, Policy()) == 20
    assert together(CALM[phase]().turn, ["silence"] * 7 + ["speech"], Policy()) == 7
    assert together(CALM[phase]().turn, ["silence"] * 7 + ["sound"], Policy()) == 7


def test_speech_that_goes_on_is_told_of_in_steps() -> None:
    assert together(hearing().turn, ["speech"] * 20, Policy()) == 8
    assert together(hearing().turn, ["speech", "speech", "silence"], Policy()) == 2


@pytest.mark.parametrize(
    ("talk", "activity"),
    [
        (Talk(), "speech"),
        (hearing(), "silence"),
        (pausing(), "silence"),
        (pausing(), "speech"),
        (ducking(), "speech"),
        (ducking(), "sound"),
    ],
)
def test_each_window_counts_that_may_decide_something(talk: Talk, activity: Activity) -> None:
    assert together(talk.turn, [activity] * 20, Policy()) == 1


def test_each_window_counts_where_the_client_commits() -> None:
    assert together(Talk().turn, ["silence"] * 20, Policy(detect=False)) == 1
