"""One reply, top to bottom: text -> segments -> clips -> the session. Three tasks in one group.

Stopping it is cancelling its scope and waiting for its end; after that nothing of it can speak.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from realtime.engines.protocols import (
    VOICE_RATE,
    CallDelta,
    Captioned,
    ChatEnded,
    ChatNews,
    Synthesizer,
)
from realtime.errors import EngineError
from realtime.session.news import (
    CallBegan,
    CallGrew,
    ClipBegan,
    ClipCaptioned,
    ClipEnded,
    ClipSounded,
    ReplyEnded,
    ReplyNews,
    ReplyPlayed,
    TextWritten,
)
from realtime.session.pace import Pace
from realtime.talk.segmenter import Segmenter, shown

Script = Callable[[], AsyncGenerator[ChatNews]]
Post = Callable[[ReplyNews], Awaitable[None]]
Piece = str | CallDelta  # a segment, or part of a function call
SOUND_BYTES = VOICE_RATE * 2 // 10  # 100 ms: fine enough for pacing
APOLOGY = "Sorry, I lost the thread. Could you say that again?"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply is spoken; `voice` is None in a text session."""

    voice: Synthesizer | None
    speaker: str
    speed: float


class Reply:
    """`script` gives the text as it is written. Until `release` nothing is posted: the work is done inside
    the learner's silence."""

    def __init__(self, reply_id: str, script: Script, delivery: Delivery, pace: Pace) -> None:
        self.id = reply_id
        self.pace = pace
        self._script = script
        self._delivery = delivery
        self._released = anyio.Event()
        self._scope = anyio.CancelScope()
        self._over = anyio.Event()
        self._end = ReplyEnded(reply_id)

    def release(self) -> None:
        self._released.set()

    async def stop(self) -> None:
        self._scope.cancel()
        await self._over.wait()

    async def run(self, post: Post) -> None:
        try:
            with self._scope:
                await self._deliver(post)
                await post(self._end)
                await self.pace.drained()
                await post(ReplyPlayed(self.id))
        finally:
            self._over.set()

    async def _deliver(self, post: Post) -> None:
        to_voice, pieces = anyio.create_memory_object_stream[Piece](2)
        to_session, clips = anyio.create_memory_object_stream[ReplyNews](8)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, to_voice)
            make = self._make_clips if self._delivery.voice else self._make_text
            tasks.start_soon(make, pieces, to_session)
            await self._push(clips, post)

    async def _write(self, to_voice: MemoryObjectSendStream[Piece]) -> None:
        """A text session is sent the text as it comes, a spoken one in segments."""
        segmenter, lost = Segmenter(), False
        async with to_voice, aclosing(self._script()) as script:
            try:
                async for news in script:
                    match news:
                        case str() if self._delivery.voice is None:
                            await to_voice.send(news)
                        case str():
                            segmenter, segments = segmenter.feed(news)
                            for segment in segments:
                                await to_voice.send(segment)
                        case CallDelta():
                            for segment in segmenter.finish():
                                await to_voice.send(segment)
                            segmenter = Segmenter(begun=True)
                            await to_voice.send(news)
                        case ChatEnded(reason=reason, usage=usage):
                            self._end = replace(self._end, short=reason == "length", usage=usage)
            except EngineError as error:
                self._failed(error)
                lost = error.retryable and self._delivery.voice is not None
            for segment in segmenter.finish():
                await to_voice.send(segment)
            if lost:
                await to_voice.send(APOLOGY)

    async def _make_text(
        self, pieces: MemoryObjectReceiveStream[Piece], clips: MemoryObjectSendStream[ReplyNews]
    ) -> None:
        async with pieces, clips:
            async for piece in pieces:
                if isinstance(piece, str):
                    await clips.send(TextWritten(self.id, piece))
                else:
                    await self._make_call(piece, clips)

    async def _make_clips(
        self, pieces: MemoryObjectReceiveStream[Piece], clips: MemoryObjectSendStream[ReplyNews]
    ) -> None:
        """A voice that fails is not asked again: the rest of the reply is text."""
        voice, joint = self._delivery.voice, ""
        async with pieces, clips:
            async for piece in pieces:
                if isinstance(piece, CallDelta):
                    await self._make_call(piece, clips)
                    joint = ""
                    continue
                await clips.send(ClipBegan(self.id, joint + shown(piece)))
                joint = " "
                if voice is not None:
                    try:
                        await self._make_clip(voice, piece, clips)
                    except EngineError as error:
                        self._failed(error)
                        voice = None
                await clips.send(ClipEnded(self.id))

    async def _make_clip(
        self, voice: Synthesizer, text: str, clips: MemoryObjectSendStream[ReplyNews]
    ) -> None:
        due_ms, delivery = round(self.pace.lead_ms), self._delivery
        spoken = voice.synthesize(text, voice=delivery.speaker, speed=delivery.speed, due_ms=due_ms)
        async with spoken as sounds:
            async for sound in sounds:
                if isinstance(sound, Captioned):
                    await clips.send(ClipCaptioned(self.id, sound.words))
                    continue
                for at in range(0, len(sound), SOUND_BYTES):
                    await clips.send(ClipSounded(self.id, sound[at : at + SOUND_BYTES]))

    async def _make_call(self, delta: CallDelta, clips: MemoryObjectSendStream[ReplyNews]) -> None:
        """A name comes with the first piece of a call."""
        if delta.name:
            await clips.send(CallBegan(self.id, delta.call_id or f"call_{self.id}_{delta.index}", delta.name))
        if delta.arguments:
            await clips.send(CallGrew(self.id, delta.arguments))

    async def _push(self, clips: MemoryObjectReceiveStream[ReplyNews], post: Post) -> None:
        async with clips:
            await self._released.wait()
            async for news in clips:
                if isinstance(news, ClipSounded):
                    await self.pace.room()
                    self.pace.sent(len(news.pcm) * 500 / VOICE_RATE)
                await post(news)

    def _failed(self, error: EngineError) -> None:
        """The first failure is the one that is told."""
        if self._end.error is None:
            self._end = replace(self._end, error=error)
