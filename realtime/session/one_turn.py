"""One spoken turn by itself: a recording in, the tutor's spoken answer out.

It is put together from the pieces of a live talk. What a session would remember its client brings along.
"""

import base64
import io
import math
import wave
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import anyio
from pydantic import Field

from realtime import metrics
from realtime.engines.protocols import VOICE_RATE
from realtime.engines.recording import Listener, Recording
from realtime.errors import EngineError, ProtocolError
from realtime.protocol.config import Config
from realtime.protocol.request import Asked
from realtime.protocol.response import ResponseWire
from realtime.session.author import Author, Plan
from realtime.session.course import Course, remarks
from realtime.session.news import ClipSounded, ReplyEnded, ReplyNews, ReplyPlayed
from realtime.session.pace import PlayheadPace
from realtime.session.recall import Recall
from realtime.session.reply import Delivery, Reply
from realtime.session.session import Engines
from realtime.session.shared import new_id
from realtime.session.speech import Speech
from realtime.talk.conversation import Message, Part
from realtime.talk.transcript import Transcript
from realtime.tutor.guide import Progress, is_possible
from realtime.tutor.lesson import Lesson
from realtime.wire.model import Wire
from realtime.wire.server_events import (
    CaptionWord,
    DurationUsage,
    ServerEvent,
    TranscriptionCompleted,
    TutorFeedback,
    TutorHint,
    TutorLesson,
)

MOST_MESSAGES = 200
Tell = Callable[[ServerEvent], Awaitable[None]]


class Said(Wire):
    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=10_000)]


class History(Wire):
    """The turns before this one: what was said, and how far the learner has come in the lesson."""

    messages: Annotated[tuple[Said, ...], Field(max_length=MOST_MESSAGES)] = ()
    lesson: Progress | None = None


class TurnDone(ServerEvent):
    """All that came of the turn; `history` is for the next one."""

    type: Literal["turn.done"] = "turn.done"
    input_text: str
    response_text: str
    words: tuple[CaptionWord, ...]  # the learner's, with their times in the recording
    feedback: dict[str, Any] | None = None
    hint: dict[str, Any] | None = None
    lesson: dict[str, Any] | None = None
    history: History


@dataclass(frozen=True, slots=True)
class Brought:
    """What the client sends. `lesson` None: the one that its history is in, else the server's first."""

    recording: Recording
    languages: tuple[str, ...]
    lesson: str | None
    history: History


def enrolled(lessons: Mapping[str, Lesson], first: str, brought: Brought) -> Course:
    """The course where the learner stands in it. Raises ProtocolError."""
    progress = brought.history.lesson
    lesson_id = brought.lesson
    if lesson_id is None:
        lesson_id = progress.lesson if progress else first
    try:
        course = Course(lessons, lesson_id)
    except KeyError:
        message = f"there is no lesson {lesson_id!r}"
        raise ProtocolError("unknown_lesson", message, param="lesson") from None
    if progress and course.lesson and progress.lesson == course.lesson.id:
        if not is_possible(course.lesson, progress):
            message = "history.lesson: there is no such place in this lesson"
            raise ProtocolError("invalid_value", message, param="history.lesson")
        course.progress = progress
    return course


class OneTurn:
    """`pcm`: the answer as far as it was spoken, at VOICE_RATE; `error`: what an engine failed with."""

    def __init__(
        self,
        engines: Engines,
        listener: Listener,
        course: Course,
        config: Config,
        brought: Brought,
        spoken_tokens: int,
    ) -> None:
        self.pcm = bytearray()
        self.error: EngineError | None = None
        self._engines = engines
        self._listener = listener
        self._course = course
        self._config = config
        self._brought = brought
        self._spoken_tokens = spoken_tokens
        self._heard = Transcript()
        self._remark: TutorFeedback | TutorHint | None = None
        self._standing: TutorLesson | None = None
        self._wire: ResponseWire | None = None

    async def run(self, tell: Tell) -> None:
        """Raises EngineError when nothing could be recognised, ProtocolError when nothing was said; an engine
        that fails later leaves a part of an answer, as in a talk, and `error`."""
        said = await self._listen(tell)
        earlier = tuple(_message(one) for one in self._brought.history.messages)
        # Free talk answers what the client brings; a lesson answers the learner.
        entries = None if self._course.lesson else (*earlier, said)
        asked = Asked(self._config, entries=entries)
        async with anyio.create_task_group() as tasks:
            recall = Recall(self._engines.chat, tasks) if self._engines.chat else None
            plan = Author(self._course, recall, self._spoken_tokens).plan(asked, self._heard, entries or ())
            await self._go_on(plan, said.id, tell)
            await self._speak(asked, plan, said.id, tell)
            tasks.cancel_scope.cancel()

    def done(self) -> TurnDone:
        history = self._brought.history
        said = (Said(role="user", content=self._heard.text), *self._answer())
        progress = self._course.progress if self._course.lesson else history.lesson
        lesson = _told(self._standing)
        return TurnDone(
            input_text=self._heard.text,
            response_text=" ".join(one.content for one in self._answer()),
            words=tuple(
                CaptionWord(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms)
                for word in self._heard.words
            ),
            feedback=_told(self._remark) if isinstance(self._remark, TutorFeedback) else None,
            hint=_told(self._remark) if isinstance(self._remark, TutorHint) else None,
            lesson=lesson,
            history=History(messages=(*history.messages, *said)[-MOST_MESSAGES:], lesson=progress),
        )

    async def _listen(self, tell: Tell) -> Message:
        """The learner's words."""
        brought = self._brought
        listened = await self._listener.listen(brought.recording, self._course.expected(), brought.languages)
        self._heard = self._course.spelled(listened.transcript)
        if not self._heard.words:
            raise ProtocolError("no_speech", "there are no words in the recording", param="file")
        said = Message(new_id("item"), "user", (Part("input_audio", self._heard.text),))
        usage = DurationUsage(seconds=listened.duration_s)
        await tell(TranscriptionCompleted(item_id=said.id, transcript=self._heard.text, usage=usage))
        return said

    async def _go_on(self, plan: Plan, item_id: str, tell: Tell) -> None:
        """The lesson's next line is about to be said."""
        if plan.move is None:
            return
        self._course.adopt(plan.move)
        self._remark = remarks(plan.move.line, item_id)
        self._standing = self._course.standing()
        if self._remark:
            await tell(self._remark)
        await tell(self._standing)

    async def _speak(self, asked: Asked, plan: Plan, item_id: str, tell: Tell) -> None:
        wire = self._wire = ResponseWire(new_id("resp"), new_id("conv"), asked)
        speech = Speech(wire, binary=False)
        previous = item_id

        async def take(news: ReplyNews) -> None:
            nonlocal previous
            match news:
                case ReplyPlayed():
                    return
                case ReplyEnded(error=error):
                    metrics.count_reply(error)
                    self.error = error
                    events = speech.end(news)
                case _:
                    if isinstance(news, ClipSounded):
                        self.pcm += news.pcm
                    events = speech.take(news, previous)
            for event in events:
                if isinstance(event, ServerEvent):
                    await tell(event)

        output = self._config.audio.output
        # Nobody listens along, so nothing is waited for, and live talks go before.
        pace = PlayheadPace(math.inf, stalled_ms=0)
        delivery = Delivery(self._engines.synthesizer, output.voice, output.speed)
        for event in wire.opened():
            await tell(event)
        reply = Reply(wire.id, plan.script, delivery, pace)
        reply.release()
        await reply.run(take)

    def _answer(self) -> list[Said]:
        entries = self._wire.entries if self._wire else []
        texts = [entry.text for entry in entries if isinstance(entry, Message)]
        return [Said(role="assistant", content=text) for text in texts if text]


def _message(said: Said) -> Message:
    kind = "input_text" if said.role == "user" else "output_text"
    return Message(new_id("item"), said.role, (Part(kind, said.content),))


def _told(event: ServerEvent | None) -> dict[str, Any] | None:
    """What an event says, without what makes it an event."""
    return event.model_dump(mode="json", exclude={"type", "event_id", "item_id"}) if event else None


def to_wav(pcm: bytes) -> bytes:
    """PCM16 at VOICE_RATE as a mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(VOICE_RATE)
        wav.writeframes(pcm)
    return file.getvalue()


def coded(pcm: bytes, form: Literal["wav", "pcm"]) -> str:
    return base64.b64encode(to_wav(pcm) if form == "wav" else pcm).decode()
