"""What a client may say: the OpenAI Realtime GA events, and those that `tutor.v1` adds."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from realtime.wire.items import Item
from realtime.wire.model import Wire


class ClientEvent(Wire):
    event_id: str | None = Field(default=None, max_length=512)


class SessionUpdate(ClientEvent):
    """`session` stays a plain mapping: absent keys mean unchanged, so it is merged before it is validated."""

    type: Literal["session.update"] = "session.update"
    session: dict[str, Any]


class AudioAppend(ClientEvent):
    """base64 of audio in the session's input format."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class AudioCommit(ClientEvent):
    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class AudioClear(ClientEvent):
    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class OutputClear(ClientEvent):
    type: Literal["output_audio_buffer.clear"] = "output_audio_buffer.clear"


class ItemCreate(ClientEvent):
    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: Item
    previous_item_id: str | None = None


class ItemRetrieve(ClientEvent):
    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


class ItemDelete(ClientEvent):
    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class ItemTruncate(ClientEvent):
    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: int
    audio_end_ms: int = Field(ge=0)


class ResponseCreate(ClientEvent):
    type: Literal["response.create"] = "response.create"
    response: dict[str, Any] | None = None


class ResponseCancel(ClientEvent):
    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


# tutor.v1


class TutorPlayhead(ClientEvent):
    """How far the learner's ears have got in an item; sent every 100 ms while it plays."""

    type: Literal["tutor.playhead"] = "tutor.playhead"
    item_id: str
    played_ms: int = Field(ge=0, le=2**31)


class TutorSettings(ClientEvent):
    """Absent: unchanged. `lesson: ""` leaves the lesson; a lesson's id starts it from the beginning."""

    type: Literal["tutor.settings"] = "tutor.settings"
    lesson: str | None = None
    mother_tongue: Literal["en", "es"] | None = None
    level: Literal["A1", "A2", "B1"] | None = None
    patience: Literal["low", "medium", "high"] | None = None
    speech_rate: float | None = Field(default=None, ge=0.5, le=1.5)
    corrections: bool | None = None


class TutorHintRequest(ClientEvent):
    """Asks for the current step's hint, shown as a `tutor.hint` event."""

    type: Literal["tutor.hint"] = "tutor.hint"


class TutorAgainRequest(ClientEvent):
    """Asks for the tutor's last sentence once more, as it was said or slower; answered by `tutor.again`."""

    type: Literal["tutor.again"] = "tutor.again"
    slower: bool = False


class TutorResume(ClientEvent):
    """First event on a new connection: go on with a talk whose socket was cut. `session.created` of the new
    connection has been sent by then and its session is dropped; `tutor.resumed` or an error answers."""

    type: Literal["tutor.resume"] = "tutor.resume"
    session_id: str


class TutorForget(ClientEvent):
    """The learner has gone for good: the talk ends, nothing of it is kept, its connection is closed."""

    type: Literal["tutor.forget"] = "tutor.forget"


AnyClientEvent = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | OutputClear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | TutorPlayhead
    | TutorSettings
    | TutorHintRequest
    | TutorAgainRequest
    | TutorResume
    | TutorForget
)
client_event = TypeAdapter[AnyClientEvent](Annotated[AnyClientEvent, Field(discriminator="type")])
