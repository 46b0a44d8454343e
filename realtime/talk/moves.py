"""What can happen in a turn, and what can be done about it: frozen values, nothing more."""

from dataclasses import dataclass
from typing import Literal

from realtime.talk.endpoint import Ending

StopReason = Literal["turn_detected", "client_cancelled"]
# What the learner makes heard. Sound that is no speech may be how a word begins; a hiss mostly is one, an S.
Activity = Literal["speech", "sound", "hiss", "silence"]
WINDOW_MS = 32

# What happens. `reply` names the conversation's reply; news of another one changes nothing.


@dataclass(frozen=True, slots=True)
class Window:
    """One of received audio, or several that are alike."""

    heard: Activity
    ms: int = WINDOW_MS


@dataclass(frozen=True, slots=True)
class Remainder:
    """So much audio was received after the last window; it makes no whole one yet."""

    ms: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """A recognition has ended; `word` says that it holds a word that is more than a backchannel, `ending` how
    the utterance ends if it ends there. `guess`, of a part: it may hold all the words that there are.
    `guessed`, of the whole: it holds those of the last such part."""

    revision: int
    empty: bool = False
    word: bool = False
    failed: bool = False
    ending: Ending = "open"
    guess: bool = False
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """The client ends the utterance itself (push-to-talk)."""


@dataclass(frozen=True, slots=True)
class Brought:
    """The client has put speech into the conversation; `revision`: its recognition, numbered from -1 down."""

    revision: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """The client throws its audio away."""


@dataclass(frozen=True, slots=True)
class ReplyAsked:
    """The client asks for a reply (response.create)."""


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The client cancels the reply (response.cancel)."""


@dataclass(frozen=True, slots=True)
class Left:
    """The client has gone."""


@dataclass(frozen=True, slots=True)
class ReplySounded:
    """The reply's first audio, or in a text session its first text, has left."""


@dataclass(frozen=True, slots=True)
class ReplyPlayed:
    """The reply is complete and has been heard, or has failed."""


Event = (
    Window
    | Remainder
    | Recognised
    | Committed
    | Brought
    | Cleared
    | ReplyAsked
    | ReplyCancelled
    | Left
    | ReplySounded
    | ReplyPlayed
)


# What to do about it, in order.


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """Keep the audio from here on, with its pre-roll; `rejoin` takes back the utterance committed last."""

    rejoin: bool = False


@dataclass(frozen=True, slots=True)
class TellStarted:
    """Tell the client that the learner speaks."""


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise what is not yet committed; `whole` when the utterance may end here."""

    revision: int
    whole: bool


@dataclass(frozen=True, slots=True)
class ForgetUtterance:
    """It was nothing: give its audio up."""


@dataclass(frozen=True, slots=True)
class CommitUtterance:
    """The utterance is an item of the conversation now; `silent`: with nothing in it to recognise."""

    silent: bool = False


@dataclass(frozen=True, slots=True)
class HoldReply:
    """Begin the reply to what was heard so far, and let nothing of it be seen."""


@dataclass(frozen=True, slots=True)
class DropHeldReply:
    """The learner went on: end the held reply, unseen."""


@dataclass(frozen=True, slots=True)
class OpenReply:
    """Announce a reply whose transcript is still to come."""


@dataclass(frozen=True, slots=True)
class StartReply:
    """Let the held reply out, or begin one now; announce it unless OpenReply did."""


@dataclass(frozen=True, slots=True)
class StopReply:
    """End the reply, wait for its end, cut the conversation to what was heard."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class Duck:
    on: bool


@dataclass(frozen=True, slots=True)
class OfferHelp:
    """The learner has had the floor for long and has stopped: show how to go on or to end."""


Effect = (
    OpenUtterance
    | TellStarted
    | Transcribe
    | ForgetUtterance
    | CommitUtterance
    | HoldReply
    | DropHeldReply
    | OpenReply
    | StartReply
    | StopReply
    | Duck
    | OfferHelp
)
