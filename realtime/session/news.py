"""What reaches a session's inbox: from its client, its engines, its replies."""

from dataclasses import dataclass

import anyio

from realtime.errors import EngineError
from realtime.session.gather import Sound
from realtime.session.utterance import Utterance
from realtime.talk.tokens import Tokens
from realtime.talk.transcript import Transcript, Word
from realtime.wire.client_events import AnyClientEvent
from realtime.wire.link import Link, Outgoing
from realtime.wire.server_events import TutorFeedback


@dataclass(frozen=True, slots=True)
class Received:
    """An event or sound from the client."""

    message: AnyClientEvent | Sound


@dataclass(frozen=True, slots=True)
class Attached:
    """A client has connected; `back`: its socket was cut, and it goes on."""

    link: Link
    back: bool


@dataclass(frozen=True, slots=True)
class Detached:
    """The client has gone; it may come back."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody has spoken for as long as the configuration allows."""


@dataclass(frozen=True, slots=True)
class RecognitionEnded:
    utterance: Utterance
    revision: int
    whole: bool
    outcome: Transcript | EngineError


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was found in an utterance."""

    feedback: TutorFeedback


@dataclass(frozen=True, slots=True)
class Repeated:
    """A piece of what the tutor says again, unless its scope was cancelled."""

    scope: anyio.CancelScope
    message: Outgoing


# News of a reply, in the order in which it happens. `reply_id` tells late news of a reply that was stopped.


@dataclass(frozen=True, slots=True)
class ClipBegan:
    """`text` as it is to be joined to the text before."""

    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ClipCaptioned:
    reply_id: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class ClipSounded:
    """`pause`: it is the silence before the clip's words."""

    reply_id: str
    pcm: bytes
    pause: bool = False


@dataclass(frozen=True, slots=True)
class ClipEnded:
    reply_id: str


@dataclass(frozen=True, slots=True)
class TextWritten:
    """More text of a reply that is not spoken."""

    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallBegan:
    reply_id: str
    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class CallGrew:
    reply_id: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """All of it has been sent. `error` is what an engine failed with, `short`: a limit of tokens ended it."""

    reply_id: str
    error: EngineError | None = None
    short: bool = False
    usage: Tokens | None = None


@dataclass(frozen=True, slots=True)
class ReplyPlayed:
    """All of it has been heard."""

    reply_id: str


SpeechNews = ClipBegan | ClipCaptioned | ClipSounded | ClipEnded | TextWritten | CallBegan | CallGrew
ReplyNews = SpeechNews | ReplyEnded | ReplyPlayed
News = Received | Attached | Detached | Idle | RecognitionEnded | Corrected | Repeated | ReplyNews
