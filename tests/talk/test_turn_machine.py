"""What is true of every turn: any order of events that the session and the rules allow, any policy."""

from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from realtime.talk import endpoint
from realtime.talk.moves import (
    WINDOW_MS,
    Activity,
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
from realtime.talk.turn import Policy, Turn, advance

ACTIVITIES: tuple[Activity, ...] = get_args(Activity)
POLICIES = st.builds(
    Policy,
    detect=st.booleans() | st.just(True),
    respond=st.booleans() | st.just(True),
    interrupt=st.booleans() | st.just(True),
    graceful=st.booleans(),
    speculate=st.booleans() | st.just(True),
    live=st.booleans(),
    onset_ms=st.integers(0, 200),
    partial_ms=st.integers(64, 600),
    eager_ms=st.integers(0, 400),
    guess_ms=st.integers(0, 400),
    fresh_ms=st.integers(0, 600),
    endpoint_ms=st.integers(0, 700),
    attentive=st.booleans(),
    duck_ms=st.integers(0, 200),
    barge_in_ms=st.integers(100, 800),
    unduck_ms=st.integers(0, 400),
    unduck_late_ms=st.integers(0, 1200),
    help_ms=st.integers(0, 2000),
    rest_ms=st.integers(0, 2000),
    long_ms=st.integers(300, 3000),
    longest_ms=st.integers(500, 3000),
)

CUT_BY_SPEECH = StopReply("turn_detected")
REACTIONS = (OpenUtterance, TellStarted, CommitUtterance, HoldReply, OpenReply, StopReply)


def longest_wait_ms(policy: Policy) -> int:
    return max(policy.endpoint_ms, endpoint.LONGEST_MS) if policy.attentive else policy.endpoint_ms


def longest_ducked_ms(policy: Policy) -> int:
    """Of silence; a pause begins before it ends the ducking."""
    return max(policy.eager_ms + WINDOW_MS, policy.unduck_ms, policy.unduck_late_ms)


class AnyTurn(RuleBasedStateMachine):
    """Beside the turn, a model of the world that its effects act on: the ear, the mouth, the recogniser."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = Turn()
        self.policy = Policy()
        self.open = False  # an utterance
        self.ducked = False
        self.held = False
        self.announced = False  # a reply; it may not begin to sound before it is started
        self.started = False
        self.complete = False  # its response is done, and it may be playing still
        self.newest = 0  # recognition asked for
        self.under_way: list[int] = []  # recognitions of which news may come
        self.sure: set[int] = set()  # those of which news will come: the ear has given up the others
        self.of_open: set[int] = set()
        self.of_last: set[int] = set()  # of the utterance committed last
        self.due_on: set[int] = set()  # recognitions that make a reply owed if they find words
        self.owed = False  # words were committed, a reply is due, and nothing has excused it

    @initialize(policy=POLICIES)
    def begin(self, policy: Policy) -> None:
        self.policy = policy

    # what happens

    @rule(count=st.integers(1, 40))
    def speak(self, count: int) -> None:
        for _ in range(count):
            self._window("speech")

    @rule(count=st.integers(1, 30))
    def be_silent(self, count: int) -> None:
        for _ in range(count):
            self._window("silence")

    @rule(windows=st.lists(st.sampled_from(ACTIVITIES), max_size=30))
    def stammer(self, windows: list[Activity]) -> None:
        for heard in windows:
            self._window(heard)

    @rule(ms=st.integers(0, WINDOW_MS - 1))
    def a_window_has_begun(self, ms: int) -> None:
        before = self.turn
        if self._on(Remainder(ms)):
            assert before.ear == "pausing"
            assert self.turn.ear == "quiet"
            assert not before.ducked

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), empty=st.booleans(), word=st.booleans(), failed=st.booleans(), guess=st.booleans())
    def recognition_ends(
        self, data: st.DataObject, empty: bool, word: bool, failed: bool, guess: bool
    ) -> None:
        revision = data.draw(st.sampled_from(self.under_way))
        before = self.turn
        how = data.draw(st.sampled_from(list(endpoint.STRETCH)))
        guess = guess and not (empty or failed)
        news = Recognised(revision, empty and not failed, word, failed, how, guess=guess, guessed=guess)
        effects = self._recognised(news)
        if revision not in {self.newest} | before.awaited:
            assert not effects
            assert self.turn == before
        if not (before.ducked and word):
            assert CUT_BY_SPEECH not in effects

    @rule(revision=st.integers(), empty=st.booleans(), word=st.booleans())
    def a_stale_recognition_ends(self, revision: int, empty: bool, word: bool) -> None:
        if revision in self.under_way:
            return
        before = self.turn
        assert not self._on(Recognised(revision, empty, word))
        assert self.turn == before

    @rule()
    def client_commits(self) -> None:
        assert any(isinstance(effect, CommitUtterance) for effect in self._on(Committed()))

    @rule()
    def client_clears(self) -> None:
        assert ForgetUtterance() in self._on(Cleared())

    @precondition(lambda self: not self.announced or self.complete)
    @rule()
    def client_asks(self) -> None:
        effects = self._on(ReplyAsked())
        assert (StartReply() in effects) != (OpenReply() in effects)

    @precondition(lambda self: self.announced and not self.complete)
    @rule()
    def client_cancels(self) -> None:
        self.owed, self.due_on = False, set()
        assert StopReply("client_cancelled") in self._on(ReplyCancelled())
        assert not self.announced

    @rule()
    def client_leaves(self) -> None:
        self.owed, self.due_on = False, set()
        announced = self.announced
        effects = self._on(Left())
        assert announced == (StopReply("client_cancelled") in effects)
        assert self.turn.phase == "listening"

    @precondition(lambda self: self.started)
    @rule()
    def reply_sounds(self) -> None:
        assert not self._on(ReplySounded())

    @precondition(lambda self: self.started)
    @rule()
    def reply_is_complete(self) -> None:
        """Nothing that the turn need know, but the client may now ask for the next."""
        self.complete = True

    @precondition(lambda self: self.complete)
    @rule()
    def reply_is_over(self) -> None:
        self.announced = self.started = self.complete = False
        self._on(ReplyPlayed())

    @precondition(lambda self: not self.announced)
    @rule(event=st.sampled_from((ReplySounded(), ReplyPlayed(), ReplyCancelled())))
    def news_of_another_reply(self, event: Event) -> None:
        before = self.turn
        assert not self._on(event)
        assert self.turn == before

    @rule(policy=POLICIES)
    def client_configures(self, policy: Policy) -> None:
        self.policy = policy

    # what must be so

    @invariant()
    def the_turn_knows_its_world(self) -> None:
        assert self.turn.ducked == self.ducked
        assert (self.turn.mouth == "held") == self.held
        assert self.turn.replying == self.announced
        assert self.turn.ear == "quiet" or self.open
        assert not self.turn.ducked or self.turn.ear != "quiet"

    @invariant()
    def a_held_reply_waits_in_a_pause(self) -> None:
        assert not self.held or self.turn.ear == "pausing"

    @invariant()
    def an_announced_reply_begins_as_soon_as_its_words_are_known(self) -> None:
        if self.announced and not self.started:
            assert self.turn.awaited

    @invariant()
    def what_is_owed_is_waited_for(self) -> None:
        """Nothing owed is forgotten: it waits for words, for the learner, or for the reply before it."""
        if self.owed:
            assert self.turn.owing or self.held
            assert self.turn.awaited or self.turn.ear != "quiet" or self.turn.replying

    @invariant()
    def what_is_awaited_will_come(self) -> None:
        assert self.turn.awaited <= self.sure

    def teardown(self) -> None:
        """Left in peace, every talk comes to rest: bounded silence, all recognitions and replies ended."""
        policy = self.policy
        bound_ms = policy.eager_ms + longest_wait_ms(policy) + longest_ducked_ms(policy) + 4 * WINDOW_MS
        for _ in range(bound_ms // WINDOW_MS):
            self._window("silence")
        if self.policy.detect:
            assert self.turn.ear == "quiet"
        else:
            self._on(Committed())
        assert not self.turn.ducked
        assert not self.held
        for revision in sorted(self.sure):
            self._recognised(Recognised(revision))
        for _ in range(3):
            if self.announced:
                assert self.started
                self.announced = self.started = self.complete = False
                self._on(ReplyPlayed())
        assert self.turn.phase == "listening"
        assert not self.owed

    # how it is driven

    def _window(self, heard: Activity) -> None:
        before = self.turn
        effects = self._on(Window(heard))
        if CUT_BY_SPEECH in effects:  # the client may have forbidden it when the tutor had given way already
            assert self.policy.interrupt or before.ducked
        if not self.policy.detect:
            assert not any(isinstance(effect, REACTIONS) for effect in effects)
            assert Duck(on=True) not in effects
        else:
            self._is_bounded(before, speech=heard == "speech")

    def _is_bounded(self, before: Turn, *, speech: bool) -> None:
        """Whoever waits for the learner waits no longer than the policy says."""
        now, policy = self.turn, self.policy
        if speech and before.ear != "quiet":
            assert now.open_ms < policy.longest_ms
        if before.ducked and now.ducked:
            longest_ms = longest_ducked_ms(policy)
            assert now.speech_ms < policy.barge_in_ms if speech else now.silent_ms <= longest_ms
        elif not speech and now.ear == before.ear == "hearing":
            assert now.silent_ms < policy.eager_ms
        elif not speech and now.ear == before.ear == "pausing":
            assert now.silent_ms < longest_wait_ms(policy)

    def _recognised(self, news: Recognised) -> tuple[Effect, ...]:
        revision = news.revision
        self.under_way.remove(revision)
        self.owed = self.owed or (revision in self.due_on and not news.empty)
        self.due_on.discard(revision)
        effects = self._on(news)
        self.sure.discard(revision)
        return effects

    def _on(self, event: Event) -> tuple[Effect, ...]:
        before = self.turn
        self.turn, effects = advance(self.turn, event, self.policy)
        for effect in effects:
            self._carry_out(effect, event, before)
        return effects

    def _carry_out(self, effect: Effect, event: Event, before: Turn) -> None:
        match effect:
            case OpenUtterance(rejoin=rejoin):
                self._open_utterance(before, rejoin=rejoin)
            case TellStarted():
                assert self.open
            case Transcribe(revision=revision, whole=whole):
                assert whole or self.policy.live or self.turn.open_ms >= self.policy.long_ms
                self._transcribe(revision)
            case ForgetUtterance():
                self.sure -= self.of_open
                self.open, self.of_open = False, set()
            case CommitUtterance():
                self._commit(before, by_client=isinstance(event, Committed))
            case HoldReply():
                assert self.policy.speculate and self.policy.respond
                assert not self.held and not self.announced
                self.held = True
            case DropHeldReply():
                assert self.held
                self.held = False
            case OpenReply() | StartReply():
                self._reply(started=isinstance(effect, StartReply))
            case StopReply(reason=reason):
                self._stop(event, before, reason)
            case Duck(on=on):
                assert on != self.ducked
                self.ducked = on

    def _open_utterance(self, before: Turn, *, rejoin: bool) -> None:
        assert before.ear == "quiet" and self.policy.detect
        self.open, self.of_open = True, set()
        if rejoin:
            assert self.policy.graceful and before.mouth != "speaking"
            self.sure -= self.of_last
            self.due_on = set()

    def _transcribe(self, revision: int) -> None:
        assert revision == self.newest + 1
        self.newest = revision
        self.under_way.append(revision)
        self.sure = self.sure - self.of_open | {revision}
        self.of_open = {revision}

    def _commit(self, before: Turn, *, by_client: bool) -> None:
        assert self.open or by_client
        self.open, self.of_last, self.of_open = False, self.of_open, set()
        due = self.policy.respond and not by_client
        if self.newest in self.sure and self.newest in self.of_last:
            self.due_on |= {self.newest} if due else set()
        else:
            self.owed = self.owed or (due and before.content == "words")

    def _reply(self, *, started: bool) -> None:
        assert not self.announced or self.complete or (started and not self.started)
        assert not (started and self.turn.awaited)
        self.announced, self.started, self.complete = True, started, False
        self.owed, self.due_on = False, set()
        if started:
            self.held = False

    def _stop(self, event: Event, before: Turn, reason: str) -> None:
        assert self.announced
        assert (reason == "client_cancelled") == isinstance(event, ReplyCancelled | Left)
        self.announced = self.started = self.complete = False
        unheard = before.mouth in ("awaiting", "thinking") and not before.ducked
        if unheard and reason == "turn_detected":
            self.owed = self.owed or self.policy.respond


AnyTurn.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestAnyTurn = AnyTurn.TestCase
