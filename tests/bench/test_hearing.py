"""What a client does with the server's events."""

import base64
from typing import Any

import numpy as np
import pytest

from realtime.bench.diary import Diary
from realtime.bench.hearing import LOST_S, Hearing
from realtime.engines.protocols import VOICE_RATE

PCM = np.full(VOICE_RATE, 1000, np.int16).tobytes()  # 1 s
STARTED = {"type": "input_audio_buffer.speech_started", "item_id": "u"}
STOPPED = {"type": "input_audio_buffer.speech_stopped", "item_id": "u"}
COMMITTED = {"type": "input_audio_buffer.committed", "item_id": "u"}
CREATED = {"type": "response.created", "response": {"id": "r"}}
CLIP = {"type": "tutor.clip", "response_id": "r", "item_id": "i", "clip": 1, "text": ""}


def delta(pcm: bytes = PCM) -> dict[str, Any]:
    coded = base64.b64encode(pcm).decode()
    return {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": coded}


def done(status: str = "completed") -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": "r", "status": status}}


def ga() -> tuple[Hearing, Diary]:
    diary = Diary()
    return Hearing(diary, tutor=False), diary


def tutor() -> tuple[Hearing, Diary]:
    diary = Diary()
    return Hearing(diary, tutor=True), diary


def test_in_ga_speech_takes_back_what_plays_and_the_server_is_told_what_was_heard() -> None:
    hearing, diary = ga()
    hearing.take(delta(), 1.0)
    hearing.take(done(), 1.1)
    answer = hearing.take(STARTED, 1.4)
    assert answer == {
        "type": "conversation.item.truncate",
        "item_id": "i",
        "content_index": 0,
        "audio_end_ms": 400,
    }
    assert diary.replies[0].cut_s == 1.4


def test_in_ga_speech_in_silence_takes_nothing_back() -> None:
    hearing, diary = ga()
    hearing.take(delta(), 1.0)
    hearing.take(done(), 1.1)
    assert hearing.take(STARTED, 2.5) is None
    assert diary.replies[0].cut_s is None


def test_a_cancelled_response_is_cut_once() -> None:
    hearing, diary = ga()
    hearing.take(delta(), 1.0)
    assert hearing.take(STARTED, 1.4)
    assert hearing.take(done("cancelled"), 1.5) is None
    assert diary.replies[0].cut_s == 1.4


def test_in_tutor_v1_only_the_server_cuts() -> None:
    hearing, diary = tutor()
    hearing.take(CLIP, 1.0)
    hearing.take_sound(PCM, 1.0)
    assert hearing.take(STARTED, 1.2) is None
    assert hearing.take({"type": "tutor.duck", "on": True}, 1.3) is None
    answer = hearing.take(done("cancelled"), 1.5)
    assert answer == {"type": "tutor.playhead", "item_id": "i", "played_ms": 500}
    assert diary.replies[0].cut_s == 1.5
    assert diary.ducks_s == [1.3]


def test_ducking_that_ends_is_no_ducking() -> None:
    hearing, diary = tutor()
    hearing.take({"type": "tutor.duck", "on": False}, 1.0)
    assert diary.ducks_s == []


def test_in_tutor_v1_an_item_that_is_truncated_while_it_plays_is_cut() -> None:
    hearing, diary = tutor()
    hearing.take(CLIP, 1.0)
    hearing.take_sound(PCM, 1.0)
    hearing.take(done(), 1.1)
    truncated = {"type": "conversation.item.truncated", "item_id": "i"}
    assert hearing.take(truncated, 1.7) == {"type": "tutor.playhead", "item_id": "i", "played_ms": 700}
    assert diary.replies[0].cut_s == 1.7


def test_in_ga_the_answer_to_a_truncation_changes_nothing() -> None:
    hearing, diary = ga()
    hearing.take(delta(), 1.0)
    assert hearing.take({"type": "conversation.item.truncated", "item_id": "i"}, 1.2) is None
    assert diary.replies[0].cut_s is None


def playhead(item_id: str, played_ms: int) -> dict[str, Any]:
    return {"type": "tutor.playhead", "item_id": item_id, "played_ms": played_ms}


def test_the_playhead_is_told_while_something_plays_and_once_when_it_has_ended() -> None:
    hearing, _ = tutor()
    assert hearing.playheads(0.5) == []
    hearing.take(CLIP, 1.0)
    hearing.take_sound(PCM, 1.0)
    assert hearing.playheads(1.25) == [playhead("i", 250)]
    hearing.take(done(), 1.3)
    assert hearing.playheads(2.1) == [playhead("i", 1000)]
    assert hearing.playheads(2.2) == []


def test_the_end_of_a_reply_is_told_though_the_next_plays_already() -> None:
    hearing, _ = tutor()
    hearing.take(CLIP, 1.0)
    hearing.take_sound(PCM, 1.0)
    hearing.take(done(), 1.1)
    hearing.playheads(1.9)
    hearing.take(CLIP | {"response_id": "s", "item_id": "j"}, 1.95)
    hearing.take_sound(PCM, 1.95)
    assert hearing.playheads(2.1) == [playhead("i", 1000), playhead("j", 100)]


def test_a_cut_is_not_told_again() -> None:
    hearing, _ = tutor()
    hearing.take(CLIP, 1.0)
    hearing.take_sound(PCM, 1.0)
    hearing.playheads(1.1)
    assert hearing.take(done("cancelled"), 1.5)
    assert hearing.playheads(1.6) == []


def test_a_turn_ends_once() -> None:
    hearing, diary = ga()
    hearing.take(STOPPED, 1.0)
    hearing.take(COMMITTED, 1.1)
    assert diary.ended_s == {"u": 1.0}


def test_calm_is_when_nothing_sounds_and_nothing_is_to_come() -> None:
    hearing, _ = ga()
    assert hearing.is_calm(0.0)
    steps: list[tuple[dict[str, Any], bool]] = [
        (STARTED, False),
        (STOPPED, False),
        (CREATED, False),
        (delta(), False),
        (done(), False),
    ]
    for event, calm in steps:
        hearing.take(event, 1.0)
        assert hearing.is_calm(1.0) is calm
    assert hearing.is_calm(2.1), "it has been played"


@pytest.mark.parametrize("event", [STARTED, COMMITTED, CREATED])
def test_what_never_comes_is_not_waited_for(event: dict[str, Any]) -> None:
    hearing, _ = ga()
    hearing.take(event, 1.0)
    assert not hearing.is_calm(1.0 + LOST_S)
    assert hearing.is_calm(1.1 + LOST_S)


def test_errors_are_noted() -> None:
    hearing, diary = ga()
    hearing.take({"type": "error", "error": {"code": "server_full", "message": "no place"}}, 1.0)
    hearing.take(done("failed"), 1.0)
    hearing.take(delta(b"odd"), 1.0)
    hearing.take(delta() | {"delta": "%"}, 1.0)
    assert [error.split(":")[0] for error in diary.errors] == [
        "server_full",
        "a response failed",
        "audio that cannot be read",
        "audio that cannot be read",
    ]
    assert diary.replies == []
