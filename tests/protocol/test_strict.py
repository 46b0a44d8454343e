"""The strict reader refuses what a strict client would."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.protocol.strict import strict

STOPPED = {
    "type": "input_audio_buffer.speech_stopped",
    "event_id": "event_1",
    "audio_end_ms": 640,
    "item_id": "item_1",
}
PART = {
    "type": "response.content_part.added",
    "event_id": "event_1",
    "response_id": "resp_1",
    "output_index": 0,
    "item_id": "item_1",
    "content_index": 0,
    "part": {"type": "audio", "transcript": ""},
}
DUCK = {"type": "tutor.duck", "event_id": "event_1", "on": True}


def test_what_the_types_allow_is_read() -> None:
    assert strict(STOPPED).model_dump() == STOPPED
    strict(PART)
    strict(DUCK, tutor=True)


@pytest.mark.parametrize(
    "event",
    [
        {**STOPPED, "type": "input_audio_buffer.stopped"},
        {key: value for key, value in STOPPED.items() if key != "type"},
        {key: value for key, value in STOPPED.items() if key != "event_id"},
        {key: value for key, value in STOPPED.items() if key != "item_id"},
        {**STOPPED, "audio_end_ms": "640"},
        {**STOPPED, "mood": "good"},
        {**PART, "part": {"type": "output_audio", "transcript": ""}},
        {**PART, "part": {"type": "audio", "text": None}},
        {**PART, "part": {"type": "audio", "mood": "good"}},
        {"type": "response.created", "event_id": "event_1", "response": {"id": "resp_1"}},
        {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime"}},
        DUCK,
    ],
)
def test_what_a_strict_client_refuses(event: dict[str, Any]) -> None:
    with pytest.raises((AssertionError, ValidationError)):
        strict(event)


def test_tutor_events_are_read_as_strictly() -> None:
    with pytest.raises((AssertionError, ValidationError)):
        strict({**DUCK, "mood": "good"}, tutor=True)
