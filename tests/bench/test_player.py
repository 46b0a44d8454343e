"""What would be heard when, to the millisecond."""

import numpy as np
import pytest

from realtime.bench.diary import Hole, Reply
from realtime.bench.player import Player
from realtime.engines.protocols import VOICE_RATE, Samples


def sound(ms: int, value: int = 1000) -> Samples:
    return np.full(ms * VOICE_RATE // 1000, value, np.int16)


def player() -> tuple[Player, list[Reply]]:
    replies = list[Reply]()
    return Player(replies), replies


def test_audio_is_played_as_it_comes() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    one.take("r", "i", "", sound(100), 10.05)
    assert (replies[0].first_s, replies[0].ends_s) == (10.0, pytest.approx(10.2))
    assert replies[0].holes == []


def test_a_little_is_gathered_before_it_begins() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(20), 10.0)
    assert replies[0].first_s is None
    one.take("r", "i", "", sound(20), 10.03)
    assert (replies[0].first_s, replies[0].ends_s) == (10.03, pytest.approx(10.07))


def test_a_reply_that_is_shorter_than_that_is_played_at_its_end() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(20), 10.0)
    one.done("r", 10.01)
    assert replies[0].first_s == 10.01
    assert replies[0].sounds(10.02)
    assert not replies[0].sounds(10.04)


def test_running_dry_is_a_hole_when_it_goes_on() -> None:
    one, replies = player()
    one.take("r", "i", "1", sound(100), 10.0)
    one.take("r", "i", "1", sound(100), 10.25)
    assert replies[0].holes == [Hole(pytest.approx(150), inside=True)]
    assert replies[0].ends_s == pytest.approx(10.35)
    assert replies[0].sounds(10.2), "a hole is part of the reply"


def test_silence_between_two_clips_is_no_hole_inside_one() -> None:
    one, replies = player()
    one.take("r", "i", "1", sound(100), 10.0)
    one.take("r", "i", "2", sound(100), 10.25)
    one.take("r", "i", "2", sound(100), 10.40)
    assert replies[0].holes == [
        Hole(pytest.approx(150), inside=False),
        Hole(pytest.approx(50), inside=True),
    ]


def test_what_was_gathered_of_a_clip_is_played_before_the_next() -> None:
    one, replies = player()
    one.take("r", "i", "1", sound(20), 10.0)
    one.take("r", "i", "2", sound(100), 10.3)
    assert (replies[0].first_s, replies[0].ends_s) == (10.3, pytest.approx(10.42))


def test_what_was_gathered_of_a_reply_is_not_the_next_ones() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(20), 10.0)
    one.take("s", "j", "", sound(100), 10.3)
    assert (replies[0].first_s, replies[0].ends_s) == (10.3, pytest.approx(10.32))
    assert replies[1].first_s == pytest.approx(10.32)


def test_the_end_of_a_reply_is_no_hole() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    one.done("r", 10.01)
    one.take("s", "j", "", sound(100), 12.0)
    assert [reply.holes for reply in replies] == [[], []]
    assert replies[1].first_s == 12.0


def test_a_reply_waits_for_the_one_before() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    one.done("r", 10.01)
    one.take("s", "j", "", sound(100), 10.02)
    assert replies[1].first_s == pytest.approx(10.1)


def test_the_first_sound_that_can_be_heard_is_told() -> None:
    one, replies = player()
    one.take("r", "i", "", np.concatenate((sound(60, 3), sound(40))), 10.0)
    assert replies[0].first_s == 10.0
    assert replies[0].loud_s == pytest.approx(10.06)


def test_a_cut_ends_what_is_heard() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(1000), 10.0)
    assert one.cut("r", 10.4)
    one.take("r", "i", "", sound(1000), 10.5)
    assert replies[0].cut_s == 10.4
    assert one.sounding(10.45) is None
    assert one.played_ms(replies[0], 10.9) == 400
    one.take("s", "j", "", sound(100), 10.6)
    assert replies[1].first_s == 10.6


def test_what_has_been_heard_cannot_be_cut() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    one.done("r", 10.01)
    assert not one.cut("r", 10.2)
    assert not one.cut("other", 10.2)
    assert replies[0].cut_s is None


def test_the_playhead_counts_no_holes_and_nothing_that_waits() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    assert one.played_ms(replies[0], 10.05) == 50
    one.take("r", "i", "", sound(20), 10.3)
    assert one.played_ms(replies[0], 10.3) == 100
    one.take("r", "i", "", sound(100), 10.31)
    assert one.played_ms(replies[0], 10.36) == 150
    assert one.played_ms(replies[0], 20.0) == 220


def test_what_still_waited_when_it_was_cut_was_not_played() -> None:
    one, replies = player()
    one.take("r", "i", "", sound(100), 10.0)
    one.take("r", "i", "", sound(20), 10.3)
    assert one.cut("r", 10.31)
    assert one.played_ms(replies[0], 10.31) == 100
