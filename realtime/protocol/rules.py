"""What a client event means: the event and what the session is like now -> what to do. Pure."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

import pybase64

from realtime.errors import ProtocolError
from realtime.protocol.config import Config, merged, restyled
from realtime.protocol.items import from_wire, to_wire
from realtime.protocol.request import Asked, asked
from realtime.talk import moves
from realtime.talk.conversation import (
    Call,
    Conversation,
    DuplicateItem,
    Entry,
    Message,
    Part,
    UnknownItem,
)
from realtime.talk.playback import Passage, Playback
from realtime.wire.client_events import (
    AnyClientEvent,
    AudioAppend,
    AudioClear,
    AudioCommit,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    ItemTruncate,
    OutputClear,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    TutorAgainRequest,
    TutorForget,
    TutorHintRequest,
    TutorPlayhead,
    TutorResume,
    TutorSettings,
)
from realtime.wire.items import InputAudio, Item, MessageItem
from realtime.wire.server_events import (
    Cleared,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemTruncated,
    ServerEvent,
)

SHORTEST_COMMIT_MS = 100
TutorEvent = TutorPlayhead | TutorSettings | TutorHintRequest | TutorAgainRequest | TutorResume | TutorForget
MOST_ITEMS = 1000  # that a client may bring into a conversation
LONGEST_ITEM = 200_000  # characters of text


@dataclass(frozen=True, slots=True)
class View:
    """What the rules may know of a session."""

    config: Config = field(default_factory=Config)
    conversation: Conversation = field(default_factory=Conversation)
    tutor: bool = False  # the tutor.v1 subprotocol
    response_id: str | None = None  # of the conversation's reply, while it is announced and not over
    asides: Container[str] = ()  # ids of the responses outside the conversation
    fresh: bool = True  # no audio has come yet
    playing_id: str | None = None  # the item of a reply whose response is done and that still plays
    buffered_ms: float = 0.0  # audio that a commit would take
    played: Mapping[str, Playback] = field(default_factory=dict[str, Playback])  # by item id
    listening: bool = True  # nobody speaks, and no reply is due


@dataclass(frozen=True, slots=True)
class Tell:
    event: ServerEvent


@dataclass(frozen=True, slots=True)
class Append:
    """Audio in the session's input format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Configure:
    config: Config


@dataclass(frozen=True, slots=True)
class Converse:
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class Bring:
    """Recorded speech, in the session's input format, of an item that the client makes.

    `known`: its words came with it.
    """

    item_id: str
    audio: bytes
    known: bool


@dataclass(frozen=True, slots=True)
class Happen:
    """Something for the turn to decide on."""

    event: moves.Event


@dataclass(frozen=True, slots=True)
class Ask:
    """A reply, in the conversation or aside."""

    asked: Asked


@dataclass(frozen=True, slots=True)
class CancelAside:
    response_id: str


@dataclass(frozen=True, slots=True)
class Show:
    """An item with its audio, as far as that is held."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Play:
    """The client's playhead."""

    item_id: str
    played_ms: int


@dataclass(frozen=True, slots=True)
class Hush:
    """The client has stopped playing the reply."""


@dataclass(frozen=True, slots=True)
class Prefer:
    """The learner's settings."""

    settings: TutorSettings


@dataclass(frozen=True, slots=True)
class GiveHint:
    pass


@dataclass(frozen=True, slots=True)
class Repeat:
    """What the tutor said last, once more."""

    item_id: str
    passage: Passage
    slower: bool


TutorAction = Play | Prefer | GiveHint | Repeat
Action = Tell | Append | Configure | Converse | Bring | Happen | Ask | CancelAside | Show | Hush | TutorAction


def apply(event: AnyClientEvent, view: View, new_id: Callable[[str], str]) -> list[Action]:
    """What the event asks for. Raises ProtocolError, and then nothing of it is done."""
    match event:
        case SessionUpdate():
            return [Configure(_updated(event, view))]
        case AudioAppend():
            return [Append(_decoded(event.audio))]
        case AudioCommit():
            return _commit(view)
        case AudioClear():
            return [Happen(moves.Cleared()), Tell(Cleared())]
        case ItemCreate():
            return _create(event, view, new_id)
        case ItemRetrieve():
            return [Show(_found(event.item_id, view, "item_retrieve_invalid_item_id"))]
        case ItemDelete():
            _found(event.item_id, view, "item_delete_invalid_item_id")
            gone = view.conversation.delete(event.item_id)
            return [Converse(gone), Tell(ItemDeleted(item_id=event.item_id))]
        case ItemTruncate():
            return _truncate(event, view)
        case ResponseCreate():
            return _ask(event, view, new_id)
        case ResponseCancel():
            return _cancel(event, view)
        case OutputClear():
            raise ProtocolError("invalid_event", "output_audio_buffer.clear is for WebRTC and SIP only")
        case _:
            return _tutor(event, view)


def _decoded(text: str) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        raise ProtocolError("invalid_base64", "audio is not valid base64", param="audio") from error


def checked(audio: bytes, config: Config) -> bytes:
    """Raises ProtocolError where the bytes cannot be whole samples."""
    if len(audio) % 2 and config.audio.input.format.type == "audio/pcm":
        message = f"PCM16 has two bytes a sample, and {len(audio)} bytes came"
        raise ProtocolError("invalid_audio_length", message, param="audio")
    return audio


def _commit(view: View) -> list[Action]:
    if view.buffered_ms < SHORTEST_COMMIT_MS:
        message = (
            f"buffer too small: {SHORTEST_COMMIT_MS} ms of audio are needed, {view.buffered_ms:.0f} are there"
        )
        raise ProtocolError("input_audio_buffer_commit_empty", message)
    return [Happen(moves.Committed())]


def _found(item_id: str, view: View, code: str) -> Entry:
    try:
        return view.conversation.find(item_id)
    except UnknownItem as error:
        raise ProtocolError(code, str(error), param="item_id") from error


def _create(event: ItemCreate, view: View, new_id: Callable[[str], str]) -> list[Action]:
    entry = from_wire(event.item, new_id("item"))
    _check_size(entry, view.conversation)
    try:
        grown = view.conversation.add(entry, event.previous_item_id)
    except DuplicateItem as error:
        raise ProtocolError("item_create_duplicate_item_id", str(error), param="item.id") from error
    except UnknownItem as error:
        code = "item_create_invalid_previous_item_id"
        raise ProtocolError(code, str(error), param="previous_item_id") from error
    before, item = grown.before(entry.id), to_wire(entry)
    return [
        *_brought(event.item, entry.id, view.config),
        Converse(grown),
        Tell(ItemAdded(previous_item_id=before, item=item)),
        Tell(ItemDone(previous_item_id=before, item=item)),
    ]


def _brought(item: Item, item_id: str, config: Config) -> list[Action]:
    """What was said in it, if it holds sound. First of what is done, because it may yet be refused."""
    parts = item.content if isinstance(item, MessageItem) else ()
    spoken = [part for part in parts if isinstance(part, InputAudio) and part.audio]
    audio = b"".join(checked(_decoded(part.audio or ""), config) for part in spoken)
    known = all(part.transcript is not None for part in spoken)
    return [Bring(item_id, audio, known)] if audio else []


def _check_size(entry: Entry, conversation: Conversation) -> None:
    """One client must not fill the memory that all share."""
    if len(conversation.entries) >= MOST_ITEMS:
        raise ProtocolError("conversation_full", f"a conversation holds at most {MOST_ITEMS} items")
    if isinstance(entry, Message):
        size = sum(len(part.text or "") for part in entry.parts)
    else:
        size = len(entry.arguments if isinstance(entry, Call) else entry.output)
    if size > LONGEST_ITEM:
        message = f"an item of {size} characters is over the limit of {LONGEST_ITEM}"
        raise ProtocolError("item_too_large", message, param="item")


def _truncate(event: ItemTruncate, view: View) -> list[Action]:
    entry = _found(event.item_id, view, "item_truncate_invalid_item_id")
    playback = view.played.get(event.item_id)
    spoken = isinstance(entry, Message) and any(part.kind == "output_audio" for part in entry.parts)
    if not spoken or playback is None:
        message = "only a spoken message of the assistant can be truncated"
        raise ProtocolError("item_truncate_invalid_item_type", message, param="item_id")
    if event.content_index != 0:
        raise ProtocolError("invalid_value", "content_index must be 0", param="content_index")
    if event.audio_end_ms > playback.sent_ms + 1:
        message = f"{event.audio_end_ms} ms is beyond the item's {playback.sent_ms:.0f} ms of audio"
        raise ProtocolError("item_truncate_invalid_audio_end_ms", message, param="audio_end_ms")
    cut = view.conversation.change(event.item_id, heard_only(playback, event.audio_end_ms))
    told = ItemTruncated(item_id=event.item_id, content_index=0, audio_end_ms=event.audio_end_ms)
    hush = [Hush()] if event.item_id == view.playing_id else []
    return [*hush, Converse(cut), Tell(told)]


def heard_only(playback: Playback, until_ms: float) -> Callable[[Entry], Entry]:
    """Cuts a tutor's message to the text that was heard by then."""

    def cut(entry: Entry) -> Entry:
        if not isinstance(entry, Message):
            return entry
        return Message(entry.id, entry.role, (Part("output_audio", playback.heard(until_ms)),), "incomplete")

    return cut


def _ask(event: ResponseCreate, view: View, new_id: Callable[[str], str]) -> list[Action]:
    if view.config.transcribes_only:
        raise ProtocolError("invalid_event", "a transcription session gives no responses", param="type")
    wanted = asked(view.config, event.response, view.conversation, new_id, tutor=view.tutor)
    if view.response_id is not None and not wanted.aside:
        message = f"the conversation already has an active response: {view.response_id}"
        raise ProtocolError("conversation_already_has_active_response", message)
    return [Ask(wanted)]


def _cancel(event: ResponseCancel, view: View) -> list[Action]:
    if event.response_id is not None and event.response_id in view.asides:
        return [CancelAside(event.response_id)]
    if view.response_id is None or event.response_id not in (None, view.response_id):
        raise ProtocolError("response_cancel_not_active", "Cancellation failed: no active response found")
    return [Happen(moves.ReplyCancelled())]


def _updated(event: SessionUpdate, view: View) -> Config:
    """A session's type is settled by its first audio or item."""
    base = view.config
    if view.fresh and not view.conversation.entries:
        base = restyled(base, event.session.get("type"))
    return merged(base, event.session, tutor=view.tutor)


def _tutor(event: TutorEvent, view: View) -> list[Action]:
    if not view.tutor:
        raise ProtocolError("invalid_event", f"{event.type} needs the subprotocol tutor.v1", param="type")
    match event:
        case TutorPlayhead():
            return [Play(event.item_id, event.played_ms)]
        case TutorSettings():
            return [Prefer(event)]
        case TutorHintRequest():
            return [GiveHint()]
        case TutorAgainRequest():
            return [_repeat(event, view)]
        case TutorResume():
            message = "a talk is resumed by the first event of a connection"
            raise ProtocolError("invalid_event", message, param="type")
        case TutorForget():
            return []  # who keeps the talks has ended this one before it got here


def _repeat(event: TutorAgainRequest, view: View) -> Repeat:
    if not view.listening:
        raise ProtocolError("floor_taken", "somebody is speaking, or a reply is due")
    for entry in reversed(view.conversation.entries):
        playback = view.played.get(entry.id)
        passage = playback.last_sentence() if playback else None
        if passage:
            return Repeat(entry.id, passage, event.slower)
    raise ProtocolError("nothing_to_repeat", "nothing that the tutor said has been heard")
