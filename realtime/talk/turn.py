"""Turn-taking: whose turn it is, and what to do about it. Pure; docs/turn.md holds the table.

A turn has two sides that move separately: the ear (is the learner speaking?) and the mouth (what has become
of the reply?). The design's phases are readings of the two. Time in speech is counted in received audio.
"""

from dataclasses import dataclass, replace
from typing import Literal

from realtime.talk.moves import (
    Cleared,
    Committed,
    CommitUtterance,
    DropHeldReply,
    Duck,
    Effect,
    Event,
    ForgetUtterance,
    HoldReply,
    OpenReply,
    OpenUtterance,
    Recognised,
    ReplyAsked,
    ReplyCancelled,
    ReplyPlayed,
    ReplySounded,
    StartReply,
    StopReply,
    TellStarted,
    Transcribe,
    Window,
)

WINDOW_MS = 32

Ear = Literal["quiet", "hearing", "pausing"]
Mouth = Literal["silent", "held", "awaiting", "thinking", "speaking"]
Phase = Literal["listening", "hearing", "pausing", "thinking", "speaking", "ducking"]
Content = Literal["unknown", "words", "nothing"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How long to wait, and what speech may do. One value per session setting; see `protocol.config`."""

    detect: bool = True  # off: push-to-talk, the client commits
    respond: bool = True  # an endpoint starts a reply
    interrupt: bool = True  # speech stops a reply
    graceful: bool = False  # tutor.v1: duck before cutting, join utterances over a false endpoint
    speculate: bool = True  # begin the reply inside the silence, held back until the endpoint
    live: bool = False  # the client is shown words while the learner speaks
    onset_ms: int = 64
    partial_ms: int = 500
    eager_ms: int = 96
    endpoint_ms: int = 500
    duck_ms: int = 128
    barge_in_ms: int = 600
    unduck_ms: int = 320
    longest_ms: int = 120_000  # an utterance ends here, finished or not


@dataclass(frozen=True, slots=True)
class Turn:
    ear: Ear = "quiet"
    mouth: Mouth = "silent"
    ducked: bool = False
    speech_ms: int = 0  # speech since the ear was last quiet
    silent_ms: int = 0  # silence since the last speech
    fresh_ms: int = 0  # audio of the utterance that no recognition has covered
    revision: int = 0  # the newest recognition asked for
    recognising: bool = False  # that recognition is under way
    content: Content = "unknown"  # what the whole utterance was found to hold
    open_ms: int = 0  # audio since the utterance was opened
    wanted: bool = False  # a committed utterance is owed a reply once its transcript is here

    @property
    def phase(self) -> Phase:
        if self.ducked:
            return "ducking"
        if self.ear != "quiet":
            return self.ear
        if self.wanted or self.mouth in ("awaiting", "thinking", "held"):
            return "thinking"
        return "speaking" if self.mouth == "speaking" else "listening"

    @property
    def replying(self) -> bool:
        """A reply has been announced to the client and is not over."""
        return self.mouth in ("awaiting", "thinking", "speaking")


Step = tuple[Turn, tuple[Effect, ...]]


def advance(turn: Turn, event: Event, policy: Policy) -> Step:
    """The next turn, and the effects to carry out in their order."""
    match event:
        case Window(speech=True):
            return _speech(turn, policy)
        case Window():
            return _silence(turn, policy)
        case Recognised():
            return _recognised(turn, event, policy)
        case Committed():
            return _committed(turn)
        case Cleared():
            return _cleared(turn)
        case ReplyAsked():
            return _asked(turn)
        case ReplyCancelled():
            return _cancelled(turn)
        case ReplySounded():
            return (replace(turn, mouth="speaking"), ()) if turn.mouth == "thinking" else (turn, ())
        case ReplyPlayed():
            return _played(turn)


def _speech(turn: Turn, policy: Policy) -> Step:
    turn = replace(turn, speech_ms=turn.speech_ms + WINDOW_MS, silent_ms=0)
    if not policy.detect:
        return _maybe_partial(_longer(turn), policy)
    if turn.ear == "quiet":
        return _maybe_onset(turn, policy)
    turn = _longer(turn)
    if turn.open_ms >= policy.longest_ms:
        return _too_long(turn, policy)
    effects: tuple[Effect, ...] = ()
    if turn.ear == "pausing":
        # The learner had only paused: the same utterance goes on, and what was made of it so far is stale.
        turn, effects = _drop_held(turn)
        turn = replace(turn, ear="hearing", recognising=False, content="unknown")
    if turn.ducked and turn.speech_ms >= policy.barge_in_ms:
        turn, cut = _cut_in(turn)
        effects += cut
    turn, partial = _maybe_partial(turn, policy)
    return turn, effects + partial


def _longer(turn: Turn) -> Turn:
    return replace(turn, fresh_ms=turn.fresh_ms + WINDOW_MS, open_ms=turn.open_ms + WINDOW_MS)


def _drop_held(turn: Turn) -> Step:
    if turn.mouth != "held":
        return turn, ()
    return replace(turn, mouth="silent"), (DropHeldReply(),)


def _unduck(turn: Turn) -> Step:
    if not turn.ducked:
        return turn, ()
    return replace(turn, ducked=False), (Duck(on=False),)


def _maybe_onset(turn: Turn, policy: Policy) -> Step:
    speaking = turn.mouth == "speaking"
    if turn.speech_ms < (policy.duck_ms if speaking else policy.onset_ms):
        return turn, ()
    ms = turn.speech_ms
    opened = replace(turn, ear="hearing", recognising=False, content="unknown", fresh_ms=ms, open_ms=ms)
    if not policy.interrupt or not (turn.replying or turn.wanted):
        return opened, (OpenUtterance(), TellStarted())
    if speaking and policy.graceful:
        return replace(opened, ducked=True), (OpenUtterance(), Duck(on=True))
    # Before the first sound of a reply, speech means that the endpoint was false.
    rejoin = policy.graceful and not speaking
    stop = (StopReply("turn_detected"),) if turn.replying else ()
    return replace(opened, mouth="silent", wanted=False), (OpenUtterance(rejoin), TellStarted(), *stop)


def _cut_in(turn: Turn) -> Step:
    """The learner means it: what began under ducking is an utterance."""
    turn = replace(turn, ducked=False, mouth="silent")
    return turn, (TellStarted(), StopReply("turn_detected"), Duck(on=False))


def _maybe_partial(turn: Turn, policy: Policy) -> Step:
    wanted = policy.live and turn.speech_ms > 0 and turn.fresh_ms >= policy.partial_ms
    if not wanted or turn.recognising:
        return turn, ()
    return _transcribe(turn, whole=False)


def _transcribe(turn: Turn, *, whole: bool) -> Step:
    revision = turn.revision + 1
    turn = replace(turn, revision=revision, recognising=True, content="unknown", fresh_ms=0)
    return turn, (Transcribe(revision, whole),)


def _silence(turn: Turn, policy: Policy) -> Step:
    turn = replace(turn, silent_ms=turn.silent_ms + WINDOW_MS)
    if not policy.detect:
        return _maybe_partial(_longer(turn), policy)
    if turn.ear == "quiet":
        return replace(turn, speech_ms=0), ()
    turn = _longer(turn)
    if turn.ducked:
        return _resume(turn) if turn.silent_ms >= policy.unduck_ms else (turn, ())
    if turn.ear == "hearing":
        if turn.silent_ms < policy.eager_ms:
            return turn, ()
        return _transcribe(replace(turn, ear="pausing"), whole=True)
    return _endpoint(turn, policy) if turn.silent_ms >= policy.endpoint_ms else (turn, ())


def _resume(turn: Turn) -> Step:
    """A cough or an "mm-hm": the tutor goes on."""
    turn = replace(_quiet(turn), ducked=False, recognising=False)
    return turn, (ForgetUtterance(), Duck(on=False))


def _quiet(turn: Turn) -> Turn:
    return replace(turn, ear="quiet", speech_ms=0, silent_ms=0, fresh_ms=0, open_ms=0)


def _endpoint(turn: Turn, policy: Policy) -> Step:
    ended = _quiet(turn)
    committed: tuple[Effect, ...] = (CommitUtterance(),)
    if turn.mouth == "awaiting":
        return _reply_to(ended, committed) if turn.content == "words" else (ended, committed)
    if not policy.respond or turn.content == "nothing":
        return ended, committed
    if turn.mouth == "held":
        return replace(ended, mouth="thinking"), (*committed, StartReply())
    if turn.content == "words":
        return _reply_when_free(ended, committed)
    return replace(ended, wanted=True), committed


def _too_long(turn: Turn, policy: Policy) -> Step:
    """Nobody listens for ever: what was said so far is answered."""
    turn, effects = _committed(turn)
    return replace(turn, wanted=policy.respond and turn.mouth != "awaiting"), effects


def _reply_to(turn: Turn, before: tuple[Effect, ...] = ()) -> Step:
    return replace(turn, mouth="thinking", wanted=False), (*before, StartReply())


def _reply_when_free(turn: Turn, before: tuple[Effect, ...] = ()) -> Step:
    """One reply at a time: one that speech may not stop is waited for."""
    return (replace(turn, wanted=True), before) if turn.replying else _reply_to(turn, before)


def _recognised(turn: Turn, news: Recognised, policy: Policy) -> Step:
    if news.revision != turn.revision or not turn.recognising:
        return turn, ()
    turn = replace(turn, recognising=False)
    if turn.ducked:
        return _cut_in(turn) if news.word else (turn, ())
    if turn.ear == "hearing":
        return turn, ()
    turn = replace(turn, content="nothing" if news.empty else "words")
    if turn.ear == "pausing":
        speculate = policy.speculate and policy.respond and turn.mouth == "silent" and not news.empty
        return (replace(turn, mouth="held"), (HoldReply(),)) if speculate else (turn, ())
    if turn.mouth == "awaiting":
        return _reply_to(turn)
    if not turn.wanted:
        return turn, ()
    return (replace(turn, wanted=False), ()) if news.empty else _reply_when_free(turn)


def _committed(turn: Turn) -> Step:
    known = turn.ear == "pausing" and turn.content != "unknown"
    turn, drop = _drop_held(turn)
    turn, unduck = _unduck(turn)
    turn = _quiet(turn)
    transcribe: tuple[Effect, ...] = ()
    if not known:
        turn, transcribe = _transcribe(turn, whole=True)
    return turn, (*drop, *unduck, *transcribe, CommitUtterance())


def _cleared(turn: Turn) -> Step:
    turn, drop = _drop_held(turn)
    turn, unduck = _unduck(turn)
    if not turn.wanted and turn.mouth != "awaiting":
        turn = replace(turn, recognising=False, content="unknown")
    return _quiet(turn), (*drop, *unduck, ForgetUtterance())


def _asked(turn: Turn) -> Step:
    turn, drop = _drop_held(turn)
    if turn.ear == "quiet" and turn.recognising:
        return replace(turn, mouth="awaiting", wanted=False), (*drop, OpenReply())
    return _reply_to(turn, drop)


def _cancelled(turn: Turn) -> Step:
    forget: tuple[Effect, ...] = (ForgetUtterance(),) if turn.ducked else ()
    turn = _quiet(turn) if turn.ducked else turn
    turn, unduck = _unduck(turn)
    return replace(turn, mouth="silent"), (StopReply("client_cancelled"), *unduck, *forget)


def _played(turn: Turn) -> Step:
    if not turn.replying:
        return turn, ()
    turn = replace(turn, mouth="silent")
    if turn.ducked:
        # There is nothing left to interrupt: what was heard is simply the learner's turn.
        return replace(turn, ducked=False), (TellStarted(), Duck(on=False))
    if turn.wanted and turn.content == "words" and turn.ear == "quiet":
        return _reply_to(turn)
    return turn, ()
