"""Turn-taking: whose turn it is, and what to do about it. Pure; docs/turn.md holds the table.

A turn has two sides that move separately: the ear (is the learner speaking?) and the mouth (what has become
of the reply?). The design's phases are readings of the two. Time in speech is counted in received audio.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from realtime.talk.endpoint import Ending, faded, paused, wait_ms
from realtime.talk.moves import (
    WINDOW_MS,
    Activity,
    Brought,
    Cleared,
    Committed,
    CommitUtterance,
    DropHeldReply,
    Duck,
    Effect,
    Event,
    ForgetUtterance,
    HoldReply,
    Left,
    OfferHelp,
    OpenReply,
    OpenUtterance,
    Recognised,
    Remainder,
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

TOGETHER_MS = 256  # of speech are one event at most

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
    partial_ms: int = 480
    rest_ms: int = 1_000  # for no longer is a busy recogniser left alone
    long_ms: int = 8_000  # so much is recognised on the way though nobody reads along: its end is not to wait
    eager_ms: int = 64
    guess_ms: int = 96  # after so much silence the newest partial is taken for the whole,
    fresh_ms: int = 192  # if it lacks no more of the speech than that
    endpoint_ms: int = 500
    late_ms: int = 0  # voice activity still tells speech for so long after its end: taken off that wait
    attentive: bool = False  # the words so far stretch and shorten that wait
    pause_ms: int = 0  # so long are a learner's pauses believed to be before they are known
    duck_ms: int = 96
    lead_ms: int = 64  # so much of it may be sound without a voice, as of the S of "Stop"
    hiss_ms: int = 320  # no S is longer
    barge_in_ms: int = 600
    unduck_ms: int = 320
    unduck_late_ms: int = 1_000  # so long is waited for what was said under ducking
    help_ms: int = 20_000  # who speaks for so long and stops is offered help, not cut off
    longest_ms: int = 300_000  # an utterance ends here, finished or not


@dataclass(frozen=True, slots=True)
class Turn:
    ear: Ear = "quiet"
    mouth: Mouth = "silent"
    ducked: bool = False
    speech_ms: int = 0  # speech since the ear was last quiet
    sound_ms: int = 0  # somebody's sound right before it,
    hiss_ms: int = 0  # and what of that is a hiss, or follows upon one
    silent_ms: int = 0  # silence since the last speech
    fresh_ms: int = 0  # audio of the utterance that no recognition has covered
    revision: int = 0  # the newest recognition asked for
    recognising: bool = False  # that recognition is under way, and is of the utterance that is open
    guess: bool = False  # the newest partial's words may be all of the open utterance
    took_ms: int = 0  # audio received while it was under way: how busy the recogniser is
    content: Content = "unknown"  # what the whole of the open utterance was found to hold
    ending: Ending = "open"  # how the open utterance ends, by the words of that recognition
    pause_ms: float = 0  # how long the learner's pauses inside utterances are; 0: as the policy believes
    open_ms: int = 0  # audio since the utterance was opened
    helped: bool = False  # help was offered in that utterance
    awaited: frozenset[int] = frozenset()  # recognitions under way of what has been committed
    due: bool = False  # a reply is owed if one of the awaited recognitions finds words
    wanted: bool = False  # a reply is owed, and begins when nobody else speaks

    @property
    def phase(self) -> Phase:
        if self.ducked:
            return "ducking"
        if self.ear != "quiet":
            return self.ear
        if self.mouth == "speaking":
            return "speaking"
        return "thinking" if self.replying or self.owing else "listening"

    @property
    def replying(self) -> bool:
        """A reply has been announced to the client and is not over."""
        return self.mouth in ("awaiting", "thinking", "speaking")

    @property
    def owing(self) -> bool:
        """A reply may follow that has not been announced."""
        return self.due or self.wanted


Step = tuple[Turn, tuple[Effect, ...]]


def advance(turn: Turn, event: Event, policy: Policy) -> Step:
    """The next turn, and the effects to carry out in their order."""
    turn, effects = _take(turn, event, policy)
    return _reply_to(turn, effects) if _ready(turn) else (turn, effects)


def together(turn: Turn, windows: Sequence[Activity], policy: Policy) -> int:
    """How many of the next windows may be one event: those alike while nobody speaks, or somebody who is not
    interrupting goes on. No window then decides anything, but that a recogniser is asked again or that the
    utterance is too long: either may come TOGETHER_MS late."""
    first, speech = windows[0], windows[0] == "speech"
    calm = turn.ear == "hearing" and not turn.ducked if speech else turn.ear == "quiet"
    if not (calm and policy.detect):
        return 1
    most = min(len(windows), TOGETHER_MS // WINDOW_MS) if speech else len(windows)
    return next((count for count in range(1, most) if windows[count] != first), most)


def _ready(turn: Turn) -> bool:
    """A reply is owed, what it answers is known, and nobody else speaks."""
    if turn.awaited:
        return False
    return turn.mouth == "awaiting" or (turn.wanted and turn.mouth == "silent" and turn.ear == "quiet")


def _take(turn: Turn, event: Event, policy: Policy) -> Step:
    match event:
        case Window(heard="speech", ms=ms):
            return _speech(turn, ms, policy)
        case Window(heard=heard, ms=ms):
            return _silence(_led_in(turn, heard, ms), ms, policy)
        case Remainder(ms=ms):
            return _remainder(turn, ms, policy)
        case Recognised():
            return _recognised(turn, event, policy)
        case Committed():
            return _committed(turn, policy)
        case Brought(revision=revision):
            turn, drop = _drop_held(turn)
            return replace(turn, awaited=turn.awaited | {revision}), drop
        case Cleared():
            return _cleared(turn)
        case ReplyAsked():
            return _asked(turn)
        case ReplyCancelled():
            return _cancelled(turn)
        case Left():
            return _left(turn)
        case ReplySounded():
            return (replace(turn, mouth="speaking"), ()) if turn.mouth == "thinking" else (turn, ())
        case ReplyPlayed():
            return _played(turn)


def _speech(turn: Turn, ms: int, policy: Policy) -> Step:
    if turn.ear == "pausing":
        turn = _paused(turn, policy)
    speech_ms = turn.speech_ms + ms
    if not policy.detect:
        return _by_hand(replace(turn, speech_ms=speech_ms), ms, policy)
    if turn.ear == "quiet":
        return _maybe_onset(replace(turn, speech_ms=speech_ms), policy)
    turn = _longer(turn, ms, speech_ms=speech_ms, silent_ms=0)
    if turn.open_ms >= policy.longest_ms:  # nobody listens for ever: what was said so far is answered
        return _committed(turn, policy, due=policy.respond)
    effects: tuple[Effect, ...] = ()
    if turn.ear == "pausing":
        # The learner had only paused: the same utterance goes on, and what was made of it so far is stale.
        turn, effects = _drop_held(turn)
        turn = replace(turn, ear="hearing", recognising=False, content="unknown", ending="open", guess=False)
    if turn.ducked and turn.speech_ms >= policy.barge_in_ms:
        turn, cut = _cut_in(turn)
        effects += cut
    turn, partial = _maybe_partial(turn, policy)
    return turn, effects + partial


def _by_hand(turn: Turn, ms: int, policy: Policy) -> Step:
    """Push-to-talk: what voice activity had begun before it was turned off is the client's to end."""
    turn, drop = _drop_held(turn)
    turn, unduck = _unduck(turn)
    turn = _longer(turn, ms, speech_ms=turn.speech_ms, silent_ms=turn.silent_ms)
    turn, partial = _maybe_partial(replace(turn, ear="quiet", content="unknown"), policy)
    return turn, (*drop, *unduck, *partial)


def _longer(turn: Turn, ms: int, *, speech_ms: int, silent_ms: int) -> Turn:
    """The utterance by `ms`."""
    return replace(
        turn,
        speech_ms=speech_ms,
        silent_ms=silent_ms,
        fresh_ms=turn.fresh_ms + ms,
        open_ms=turn.open_ms + ms,
        took_ms=turn.took_ms + ms if turn.recognising else turn.took_ms,
    )


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
    if turn.speech_ms < (_duck_ms(turn, policy) if speaking else policy.onset_ms):
        return turn, ()
    ms = turn.speech_ms
    if not speaking and (turn.replying or turn.owing):  # the endpoint was false: that was a pause
        turn = _paused(turn, policy)
    opened = replace(turn, ear="hearing", recognising=False, content="unknown", fresh_ms=ms, open_ms=ms)
    opened = replace(opened, sound_ms=0, hiss_ms=0, silent_ms=0, guess=False)
    if not policy.interrupt or not (turn.replying or turn.owing):
        return opened, (OpenUtterance(), TellStarted())
    if speaking:
        return _speak_over(opened, policy)
    # Before the first sound of a reply, speech means that the endpoint was false: the reply is only put off.
    stop = (StopReply("turn_detected"),) if turn.replying else ()
    opened = replace(opened, mouth="silent", wanted=turn.wanted or (turn.replying and policy.respond))
    if policy.graceful:
        opened = replace(opened, awaited=frozenset(), due=False)
    return opened, (OpenUtterance(rejoin=policy.graceful), TellStarted(), *stop)


def _duck_ms(turn: Turn, policy: Policy) -> int:
    """A duck can be taken back: any sound hurries it. A cut cannot: only a hiss that became a voice does."""
    ducks = policy.graceful and policy.interrupt
    led_ms = turn.sound_ms if ducks else turn.hiss_ms if turn.hiss_ms <= policy.hiss_ms else 0
    return policy.duck_ms - min(led_ms, policy.lead_ms)


def _speak_over(turn: Turn, policy: Policy) -> Step:
    if policy.graceful:
        return replace(turn, ducked=True), (OpenUtterance(), Duck(on=True))
    return replace(turn, mouth="silent"), (OpenUtterance(), TellStarted(), StopReply("turn_detected"))


def _cut_in(turn: Turn) -> Step:
    """The learner means it: what began under ducking is an utterance."""
    turn = replace(turn, ducked=False, mouth="silent")
    return turn, (TellStarted(), StopReply("turn_detected"), Duck(on=False))


def _maybe_partial(turn: Turn, policy: Policy) -> Step:
    """A recogniser that took long is left alone for as long again: it has other learners."""
    wanted = policy.live or turn.open_ms >= policy.long_ms
    rested = turn.fresh_ms - turn.took_ms >= min(turn.took_ms, policy.rest_ms)
    due = rested and turn.fresh_ms >= policy.partial_ms
    if not (wanted and due and turn.speech_ms > 0) or turn.recognising:
        return turn, ()
    return _transcribe(turn, whole=False)


def _transcribe(turn: Turn, *, whole: bool) -> Step:
    revision = turn.revision + 1
    turn = replace(turn, revision=revision, recognising=True, content="unknown", fresh_ms=0, took_ms=0)
    return turn, (Transcribe(revision, whole),)


def _led_in(turn: Turn, heard: Activity, ms: int) -> Turn:
    """A sound may lead into speech, while nobody speaks; one that follows upon a hiss is on its way there."""
    if heard == "silence" or turn.ear != "quiet":
        return replace(turn, sound_ms=0, hiss_ms=0)
    hiss_ms = turn.hiss_ms + ms if heard == "hiss" or turn.hiss_ms else 0
    return replace(turn, sound_ms=turn.sound_ms + ms, hiss_ms=hiss_ms)


def _silence(turn: Turn, ms: int, policy: Policy) -> Step:
    silent_ms = turn.silent_ms + ms
    if not policy.detect:
        return _by_hand(replace(turn, silent_ms=silent_ms), ms, policy)
    if turn.ear == "quiet":
        return replace(turn, silent_ms=silent_ms, speech_ms=0), ()
    turn = _longer(turn, ms, speech_ms=turn.speech_ms, silent_ms=silent_ms)
    if turn.ear == "hearing":
        return _pause(turn, policy) if turn.silent_ms >= policy.eager_ms else (turn, ())
    if turn.ducked:
        return _resume(turn) if turn.silent_ms >= _unduck_ms(turn, policy) else (turn, ())
    if _has_waited(turn, turn.silent_ms, policy):
        return _endpoint(turn, policy)
    return _guess(turn, policy) if turn.guess and turn.silent_ms >= policy.guess_ms else (turn, ())


def _remainder(turn: Turn, ms: int, policy: Policy) -> Step:
    """It counts as silence: a voice in it is like one that comes a moment later."""
    waits = policy.detect and turn.ear == "pausing" and not turn.ducked
    if waits and _has_waited(turn, turn.silent_ms + ms, policy):
        return _endpoint(turn, policy)
    return turn, ()


def _has_waited(turn: Turn, silent_ms: int, policy: Policy) -> bool:
    return silent_ms + policy.late_ms >= _patience_ms(turn, policy)


def _pause(turn: Turn, policy: Policy) -> Step:
    long = policy.graceful and turn.open_ms >= policy.help_ms and not turn.helped and not turn.ducked
    fresh = not turn.recognising and turn.fresh_ms - turn.silent_ms <= policy.fresh_ms
    turn = replace(turn, ear="pausing", helped=turn.helped or long, guess=turn.guess and fresh)
    turn, transcribe = _transcribe(turn, whole=True)
    return turn, (*transcribe, OfferHelp()) if long else transcribe


def _guess(turn: Turn, policy: Policy) -> Step:
    """The whole is still being recognised, and will mostly be found to be what is known already."""
    turn = replace(turn, guess=False)
    return _hold(turn) if policy.speculate and _answerable(turn, policy) else (turn, ())


def _answerable(turn: Turn, policy: Policy) -> bool:
    """With words still to come there is more to answer."""
    return policy.respond and turn.mouth == "silent" and not turn.awaited


def _hold(turn: Turn) -> Step:
    return replace(turn, mouth="held"), (HoldReply(),)


def _unduck_ms(turn: Turn, policy: Policy) -> int:
    """What was said over the tutor may be a short "No, wait": the tutor goes on once that is known."""
    return policy.unduck_late_ms if turn.recognising else policy.unduck_ms


def _patience_ms(turn: Turn, policy: Policy) -> int:
    """Until the words are known, the wait is the one that was configured. A sound without words is the "um"
    of one who begins to speak: there is nothing to answer, and no hurry unless an answer waits for it."""
    if not policy.attentive or turn.content == "unknown" or (turn.content == "nothing" and turn.owing):
        return policy.endpoint_ms
    ending = turn.ending if turn.content == "words" else "hanging"
    return wait_ms(policy.endpoint_ms, ending, _pause_ms(turn, policy))


def _pause_ms(turn: Turn, policy: Policy) -> float:
    return turn.pause_ms or policy.pause_ms


def _paused(turn: Turn, policy: Policy) -> Turn:
    """The learner went on."""
    return replace(turn, pause_ms=paused(_pause_ms(turn, policy), turn.silent_ms + policy.late_ms))


def _resume(turn: Turn) -> Step:
    """A cough or an "mm-hm": the tutor goes on."""
    turn = replace(_quiet(turn), ducked=False)
    return turn, (ForgetUtterance(), Duck(on=False))


def _quiet(turn: Turn) -> Turn:
    return replace(
        turn,
        ear="quiet",
        speech_ms=0,
        sound_ms=0,
        hiss_ms=0,
        fresh_ms=0,
        open_ms=0,
        helped=False,
        recognising=False,
        guess=False,
        took_ms=0,
        content="unknown",
        ending="open",
    )


def _endpoint(turn: Turn, policy: Policy) -> Step:
    if turn.content != "nothing":
        turn = replace(turn, pause_ms=faded(_pause_ms(turn, policy)))
    if turn.mouth == "held" and turn.content == "words" and policy.respond:
        return _reply_to(_quiet(turn), (CommitUtterance(),))
    turn, drop = _drop_held(turn)
    return _over(turn, due=policy.respond), (*drop, CommitUtterance())


def _over(turn: Turn, *, due: bool) -> Turn:
    """The utterance has been committed; `due`: a reply is owed to it if it holds words."""
    ended = _quiet(turn)
    if turn.content == "unknown":
        return replace(ended, awaited=turn.awaited | {turn.revision}, due=turn.due or due)
    return replace(ended, wanted=turn.wanted or (due and turn.content == "words"))


def _reply_to(turn: Turn, before: tuple[Effect, ...] = ()) -> Step:
    return replace(turn, mouth="thinking", due=False, wanted=False), (*before, StartReply())


def _recognised(turn: Turn, news: Recognised, policy: Policy) -> Step:
    if news.revision in turn.awaited:
        awaited = turn.awaited - {news.revision}
        wanted = turn.wanted or (turn.due and not news.empty)
        return replace(turn, awaited=awaited, due=turn.due and bool(awaited), wanted=wanted), ()
    if news.revision != turn.revision or not turn.recognising:
        return turn, ()
    # A recogniser that refuses is too busy: it is left alone for longer.
    took_ms = max(turn.took_ms, policy.rest_ms) if news.failed else turn.took_ms
    turn = replace(turn, recognising=False, took_ms=took_ms)
    turn, cut = _cut_in(turn) if turn.ducked and news.word else (turn, ())
    if turn.ear != "pausing":
        return replace(turn, guess=turn.ear == "hearing" and news.guess), cut
    turn = replace(turn, content="nothing" if news.empty else "words", ending=news.ending, guess=False)
    turn, drop = (turn, ()) if news.guessed else _drop_held(turn)  # it was begun on other words
    hold: tuple[Effect, ...] = ()
    if policy.speculate and not news.empty and _answerable(turn, policy):
        turn, hold = _hold(turn)
    return turn, (*cut, *drop, *hold)


def _committed(turn: Turn, policy: Policy, *, due: bool = False) -> Step:
    turn, drop = _drop_held(turn)
    turn, unduck = _unduck(turn)
    if turn.content != "unknown":
        return _over(turn, due=due), (*drop, *unduck, CommitUtterance())
    if turn.speech_ms < policy.onset_ms:  # a button that was only tapped: recognisers find words in anything
        turn = replace(turn, content="nothing")
        return _over(turn, due=due), (*drop, *unduck, CommitUtterance(silent=True))
    turn, transcribe = _transcribe(turn, whole=True)
    return _over(turn, due=due), (*drop, *unduck, *transcribe, CommitUtterance())


def _cleared(turn: Turn) -> Step:
    turn, drop = _drop_held(turn)
    turn, unduck = _unduck(turn)
    return _quiet(turn), (*drop, *unduck, ForgetUtterance())


def _left(turn: Turn) -> Step:
    """Nobody is there to hear the reply or to end the utterance, and no reply begins that is still owed."""
    turn, stop = _cancelled(turn)
    turn, forget = _cleared(replace(turn, due=False, wanted=False))
    return turn, (*stop, *forget)


def _asked(turn: Turn) -> Step:
    turn, drop = _drop_held(turn)
    if turn.awaited:
        return replace(turn, mouth="awaiting", due=False, wanted=False), (*drop, OpenReply())
    return _reply_to(turn, drop)


def _cancelled(turn: Turn) -> Step:
    """The client wants silence: no reply that was still owed takes the place of this one."""
    if not turn.replying:
        return turn, ()
    forget: tuple[Effect, ...] = (ForgetUtterance(),) if turn.ducked else ()
    turn = _quiet(turn) if turn.ducked else turn
    turn, unduck = _unduck(turn)
    turn = replace(turn, mouth="silent", due=False, wanted=False)
    return turn, (StopReply("client_cancelled"), *unduck, *forget)


def _played(turn: Turn) -> Step:
    if turn.mouth not in ("thinking", "speaking"):
        return turn, ()
    turn = replace(turn, mouth="silent")
    if not turn.ducked:
        return turn, ()
    # There is nothing left to interrupt: what was heard is simply the learner's turn.
    turn, effects = replace(turn, ducked=False), (TellStarted(), Duck(on=False))
    if turn.ear != "pausing" or turn.content != "nothing":
        return turn, effects
    # Words of the tutor's own passed for its echo: an answer may be in them, too.
    turn, again = _transcribe(turn, whole=True)
    return turn, (*effects, *again)
