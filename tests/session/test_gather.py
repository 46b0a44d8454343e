"""Frames are gathered while nothing hangs on each, and none is lost, late or out of order."""

import numpy as np
import pytest

from realtime.protocol.config import AudioFormat, LawFormat, PcmFormat
from realtime.session.gather import QUIET_MS, VOICED_MS, Gather, Mood, Sound
from realtime.session.session import REST_S, mood, rest_s
from tests.talk.vocabulary import Talk, ducking, hearing, pausing, speaking, thinking

RATE = 48_000
FORM = PcmFormat(rate=RATE)
FRAME_MS = 20


def frame(dbfs: float, seed: int = 0, constant: int = 0) -> bytes:
    sound = np.random.default_rng(seed).normal(constant, 32768 * 10 ** (dbfs / 20), RATE * FRAME_MS // 1000)
    return sound.astype(np.int16).tobytes()


def add(gather: Gather, frame: bytes) -> Sound | None:
    """What is taken up when the frame comes."""
    return None if gather.keeps(frame) else gather.take(frame)


def listening(form: AudioFormat = FORM) -> Gather:
    gather = Gather()
    gather.listen(form)
    return gather


def settled() -> Gather:
    """It has heard the room, and nobody speaks."""
    gather = listening()
    for number in range(3):
        add(gather, frame(-60, number))
    gather.mood = "idle"
    return gather


def taken(gather: Gather, frames: list[bytes]) -> list[Sound]:
    return [sound for each in frames if (sound := add(gather, each))]


def test_a_quiet_room_is_taken_up_in_larger_pieces() -> None:
    room, gather = [frame(-60, number) for number in range(64)], settled()
    sounds = taken(gather, room)
    assert {len(sound.pcm) * 500 / RATE for sound in sounds} == {QUIET_MS}
    assert all(sound.quiet for sound in sounds)
    assert b"".join(sound.pcm for sound in sounds) == b"".join(room)


def test_a_voice_takes_what_was_kept_along_at_once() -> None:
    gather, room, voice = settled(), [frame(-60, 1), frame(-60, 2)], frame(-40, 3)
    assert taken(gather, room) == []
    assert add(gather, voice) == Sound(b"".join(room) + voice, quiet=False)


def test_a_voice_that_begins_in_a_frame_that_is_passed_is_taken_up_with_the_next() -> None:
    gather, room, voice = settled(), frame(-60, 1), [frame(-40, 2), frame(-40, 3)]
    assert taken(gather, [room, voice[0]]) == []
    assert add(gather, voice[1]) == Sound(room + voice[0] + voice[1], quiet=False)


def test_a_microphone_with_a_constant_is_as_quiet() -> None:
    gather = settled()
    assert taken(gather, [frame(-60, number, constant=2000) for number in range(7)]) == []


def test_nothing_is_kept_where_each_window_may_decide_something() -> None:
    gather = settled()
    gather.mood = "alert"
    assert add(gather, frame(-60)) == Sound(frame(-60), quiet=False)


def test_a_loud_room_is_never_taken_for_quiet() -> None:
    gather = listening()
    gather.mood = "idle"
    sounds = taken(gather, [frame(-45, number) for number in range(20)])
    assert len(sounds) == 20
    assert not any(sound.quiet for sound in sounds)


def test_within_speech_frames_go_together() -> None:
    gather = settled()
    gather.mood = "hearing"
    sounds = taken(gather, [frame(-30, number) for number in range(24)])
    assert [len(sound.pcm) * 500 / RATE for sound in sounds] == [VOICED_MS, VOICED_MS]
    assert not any(sound.quiet for sound in sounds)


def test_the_end_of_speech_is_taken_up_at_once() -> None:
    gather, voice = settled(), frame(-30, 1)
    gather.mood = "hearing"
    assert add(gather, voice) is None
    assert add(gather, frame(-60, 2)) == Sound(voice + frame(-60, 2), quiet=False)


def test_what_is_kept_goes_before_whatever_follows() -> None:
    gather = settled()
    add(gather, frame(-60, 1))
    assert gather.take() == Sound(frame(-60, 1), quiet=True)
    assert gather.take() is None


def test_what_cannot_be_judged_is_passed_on() -> None:
    gather = settled()
    assert add(gather, b"\0\0\0") == Sound(b"\0\0\0", quiet=False)
    assert add(gather, b"") is None
    assert add(gather, b"\0\0" * 90) == Sound(b"\0\0" * 90, quiet=False)
    long = frame(-60) * 6
    assert add(gather, long) == Sound(long, quiet=False)
    gather.listen(LawFormat(type="audio/pcmu"))
    assert add(gather, b"\xff" * 160) == Sound(b"\xff" * 160, quiet=False)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (Talk(), "idle"),
        (thinking(), "idle"),
        (Talk().speak(32), "alert"),
        (hearing(), "hearing"),
        (hearing().silence(32), "alert"),
        (pausing(), "alert"),
        (speaking(), "idle"),
        (ducking(), "alert"),
    ],
)
def test_what_hangs_on_a_frame_is_what_the_turn_waits_for(talk: Talk, expected: Mood) -> None:
    assert mood(talk.turn) == expected


def resting(talk: Talk, *, hurried: bool = False, dbfs: float = -60) -> float:
    gather = settled()
    gather.mood = mood(talk.turn)
    for number in range(2):
        gather.keeps(frame(dbfs, number))
    return rest_s(gather, talk.turn, hurried=hurried)


def test_the_socket_rests_while_nobody_speaks_and_nothing_is_under_way() -> None:
    assert resting(Talk()) == REST_S
    assert resting(Talk(), dbfs=-40) == 0
    assert resting(hearing()) == 0
    assert resting(speaking()) == 0


def test_no_frame_is_late_where_a_reply_may_have_to_stop_or_there_is_a_hurry() -> None:
    assert resting(thinking()) == 0
    assert resting(Talk(), hurried=True) == 0
