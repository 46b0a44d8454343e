"""One learner's talk: news in, the pure parts decide, and this carries it out.

A session is one loop over its inbox, so whatever it changes is changed in one place and in one order. Its
recognitions and its reply are tasks of its own group; when `run` has ended, nothing of it is alive.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from realtime import metrics
from realtime.engines.protocols import Synthesizer, Transcriber
from realtime.errors import LinkClosed, ProtocolError
from realtime.protocol import rules
from realtime.protocol.config import Config, ServerVad
from realtime.protocol.items import to_wire
from realtime.protocol.response import ResponseWire
from realtime.session.course import Course, feedback
from realtime.session.ear import Ear
from realtime.session.mouth import Mouth, Speech
from realtime.session.news import (
    Attached,
    Detached,
    News,
    Received,
    RecognitionEnded,
    ReplyEnded,
    ReplyPlayed,
)
from realtime.session.pace import ClockPace, PlayheadPace
from realtime.session.reply import Reply
from realtime.session.shared import Shared, new_id
from realtime.session.vad import VoiceActivity, VoiceModel
from realtime.settings import Settings
from realtime.talk import moves
from realtime.talk.conversation import Message
from realtime.talk.transcript import Transcript, Word
from realtime.talk.turn import WINDOW_MS, Turn, advance
from realtime.tutor.lesson import Lesson
from realtime.wire.client_events import AnyClientEvent, TutorSettings
from realtime.wire.codec import told
from realtime.wire.link import Link, Outgoing
from realtime.wire.server_events import (
    SessionCreated,
    SessionUpdated,
    TutorDuck,
    TutorResumed,
)

log = logging.getLogger(__name__)
INBOX = 64
BREATH = 64  # windows of a long append between two looks at the rest of the server


@dataclass(frozen=True, slots=True)
class Engines:
    transcriber: Transcriber
    synthesizer: Synthesizer
    voice_model: VoiceModel


class Session:
    """`tutor`: the tutor.v1 subprotocol. A link is attached while the client is connected."""

    def __init__(
        self, settings: Settings, engines: Engines, lessons: Mapping[str, Lesson], *, tutor: bool
    ) -> None:
        self.id = new_id("sess")
        self.tutor = tutor
        self._link: Link | None = None
        self._settings = settings
        self._engines = engines
        self._turn = Turn()
        self._course = Course(lessons, settings.talk.lesson)
        self._post, self._inbox = anyio.create_memory_object_stream[News](INBOX)
        config = Config.model_validate({"audio": {"output": {"voice": settings.engines.voice}}})
        self._shared = Shared(self._tell, config, tutor=tutor)
        self._mouth = Mouth(self._shared)
        self._ear: Ear
        self._tasks: TaskGroup

    async def run(self) -> None:
        """The talk, until its scope is cancelled."""
        async with self._post, self._inbox, anyio.create_task_group() as tasks:
            self._tasks = tasks
            activity = VoiceActivity(self._engines.voice_model)
            self._ear = Ear(self._shared, self._engines.transcriber, activity, tasks, self._post.send)
            async for news in self._inbox:
                await self._take(news)

    async def receive(self, message: AnyClientEvent | bytes) -> None:
        await self._post.send(Received(message))

    async def attach(self, link: Link, *, back: bool) -> None:
        """A client has connected; `back`: its socket was cut, and it goes on."""
        await self._post.send(Attached(link, back))

    async def detach(self) -> None:
        """The client has gone."""
        await self._post.send(Detached())

    # what comes in

    async def _take(self, news: News) -> None:
        match news:
            case Received(message=message):
                await self._obey(message)
            case Attached(link=link, back=back):
                await self._welcome(link, back=back)
            case Detached():
                self._link = None
                await self._happen(moves.Left())
            case RecognitionEnded():
                await self._happen(await self._ear.take(news))
            case ReplyEnded():
                await self._mouth.complete(news)
            case ReplyPlayed(reply_id=reply_id):
                if self._mouth.finish(reply_id):
                    await self._happen(moves.ReplyPlayed())
            case _:
                if await self._mouth.take(news):
                    self._shared.stages.mark("first_audio")
                    self._ear.settle()
                    await self._happen(moves.ReplySounded())

    async def _obey(self, message: AnyClientEvent | bytes) -> None:
        """What the client asks for is done, or refused with nothing of it done."""
        try:
            if isinstance(message, bytes):
                await self._hear(message)
                return
            for action in rules.apply(message, self._view(), new_id):
                await self._act(action)
        except ProtocolError as error:
            metrics.client_errors.labels(error.code).inc()
            await self._tell(told(error, None if isinstance(message, bytes) else message.event_id))

    async def _welcome(self, link: Link, *, back: bool) -> None:
        self._link = link
        if not back:
            await self._tell(SessionCreated(session=self._described()))
            return
        items = tuple(to_wire(entry) for entry in self._shared.conversation.entries)
        standing = self._course.standing()
        await self._tell(TutorResumed(session=self._described(), items=items, lesson=standing))

    def _view(self) -> rules.View:
        return rules.View(
            config=self._shared.config,
            conversation=self._shared.conversation,
            tutor=self._shared.tutor,
            response_id=self._mouth.response_id,
            playing_id=self._mouth.playing_id,
            buffered_ms=self._ear.buffered_ms,
            played=self._mouth.known_playbacks(),
        )

    async def _act(self, action: rules.Action) -> None:
        match action:
            case rules.Tell(event=event):
                await self._tell(event)
            case rules.Append(audio=audio):
                await self._hear(audio)
            case rules.Configure(config=config):
                await self._configure(config)
            case rules.Converse(conversation=conversation):
                self._shared.conversation = conversation
            case rules.Happen(event=event):
                await self._happen(event)
            case rules.Play(item_id=item_id, played_ms=played_ms):
                self._mouth.play(item_id, played_ms)
            case rules.Prefer(settings=settings):
                await self._prefer(settings)
            case rules.Hush():
                await self._mouth.drop()
                await self._happen(moves.ReplyPlayed())
            case rules.GiveHint():
                await self._tell(self._course.hint())

    async def _hear(self, audio: bytes) -> None:
        rules.checked(audio, self._shared.config)
        detect = self._shared.policy.detect
        if not detect and self._ear.buffered_ms > self._settings.limits.utterance_ms:
            message = f"more than {self._settings.limits.utterance_ms} ms of audio without a commit"
            raise ProtocolError("input_audio_buffer_full", message)
        for count, speech in enumerate(self._ear.windows(audio), 1):
            await self._happen(moves.Window(speech))
            if detect and self._turn.ear == "quiet":
                self._ear.idle()
            if count % BREATH == 0:
                await anyio.lowlevel.checkpoint()

    async def _configure(self, config: Config) -> None:
        self._shared.configure(config)
        self._ear.audio.change_format(config.audio.input.format)
        detection = config.audio.input.turn_detection
        if isinstance(detection, ServerVad):
            self._ear.activity.threshold = detection.threshold
            self._ear.pre_roll_ms = detection.prefix_padding_ms
        await self._tell(SessionUpdated(session=self._described()))

    async def _prefer(self, settings: TutorSettings) -> None:
        if settings.lesson is not None:
            try:
                self._course.choose(settings.lesson)
            except KeyError:
                message = f"there is no lesson {settings.lesson!r}"
                raise ProtocolError("unknown_lesson", message, param="lesson") from None
            self._shared.touch()
        await self._tell(self._course.standing())

    # what the turn decides

    async def _happen(self, event: moves.Event) -> None:
        speech_ms = self._turn.speech_ms
        if isinstance(event, moves.Window) and event.speech:
            speech_ms += WINDOW_MS
        silent_ms = self._turn.silent_ms
        self._turn, effects = advance(self._turn, event, self._shared.policy)
        for effect in effects:
            await self._carry_out(effect, speech_ms, silent_ms)

    async def _carry_out(self, effect: moves.Effect, speech_ms: int, silent_ms: int) -> None:
        match effect:
            case moves.OpenUtterance(rejoin=rejoin):
                await self._ear.open(speech_ms, rejoin=rejoin)
            case moves.TellStarted():
                await self._ear.announce()
            case moves.Transcribe(revision=revision, whole=whole):
                self._ear.transcribe(revision, whole=whole, expected=self._course.expected())
            case moves.ForgetUtterance():
                self._ear.forget()
            case moves.CommitUtterance():
                await self._commit(silent_ms)
            case moves.HoldReply():
                self._hold()
            case moves.DropHeldReply():
                await self._drop_held()
            case moves.OpenReply():
                await self._mouth.retire()
                self._mouth.speech = self._new_speech()
                await self._mouth.announce(self._mouth.speech)
            case moves.StartReply():
                await self._start()
            case moves.StopReply(reason=reason):
                await self._stop(reason)
            case moves.Duck(on=on):
                await self._tell_tutor(TutorDuck(on=on))

    async def _commit(self, silent_ms: int) -> None:
        """A held reply that was begun on what is no longer so is dropped: the start begins another."""
        held = self._mouth.speech
        stale = held is not None and not held.announced and held.version != self._shared.version
        if stale:
            await self._drop_held()
        unanswered = {entry.id for entry in self._unanswered()}
        self._ear.heard = {id: heard for id, heard in self._ear.heard.items() if id in unanswered}
        self._shared.stages.begin(silent_ms)
        self._shared.stages.mark("endpoint")
        await self._ear.commit(rejoinable=self._shared.policy.graceful and self._shared.policy.respond)

    async def _drop_held(self) -> None:
        metrics.held_replies.labels("dropped").inc()
        await self._mouth.drop()

    def _hold(self) -> None:
        utterance = self._ear.utterance
        speech = self._new_speech()
        speech.held, speech.version = True, self._shared.version
        self._mouth.speech = speech
        if utterance is not None:
            transcript = utterance.transcript
            self._speak(speech, self._heard_and(transcript) if transcript else None)

    async def _start(self) -> None:
        await self._mouth.retire()
        speech = self._mouth.speech or self._new_speech()
        self._mouth.speech = speech
        if speech.plan is None:
            self._speak(speech, self._heard_and(None))
        if speech.plan is None or speech.reply is None:
            return
        answered = self._answered()
        self._course.adopt(speech.plan)
        note = feedback(speech.plan.line, answered) if answered else None
        if note:
            await self._tell_tutor(note)
        await self._tell_tutor(self._course.standing())
        if speech.held:
            metrics.held_replies.labels("released").inc()
        await self._mouth.announce(speech)
        speech.reply.release()

    async def _stop(self, reason: moves.StopReason) -> None:
        speech = await self._mouth.stop(reason)
        if speech and speech.plan and not speech.sounded and speech.wire.spoken:
            self._course.take_back(speech.plan)
            await self._tell_tutor(self._course.standing())

    # a reply

    def _new_speech(self) -> Speech:
        return Speech(ResponseWire(new_id("resp"), new_id("item"), self._shared.config, f"conv_{self.id}"))

    def _speak(self, speech: Speech, heard: Transcript | None) -> None:
        """Begin to make the reply; it is heard once it is released."""
        plan = self._course.plan(heard)
        limits, output = self._settings.talk, self._shared.config.audio.output
        pace = (
            PlayheadPace(limits.lead_ms, limits.stalled_ms)
            if self._shared.tutor
            else ClockPace(limits.blind_lead_ms)
        )
        voice = self._engines.synthesizer if speech.wire.spoken else None

        async def script() -> AsyncGenerator[str]:
            yield plan.line.text

        speech.plan = plan
        speech.reply = Reply(speech.wire.id, script, voice, output.voice, output.speed, pace)
        self._tasks.start_soon(speech.reply.run, self._post.send)

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

    def _answered(self) -> str | None:
        said = self._unanswered()
        return said[-1].id if said else None

    # to the client

    async def _tell(self, message: Outgoing) -> None:
        """A client that is away is told nothing; what it missed is in the conversation."""
        if self._link is None:
            return
        try:
            await self._link.send(message)
        except LinkClosed as error:
            log.info("session %s: %s", self.id, error)
            self._link = None

    async def _tell_tutor(self, message: Outgoing) -> None:
        if self._shared.tutor:
            await self._tell(message)

    def _described(self) -> dict[str, Any]:
        described = self._shared.config.model_dump(mode="json")
        return {**described, "id": self.id, "object": "realtime.session"}


def _typed(text: str) -> Transcript:
    """Words that were written, not spoken."""
    return Transcript(tuple(Word(word, 0, 0) for word in text.split()))
