"""One learner's talk: news in, the pure parts decide, and this and its parts carry it out.

A session is one loop over its inbox, so whatever it changes is changed in one place and in one order. Its
recognitions and its replies are tasks of its own group; when `run` has ended, nothing of it is alive.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from realtime import metrics
from realtime.channel import Channel
from realtime.engines.protocols import SAMPLE_RATE, ChatModel, Synthesizer, Transcriber
from realtime.errors import ProtocolError
from realtime.protocol import rules
from realtime.protocol.config import Config, ServerVad, Tree, merged
from realtime.protocol.items import to_wire
from realtime.session.audio import recording, to_ms
from realtime.session.author import Author
from realtime.session.course import Course
from realtime.session.demand import Demand
from realtime.session.ear import Ear
from realtime.session.floor import Floor
from realtime.session.gather import Gather, Mood, Sound
from realtime.session.line import Line
from realtime.session.news import Attached, Detached, News, Received
from realtime.session.recall import Recall
from realtime.session.shared import Shared, new_id
from realtime.session.silero import VoiceModel
from realtime.session.tape import Tape
from realtime.session.vad import VoiceActivity
from realtime.settings import Settings
from realtime.talk import moves
from realtime.talk.conversation import Entry, Message
from realtime.talk.turn import Turn, together
from realtime.tracing import Source
from realtime.tutor.lesson import Lesson
from realtime.tutor.persona import persona
from realtime.wire.client_events import AnyClientEvent, TutorSettings
from realtime.wire.codec import playhead, told
from realtime.wire.link import Link
from realtime.wire.server_events import ItemRetrieved, SessionCreated, SessionUpdated, TutorResumed

INBOX = 64
REST_S = 0.1  # what is sent is read so much later: a voice is found later, and begins where it began
BREATH = 32  # windows of a long append between two looks at the rest of the server


@dataclass(frozen=True, slots=True)
class Engines:
    transcriber: Transcriber
    synthesizer: Synthesizer
    voice_model: VoiceModel
    chat: ChatModel | None = None
    demand: Demand = field(default_factory=Demand)  # of all talks


class Session:
    """`tutor`: the tutor.v1 subprotocol. A link is attached while the client is connected."""

    def __init__(
        self,
        settings: Settings,
        engines: Engines,
        lessons: Mapping[str, Lesson],
        start: Config,
        *,
        tutor: bool,
    ) -> None:
        self.id = new_id("sess")
        self.tutor = tutor
        self._settings = settings
        self._engines = engines
        self._learner = (settings.talk.level, settings.talk.mother_tongue)
        self._line = Line(self.id)
        self._expires_at = round(time.time() + settings.limits.session_s)
        self._inbox = Channel[News](INBOX)
        source, tape = Source(self.id, settings.profile), Tape(settings.limits.kept_audio_bytes)
        self._shared = Shared(self._line.tell, start, tape, tutor=tutor, source=source, demand=engines.demand)
        self._shared.level, self._shared.mother_tongue = self._learner
        self._shared.corrections = settings.talk.corrections
        self._shared.configure(start)
        self._gather = Gather()
        self._course = Course(lessons, settings.first_lesson, settings.kiosk.public_url)
        if start.prompt:
            self._course.choose_if_known(start.prompt.get("id"))
        self._ear: Ear
        self._floor: Floor

    async def run(self) -> None:
        """The talk, until its scope is cancelled."""
        engines, shared, course = self._engines, self._shared, self._course
        post = self._inbox.put  # a method of this session would keep it: it ends with its talk
        with self._inbox.emptying():
            async with anyio.create_task_group() as tasks:
                activity = VoiceActivity(engines.voice_model)
                self._ear = Ear(shared, engines.transcriber, activity, tasks, post)
                recall = Recall(engines.chat, tasks) if engines.chat else None
                author = Author(course, recall, self._settings.engines.chat_max_tokens)
                voice, talk = engines.synthesizer, self._settings.talk
                self._floor = Floor(shared, self._ear, course, author, voice, talk, tasks, post)
                self._listen(shared.config)
                try:
                    async for news in self._inbox:
                        await self._take(news)
                finally:
                    self._floor.mouth.account()
                    self._line.link = None  # which knows this session, too

    def keeps(self, payload: str | bytes) -> bool:
        """Whether the talk need not be woken for this: sound that waits for more, or a playhead that only
        moves on."""
        if isinstance(payload, bytes):
            return self._gather.keeps(payload)
        moved = playhead(payload) if self._line.link else None
        return moved is not None and self._floor.mouth.follows(moved.item_id, moved.played_ms)

    def rest_s(self) -> float:
        """For how long nobody need know what comes next."""
        pushed = not self._shared.policy.detect
        return rest_s(self._gather, self._floor.turn, hurried=pushed or self._floor.again.playing)

    async def receive(self, message: AnyClientEvent | bytes) -> None:
        """What the client sent, but for what it `keeps`."""
        if isinstance(message, bytes):
            await self._put(self._gather.take(message))
            return
        await self._put(self._gather.take())
        await self._put(message)

    async def _put(self, message: AnyClientEvent | Sound | None) -> None:
        if message is not None:
            await self._inbox.put(Received(message))

    async def attach(self, link: Link, *, back: bool) -> None:
        """A client has connected; `back`: its socket was cut, and it goes on."""
        link.keeper = self
        await self._inbox.put(Attached(link, back))

    async def detach(self) -> None:
        """The client has gone."""
        await self._inbox.put(Detached())

    # what comes in

    async def _take(self, news: News) -> None:
        match news:
            case Received(message=message):
                await self._obey(message)
            case Attached(link=link, back=back):
                await self._welcome(link, back=back)
            case Detached():
                self._line.link = None
                await self._floor.happen(moves.Left())
            case _:
                await self._floor.take(news)
        self._gather.mood = mood(self._floor.turn)
        await self._take_leave()

    async def _welcome(self, link: Link, *, back: bool) -> None:
        self._line.link = link
        if not back:
            await self._line.tell(SessionCreated(session=self._described()))
            return
        items = tuple(to_wire(entry) for entry in self._shared.conversation.entries)
        standing = self._course.standing()
        await self._line.tell(TutorResumed(session=self._described(), items=items, lesson=standing))

    async def _take_leave(self) -> None:
        """A lesson is summed up when its end has been said, and the client is there to be told."""
        if self._line.link is None or self._floor.mouth.speech is not None:
            return
        summary = self._course.take_leave()
        if summary is not None:
            await self._shared.tell_tutor(summary)

    async def _obey(self, message: AnyClientEvent | Sound) -> None:
        """What the client asks for is done, or refused with nothing of it done."""
        try:
            if isinstance(message, Sound):
                await self._hear(message)
                return
            for action in rules.apply(message, self._view(), new_id):
                await self._act(action)
        except ProtocolError as error:
            metrics.client_errors.labels(error.code).inc()
            await self._line.tell(told(error, None if isinstance(message, Sound) else message.event_id))

    def _view(self) -> rules.View:
        mouth = self._floor.mouth
        return rules.View(
            config=self._shared.config,
            conversation=self._shared.conversation,
            tutor=self._shared.tutor,
            response_id=mouth.response_id,
            playing_id=mouth.playing_id,
            asides=self._floor.asides,
            fresh=self._ear.audio.end == 0,
            buffered_ms=self._ear.buffered_ms,
            played=mouth.playbacks(),
            listening=self._floor.turn.phase == "listening",
        )

    async def _act(self, action: rules.Action) -> None:
        match action:
            case rules.Tell(event=event):
                await self._line.tell(event)
            case rules.Append(audio=audio):
                await self._hear(Sound(audio, quiet=False))
            case rules.Configure(config=config):
                await self._configure(config)
            case rules.Converse(conversation=conversation):
                self._shared.conversation = conversation
            case rules.Bring(item_id=item_id, audio=sound, known=known):
                await self._bring(item_id, sound, known=known)
            case rules.Happen(event=event):
                await self._floor.happen(event)
            case rules.Ask(asked=asked):
                await self._floor.ask(asked)
            case rules.CancelAside(response_id=response_id):
                await self._floor.asides.cancel(response_id)
            case rules.Show(entry=entry):
                await self._show(entry)
            case rules.Hush():
                await self._floor.hush()
            case rules.Play() | rules.Prefer() | rules.GiveHint() | rules.Repeat():
                await self._tutor(action)

    async def _tutor(self, action: rules.TutorAction) -> None:
        match action:
            case rules.Play(item_id=item_id, played_ms=played_ms):
                await self._floor.mouth.play(item_id, played_ms)
            case rules.Prefer(settings=settings):
                await self._prefer(settings)
            case rules.GiveHint():
                await self._give_hint()
            case rules.Repeat(item_id=item_id, passage=passage, slower=slower):
                self._floor.repeat(item_id, passage, slower=slower)

    async def _hear(self, sound: Sound) -> None:
        rules.checked(sound.pcm, self._shared.config)
        detect, limit_ms = self._shared.policy.detect, self._settings.limits.utterance_ms
        if not detect and self._ear.buffered_ms > limit_ms:
            message = f"more than {limit_ms} ms of audio without a commit"
            raise ProtocolError("input_audio_buffer_full", message)
        since = 0
        for windows in self._ear.judged(sound):
            at = 0
            while at < len(windows):
                count = together(self._floor.turn, windows[at:], self._shared.policy)
                await self._happens(windows[at], count)
                at, since = at + count, since + count
                if since >= BREATH:
                    since = 0
                    await anyio.lowlevel.checkpoint()
        if self._floor.turn.ear == "pausing":
            await self._floor.happen(moves.Remainder(to_ms(self._ear.audio.waiting)))

    async def _happens(self, activity: moves.Activity, windows: int) -> None:
        self._ear.audio.hand_out(windows)
        ms = windows * moves.WINDOW_MS
        await self._floor.happen(moves.Window(activity, ms))
        if self._shared.policy.detect and self._floor.turn.ear == "quiet":
            self._ear.idle()

    async def _bring(self, item_id: str, audio: bytes, *, known: bool) -> None:
        """`known`: the client has given its words, too."""
        samples = recording(audio, self._shared.config.audio.input.format)
        limit_ms = self._settings.limits.utterance_ms
        if to_ms(len(samples)) > limit_ms:
            raise ProtocolError("item_too_large", f"more than {limit_ms} ms of audio", param="item.content")
        self._shared.tape.record(item_id, samples.tobytes(), SAMPLE_RATE)
        if not known:
            await self._floor.bring(item_id, samples)

    async def _configure(self, config: Config) -> None:
        before = self._shared.config
        self._shared.configure(config)
        if config.prompt and config.prompt != before.prompt:
            self._course.choose_if_known(config.prompt.get("id"))
        self._listen(config)
        await self._line.tell(SessionUpdated(session=self._described()))

    def _listen(self, config: Config) -> None:
        self._gather.listen(config.audio.input.format)
        self._ear.audio.change_format(config.audio.input.format)
        detection = config.audio.input.turn_detection
        if isinstance(detection, ServerVad):
            self._ear.activity.threshold = detection.threshold
            self._ear.pre_roll_ms = detection.prefix_padding_ms

    async def _prefer(self, settings: TutorSettings) -> None:
        lesson = settings.lesson
        if lesson == "" and self._engines.chat is None:
            raise ProtocolError("no_chat_model", "free talk needs a chat server", param="lesson")
        if lesson is not None:
            try:
                self._course.choose(lesson)
            except KeyError:
                message = f"there is no lesson {lesson!r}"
                raise ProtocolError("unknown_lesson", message, param="lesson") from None
        self._suit(settings)
        await self._line.tell(self._course.standing())

    def _suit(self, settings: TutorSettings) -> None:
        """What was not set stays; the tutor's own instructions follow the learner, a client's own do not."""
        shared, told = self._shared, self._learner
        level, tongue = self._learner = (settings.level or told[0], settings.mother_tongue or told[1])
        shared.patience = settings.patience or shared.patience
        shared.corrections = shared.corrections if settings.corrections is None else settings.corrections
        shared.level, shared.mother_tongue = level, tongue
        changes: Tree = {"type": shared.config.type}
        if settings.speech_rate is not None:
            changes["audio"] = {"output": {"speed": settings.speech_rate}}
        if shared.config.instructions == persona(*told):
            changes["instructions"] = persona(level, tongue)
        shared.configure(merged(shared.config, changes, tutor=True))

    async def _give_hint(self) -> None:
        hint = self._course.hint()
        if hint is None:
            raise ProtocolError("no_lesson", "there are no hints outside a lesson")
        await self._line.tell(hint)

    async def _show(self, entry: Entry) -> None:
        """The item, with its audio as far as that is held."""
        mine = isinstance(entry, Message) and entry.role == "assistant"
        audio = self._shared.config.audio
        held = self._shared.tape.play(entry.id, audio.output.format if mine else audio.input.format)
        await self._line.tell(ItemRetrieved(item=to_wire(entry, held)))

    def _described(self) -> dict[str, Any]:
        return {**self._shared.config.described(), "id": self.id, "expires_at": self._expires_at}


def mood(turn: Turn) -> Mood:
    """What is to be known at once: where speech begins, where it ends, and whether it interrupts."""
    if turn.ear == "quiet" and turn.speech_ms == 0:
        return "idle"
    return "hearing" if turn.ear == "hearing" and not turn.ducked and turn.silent_ms == 0 else "alert"


def rest_s(gather: Gather, turn: Turn, *, hurried: bool) -> float:
    """While nobody speaks and nothing is under way. `hurried`: what comes next may be the end of what is said
    by a learner who pushes to talk, or be said over what the tutor says again."""
    return REST_S if gather.hears_the_room and turn.phase == "listening" and not hurried else 0
