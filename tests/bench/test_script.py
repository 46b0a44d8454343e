"""What learners are going to do."""

from itertools import pairwise

import pytest

from realtime.bench.script import HESITATION_MS, OVER_MS, REST_MS, plan


def test_six_turns_hold_all_kinds() -> None:
    for number in range(8):
        turns = plan(number, 6)
        assert sum(turn.over for turn in turns) == 2
        assert {turn.gaps_ms for turn in turns} == {(), (700,), (1200,), HESITATION_MS}
        assert sorted(turn.murmur for turn in turns) == ["", "", "", "", "backchannel", "cough"]


def test_nobody_begins_with_an_interruption_and_not_all_with_the_same() -> None:
    first = [plan(number, 1)[0] for number in range(8)]
    assert not any(turn.over for turn in first)
    assert len({turn.gaps_ms for turn in first}) == 4


def test_an_interruption_follows_no_murmur() -> None:
    turns = plan(0, 24)
    pairs = pairwise(turns)
    assert not any(later.over and earlier.murmur for earlier, later in pairs)


def test_the_same_learner_does_the_same() -> None:
    assert plan(3, 9) == plan(3, 9)
    assert plan(3, 9) != plan(4, 9)


@pytest.mark.parametrize("number", range(5))
def test_waits_are_within_their_bounds(number: int) -> None:
    for turn in plan(number, 30):
        least, most = OVER_MS if turn.over else REST_MS
        assert least <= turn.wait_ms <= most


def test_the_pauses_are_as_asked_for() -> None:
    assert {turn.gaps_ms for turn in plan(0, 6, (300, 2000))} == {(), (300,), (2000,), HESITATION_MS}


def test_each_turn_has_another_sentence() -> None:
    assert [turn.line for turn in plan(2, 3)] == [2, 3, 4]
