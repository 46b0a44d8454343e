"""Events to and from text frames."""

import json
from typing import Any, cast

from pydantic import ValidationError

from realtime.errors import ProtocolError
from realtime.wire.client_events import AnyClientEvent, client_event
from realtime.wire.server_events import Error, ErrorEvent, ServerEvent


def decode(text: str | bytes) -> AnyClientEvent:
    """Raises ProtocolError, with the offending event's id where it could be read."""
    try:
        return client_event.validate_json(text)
    except ValidationError as error:
        raise _refusal(text, error) from None


def encode(event: ServerEvent, event_id: str) -> str:
    return event.model_copy(update={"event_id": event_id}).model_dump_json()


def told(error: ProtocolError, event_id: str | None = None) -> ErrorEvent:
    """The wire form of a refusal; `event_id` names the client event that caused it."""
    return ErrorEvent(
        error=Error(
            type=error.kind,
            code=error.code,
            message=str(error),
            param=error.param,
            event_id=error.event_id or event_id,
        )
    )


def _refusal(text: str | bytes, invalid: ValidationError) -> ProtocolError:
    first = invalid.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return ProtocolError("invalid_json", f"the frame cannot be read: {first['msg']}")
    event = json.loads(text)
    if not isinstance(event, dict):
        return ProtocolError("invalid_event", "an event is a JSON object")
    fields = cast(dict[str, Any], event)
    given_id = fields.get("event_id")
    event_id = given_id if isinstance(given_id, str) else None
    match first["type"]:
        case "union_tag_not_found":
            code, param = "missing_required_parameter", "type"
        case "union_tag_invalid":
            code, param = "unknown_event_type", "type"
        case "missing":
            code, param = "missing_required_parameter", _path(first["loc"])
        case _:
            code, param = "invalid_value", _path(first["loc"])
    return ProtocolError(code, f"{param}: {first['msg']}", param=param, event_id=event_id)


def _path(loc: tuple[int | str, ...]) -> str:
    """The first step of a location is the event's type, which the client knows."""
    return ".".join(str(step) for step in loc[1:])
