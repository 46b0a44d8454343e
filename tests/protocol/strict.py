"""A server event as a strict client reads it: openai's types, nothing unknown, missing or needlessly null."""

import json
from typing import Any, get_args

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from realtime.wire.server_events import AnyServerEvent

Tree = dict[str, Any]

_KNOWN: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(RealtimeServerEvent)[0])
}
_TUTOR = TypeAdapter[Any](AnyServerEvent)

# What the types leave open and clients lean on.
_ALWAYS = {
    "response": {
        "id",
        "object",
        "status",
        "status_details",
        "conversation_id",
        "output",
        "output_modalities",
        "audio",
        "max_output_tokens",
        "metadata",
        "usage",
    },
    "item": {"id", "object", "type", "status"},
    "session": {"id", "object", "type", "audio"},
    "realtime.session": {"output_modalities", "instructions", "tools", "tool_choice"},
    "error": {"type", "message"},
}
_MAY_BE_NULL = {
    *("previous_item_id", "transcript"),
    *("status_details", "conversation_id", "metadata", "usage"),
    *("code", "param", "event_id"),
    *("turn_detection", "transcription", "noise_reduction", "tracing", "include", "prompt"),
}
_SESSION_EXTRAS = {"id", "object", "expires_at"}  # the types know the session only as it is requested


def strict(event: Tree, *, tutor: bool = False) -> BaseModel:
    """The event, parsed; an AssertionError or ValidationError says what a strict client would refuse.

    `tutor`: the connection speaks tutor.v1, so its events may come too.
    """
    tag = event.get("type")
    assert isinstance(tag, str), f"an event without a type: {event}"
    assert event.get("event_id"), f"{tag} without an event_id"
    if tutor and tag.startswith("tutor."):
        parsed: BaseModel = _TUTOR.validate_json(json.dumps(event), strict=True)
        assert parsed.model_dump(mode="json") == event, f"{tag} holds what its model does not know"
        return parsed
    assert tag in _KNOWN, f"no client knows {tag!r}"
    for key in _ALWAYS.keys() & event.keys():
        always = _ALWAYS[key] | _ALWAYS.get(event[key].get("object"), set())
        assert always <= event[key].keys(), f"{tag}: {key} without {sorted(always - event[key].keys())}"
    _refuse_nulls(event, tag)
    parsed = _KNOWN[tag].model_validate_json(json.dumps(event), strict=True)
    _refuse_extras(parsed, tag)
    return parsed


def _refuse_nulls(value: object, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            assert inner is not None or key in _MAY_BE_NULL, f"{where}.{key} is null: leave it out"
            _refuse_nulls(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _refuse_nulls(inner, where)


def _refuse_extras(value: object, where: str) -> None:
    if isinstance(value, BaseModel):
        allowed = _SESSION_EXTRAS if where.endswith(".session") else set()
        unknown = set(value.model_extra or {}) - allowed
        assert not unknown, f"{where} holds {sorted(unknown)}, which no client knows"
        for key in type(value).model_fields:
            _refuse_extras(getattr(value, key), f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _refuse_extras(inner, where)
