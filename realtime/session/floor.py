"""Who has the floor: the turn's decisions, carried out.

Whatever happens in a talk is put to the pure turn; the effects that come back are done here, in their order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup

from realtime import metrics
from realtime.engines.protocols import Samples, Synthesizer
from realtime.errors import EngineError
from realtime.protocol.config import ServerVad
from realtime.protocol.request import Asked
from realtime.protocol.response import ResponseWire
from realtime.session.again import Again
from realtime.session.asides import Asides
from realtime.session.author import Author
from realtime.session.corrector import Corrector, Heard
from realtime.session.course import Course, LessonMove, remarks
from realtime.session.ear import Ear
from realtime.session.mouth import Mouth
from realtime.session.news import (
    Corrected,
    Idle,
    RecognitionEnded,
    Repeated,
    ReplyEnded,
    ReplyNews,
    ReplyPlayed,
)
from realtime.session.pace import ClockPace, PlayheadPace
from realtime.session.reply import Delivery, Mark, Reply
from realtime.session.shared import Post, Shared, new_id
from realtime.session.speech import Speech
from realtime.session.stages import Stage, Stages
from realtime.session.utterance import Utterance
from realtime.settings import Talk
from realtime.talk import moves
from realtime.talk.conversation import Entry, Message, Part
from realtime.talk.playback import Passage
from realtime.talk.transcript import Transcript, Word
from realtime.talk.turn import Policy, Turn, advance

# After these what the tutor says again is no longer listened to.
TAKES_THE_FLOOR = (moves.OpenUtterance, moves.ForgetUtterance, moves.OpenReply, moves.StartReply)


class Floor:
    """`tasks` is the session's task group: replies live in it; `post` takes their news."""

    def __init__(
        self,
        shared: Shared,
        ear: Ear,
        course: Course,
        author: Author,
        voice: Synthesizer,
        talk: Talk,
        tasks: TaskGroup,
        post: Post,
    ) -> None:
        self.turn = Turn()
        self.mouth = Mouth(shared)
        self.asides = Asides(shared.tell)
        self.again = Again(shared, tasks, post, talk.lead_ms)
        self._corrector = Corrector(tasks, post)
        self._shared = shared
        self._ear = ear
        self._course = course
        self._author = author
        self._voice = voice
        self._talk = talk
        self._tasks = tasks
        self._post = post
        self._asked: Asked | None = None  # what the reply that is about to begin was asked for
        self._idle = anyio.CancelScope()
        self._said: dict[str, Utterance] = {}  # by item, until it is answered

    # what happens

    async def happen(self, event: moves.Event) -> None:
        if self.turn.phase != "listening":
            self._idle.cancel()
        speech_ms = self.turn.speech_ms
        if isinstance(event, moves.Window) and event.heard == "speech":
            speech_ms += event.ms
        self.turn, effects = advance(self.turn, event, self._policy(event))
        if any(isinstance(effect, TAKES_THE_FLOOR) for effect in effects):
            self.again.stop()
        by_voice = isinstance(event, moves.Window | moves.Remainder)
        for effect in effects:
            await self._carry_out(effect, speech_ms, by_voice=by_voice)

    def _policy(self, event: moves.Event) -> Policy:
        """Where the engines are behind, none of their time goes into a reply that may be dropped."""
        policy, talk = self._shared.policy, self._talk
        guesses = self.turn.guess and self.turn.ear == "pausing"
        if not (isinstance(event, moves.Recognised) or guesses):
            return policy
        room = self._shared.demand.spares(talk.speculate_below, anyio.current_time())
        return policy if talk.speculate and room else replace(policy, speculate=False)

    async def ask(self, asked: Asked) -> None:
        """The client asks for a reply, in the conversation or aside."""
        if asked.aside:
            speech = self._new_speech(asked)
            await self.asides.open(speech)
            self._speak(speech, None, self._shared.conversation.entries).release()
            return
        self._asked = asked
        await self.happen(moves.ReplyAsked())

    async def bring(self, item_id: str, samples: Samples) -> None:
        """An item with speech in it: a reply to it waits for its transcript."""
        revision = self._ear.bring(item_id, samples, self._course.expected())
        await self.happen(moves.Brought(revision))

    async def hush(self) -> None:
        """The client has stopped playing the reply."""
        await self.mouth.hush()
        await self.happen(moves.ReplyPlayed())

    def repeat(self, item_id: str, passage: Passage, *, slower: bool) -> None:
        """The client asks for what the tutor said last."""
        self._count_silence(self.again.say(item_id, passage, slower=slower))

    async def take(self, news: RecognitionEnded | ReplyNews | Corrected | Repeated | Idle) -> None:
        match news:
            case RecognitionEnded(outcome=Transcript() as heard):
                news = replace(news, outcome=self._course.spelled(heard))
                await self.happen(await self._ear.take(news, self.mouth.text if self.turn.ducked else ""))
            case RecognitionEnded():
                self._blame(news.outcome)
                await self.happen(await self._ear.take(news))
            case Corrected(feedback=feedback):
                if self._shared.holds(feedback.item_id):
                    await self._shared.tell_tutor(feedback)
            case Repeated():
                await self.again.take(news)
            case Idle():
                await self._prompt()
            case ReplyPlayed(reply_id=reply_id):
                if await self.mouth.finish(reply_id):
                    await self.happen(moves.ReplyPlayed())
                    self._count_silence()
            case _ if news.reply_id in self.asides:
                await self.asides.take(news)
            case ReplyEnded():
                self._blame(news.error)
                await self.mouth.complete(news)
            case _:
                if await self.mouth.take(news):
                    self._ear.settle()
                    await self.happen(moves.ReplySounded())
                    self._correct()

    def _blame(self, outcome: Transcript | EngineError | None) -> None:
        if isinstance(outcome, EngineError):
            self._shared.demand.fail(outcome, anyio.current_time())

    # what the turn decides

    async def _carry_out(self, effect: moves.Effect, speech_ms: int, *, by_voice: bool) -> None:
        match effect:
            case moves.OpenUtterance(rejoin=rejoin):
                await self._ear.open(speech_ms, rejoin=rejoin)
            case moves.TellStarted():
                await self._ear.announce()
            case moves.Transcribe(revision=revision, whole=whole):
                self._ear.transcribe(revision, whole=whole, expected=self._course.expected())
            case moves.ForgetUtterance():
                self._ear.forget()
            case moves.CommitUtterance(silent=silent):
                await self._commit(by_voice=by_voice, silent=silent)
            case moves.HoldReply():
                self._hold()
            case moves.DropHeldReply():
                await self._drop_held()
            case moves.OpenReply():
                await self.mouth.retire()
                self.mouth.speech = self._new_speech(self._take_asked())
                self._cue(self.mouth.speech)
                await self.mouth.announce(self.mouth.speech)
            case moves.StartReply():
                await self._start()
            case moves.StopReply(reason=reason):
                await self._stop(reason)
            case moves.Duck(on=on):
                await self.mouth.duck(on=on)
            case moves.OfferHelp():
                await self._shared.tell_tutor(self._course.help())

    async def _commit(self, *, by_voice: bool, silent: bool) -> None:
        """A held reply that was begun on what is no longer so is dropped: the start begins another."""
        held = self.mouth.speech
        stale = held is not None and not held.announced and held.version != self._shared.version
        if stale:
            await self._drop_held()
        unanswered = {entry.id for entry in self._unanswered()}
        self._ear.heard = {id: heard for id, heard in self._ear.heard.items() if id in unanswered}
        self._said = {id: said for id, said in self._said.items() if id in unanswered}
        silent_ms = self._ear.ago_ms(self.turn.silent_ms + self._shared.policy.late_ms) if by_voice else None
        rejoinable = self._shared.policy.graceful and self._shared.policy.respond
        said = await self._ear.commit(rejoinable=rejoinable, silent=silent)
        said.cue.end(silent_ms)
        self._said[said.item_id] = said

    async def _drop_held(self) -> None:
        metrics.held_replies.labels("dropped").inc()
        await self.mouth.drop()

    def _hold(self) -> None:
        utterance = self._ear.utterance
        speech = self._new_speech(self._take_asked())
        speech.held, speech.version = True, self._shared.version
        self.mouth.speech = speech
        if utterance is not None:
            transcript = utterance.transcript or utterance.guess
            heard = self._heard_and(transcript) if transcript else None
            words = utterance.text if utterance.transcript else transcript and transcript.text
            said = Message(utterance.item_id, "user", (Part("input_audio", words),))
            self._speak(speech, heard, (*self._shared.conversation.entries, said))

    async def _start(self) -> None:
        await self.mouth.retire()
        speech = self.mouth.speech or self._new_speech(self._take_asked())
        self.mouth.speech = speech
        self._cue(speech)
        if speech.plan is None:
            self._speak(speech, self._heard_and(None), self._shared.conversation.entries)
        if speech.plan is None or speech.reply is None:
            return
        speech.to_correct = tuple(self._to_correct(speech.plan.move))
        if speech.plan.move:
            await self._go_on(speech.plan.move)
        if speech.held:
            metrics.held_replies.labels("released").inc()
        await self.mouth.announce(speech)
        speech.reply.release()

    async def _go_on(self, move: LessonMove) -> None:
        """The lesson's next line is about to be said."""
        said = self._unanswered()
        self._course.adopt(move)
        remark = remarks(move.line, said[-1].id if said else None)
        if remark:
            await self._shared.tell_tutor(remark)
        await self._shared.tell_tutor(self._course.standing())

    def _to_correct(self, move: LessonMove | None) -> Iterator[Heard]:
        """What the learner said and the reply answers. A lesson corrects its mistakes itself; of anything but
        a right answer only a recogniser that knows free speech is sure what was said."""
        verdict = move.line.verdict if move else None
        if not (self._shared.tutor and self._shared.corrections):
            return
        if move and verdict not in ("right", "off_script"):
            return
        said = self._unanswered()
        for entry in said:
            heard = self._ear.heard.get(entry.id)
            if heard is not None and (verdict != "off_script" or heard.on_script is None):
                yield Heard(entry.id, heard, verdict if entry is said[-1] else None)

    def _correct(self) -> None:
        speech = self.mouth.speech
        for heard in speech.to_correct if speech else ():
            self._corrector.look(heard)

    async def _stop(self, reason: moves.StopReason) -> None:
        speech = await self.mouth.stop(reason)
        move = speech.plan.move if speech and speech.plan else None
        if speech and move and not speech.sounded and speech.wire.spoken:
            self._course.take_back(move)
            await self._shared.tell_tutor(self._course.standing())

    # silence

    def _count_silence(self, after_ms: float = 0) -> None:
        """From the end of what is heard, `after_ms` from now, silence is counted anew."""
        self._idle.cancel()
        detection = self._shared.config.audio.input.turn_detection
        if isinstance(detection, ServerVad) and detection.idle_timeout_ms is not None:
            self._idle = anyio.CancelScope()
            self._tasks.start_soon(self._wait, after_ms + detection.idle_timeout_ms, self._idle)

    async def _wait(self, timeout_ms: float, scope: anyio.CancelScope) -> None:
        with scope:
            await anyio.sleep(timeout_ms / 1000)
            await self._post(Idle())

    async def _prompt(self) -> None:
        """Nobody has spoken for long: the tutor takes the word."""
        if self.turn.phase == "listening":
            await self._ear.time_out()
            await self.happen(moves.ReplyAsked())

    # a reply

    def _take_asked(self) -> Asked:
        """What the client asked for with this reply, else what the session is set to."""
        asked, self._asked = self._asked, None
        return asked or Asked(self._shared.config)

    def _new_speech(self, asked: Asked) -> Speech:
        binary = self._shared.tutor and not asked.aside
        return Speech(ResponseWire(new_id("resp"), self._shared.conversation_id, asked), binary)

    def _speak(self, speech: Speech, heard: Transcript | None, entries: Sequence[Entry]) -> Reply:
        """Begin to make the reply; it is heard once it is released."""
        asked = speech.wire.asked
        speech.plan = self._author.plan(asked, heard, entries if asked.entries is None else asked.entries)
        reports = self._shared.tutor and not asked.aside
        pace = (
            PlayheadPace(self._talk.lead_ms, self._talk.stalled_ms)
            if reports
            else ClockPace(self._talk.blind_lead_ms)
        )
        output = asked.config.audio.output
        voice = self._voice if asked.config.spoken else None
        delivery = Delivery(voice, output.voice, output.speed, self._shared.demand.behind)
        mark = self._marking(speech.wire.id, speech.stages)
        speech.reply = Reply(speech.wire.id, speech.plan.script, delivery, pace, mark)
        self._tasks.start_soon(self._make, speech.reply)
        return speech.reply

    async def _make(self, reply: Reply) -> None:
        self._shared.demand.begin(reply.id)
        try:
            await reply.run(self._post)
        finally:
            self._shared.demand.sound(reply.id)
            self._shared.demand.behind = reply.behind

    def _marking(self, reply_id: str, stages: Stages) -> Mark:
        demand = self._shared.demand

        def mark(stage: Stage) -> None:
            stages.mark(stage)
            if stage == "first_audio_made":
                demand.sound(reply_id)

        return mark

    def _cue(self, speech: Speech) -> None:
        """Its time counts from the end of what it answers; a cough after the words is not that. Where
        something else came last, it answers a request."""
        spoken = [self._said[entry.id] for entry in self._unanswered() if entry.id in self._said]
        if spoken and spoken[-1].item_id == self._shared.conversation.last_id:
            speech.stages.cue = next((said for said in reversed(spoken) if said.words), spoken[-1]).cue

    def _heard_and(self, more: Transcript | None) -> Transcript | None:
        """All that the learner said since the tutor last spoke; None where it could not be recognised."""
        parts: list[Transcript] = []
        for entry in self._unanswered():
            known = self._ear.heard.get(entry.id, _typed(entry.text))
            if known is None:
                return None
            parts.append(known)
        if more is not None:
            parts.append(more)
        scores = [part.on_script for part in parts if part.on_script is not None]
        words = tuple(word for part in parts for word in part.words)
        return Transcript(words, min(scores) if scores else None)

    def _unanswered(self) -> list[Message]:
        said: list[Message] = []
        for entry in reversed(self._shared.conversation.entries):
            if isinstance(entry, Message) and entry.role == "assistant":
                break
            if isinstance(entry, Message) and entry.role == "user":
                said.append(entry)
        return said[::-1]


def _typed(text: str) -> Transcript:
    """Words that were written, not spoken."""
    return Transcript(tuple(Word(word, 0, 0) for word in text.split()))
