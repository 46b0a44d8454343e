"""Events to and from text frames."""

from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from realtime.errors import ProtocolError
from realtime.wire.client_events import AnyClientEvent, TutorPlayhead, client_event
from realtime.wire.server_events import Error, ErrorEvent, ServerEvent

SHORT = 1024  # characters: a playhead that is longer is read like all else


def decode(text: str | bytes) -> AnyClientEvent:
    """Raises ProtocolError, with the offending event's id where it could be read."""
    try:
        return client_event.validate_json(text)
    except ValidationError as error:
        raise _refusal(text, error) from None


def playhead(text: str) -> TutorPlayhead | None:
    """What the text says, if it is one: it comes ten times a second and need not wait its turn."""
    if len(text) > SHORT or "tutor.playhead" not in text:
        return None
    try:
        event = decode(text)
    except ProtocolError:
        return None  # who decodes it once more tells the client
    return event if isinstance(event, TutorPlayhead) else None


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


def field_path(error: ErrorDetails, whole: Any) -> str:
    """Where in `whole` the error is, without the steps of its location that only name a union's member."""
    steps: list[str] = []
    value = whole
    for step in error["loc"]:
        try:
            value = value[step]
        except (LookupError, TypeError):
            continue
        steps.append(str(step))
    if error["type"] == "missing":
        steps.append(str(error["loc"][-1]))
    elif error["type"].startswith("union_tag"):
        steps.append("type")
    return ".".join(steps)


def _refusal(text: str | bytes, invalid: ValidationError) -> ProtocolError:
    try:
        event = from_json(text)
    except ValueError as error:
        return ProtocolError("invalid_json", f"the frame cannot be read: {error}")
    if not isinstance(event, dict):
        return ProtocolError("invalid_event", "an event is a JSON object")
    given_id = cast(dict[str, Any], event).get("event_id")
    event_id = given_id if isinstance(given_id, str) else None
    first = invalid.errors(include_url=False, include_context=False)[0]
    param = field_path(first, event)
    match first["type"]:
        case "missing" | "union_tag_not_found":
            code = "missing_required_parameter"
        case "union_tag_invalid" if not first["loc"]:
            code = "unknown_event_type"
        case _:
            code = "invalid_value"
    return ProtocolError(code, f"{param}: {first['msg']}", param=param, event_id=event_id)
