"""One reply, top to bottom: text -> segments -> clips -> the session. Three tasks in one group.

Stopping it is cancelling its scope and waiting for its end; after that nothing of it can speak.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from realtime.engines.protocols import VOICE_RATE, Captioned, Synthesizer
from realtime.errors import EngineError
from realtime.session.news import (
    ClipBegan,
    ClipCaptioned,
    ClipEnded,
    ClipSounded,
    ReplyEnded,
    ReplyNews,
    ReplyPlayed,
)
from realtime.session.pace import Pace
from realtime.talk.segmenter import Segmenter

Script = Callable[[], AsyncGenerator[str]]
Post = Callable[[ReplyNews], Awaitable[None]]
SOUND_BYTES = VOICE_RATE * 2 // 10  # 100 ms: fine enough for pacing


class Reply:
    """`script` gives the text as it is written. `voice` is None in a text session.

    Until `release` nothing of it is posted: the work is done inside the learner's silence.
    """

    def __init__(
        self, reply_id: str, script: Script, voice: Synthesizer | None, speaker: str, speed: float, pace: Pace
    ) -> None:
        self.id = reply_id
        self.pace = pace
        self._script = script
        self._voice = voice
        self._speaker = speaker
        self._speed = speed
        self._released = anyio.Event()
        self._scope = anyio.CancelScope()
        self._over = anyio.Event()

    def release(self) -> None:
        self._released.set()

    async def stop(self) -> None:
        self._scope.cancel()
        await self._over.wait()

    async def run(self, post: Post) -> None:
        try:
            with self._scope:
                error = await self._speak(post)
                await post(ReplyEnded(self.id, error))
                await self.pace.drained()
                await post(ReplyPlayed(self.id))
        finally:
            self._over.set()

    async def _speak(self, post: Post) -> EngineError | None:
        to_voice, segments = anyio.create_memory_object_stream[str](2)
        to_session, clips = anyio.create_memory_object_stream[ReplyNews](8)
        failures: list[EngineError] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_segments, to_voice, failures)
            tasks.start_soon(self._make_clips, segments, to_session, failures)
            await self._push(clips, post)
        return failures[0] if failures else None

    async def _write_segments(
        self, to_voice: MemoryObjectSendStream[str], failures: list[EngineError]
    ) -> None:
        segmenter = Segmenter()
        async with to_voice, aclosing(self._script()) as script:
            try:
                async for text in script:
                    segmenter, segments = segmenter.feed(text)
                    for segment in segments:
                        await to_voice.send(segment)
            except EngineError as error:
                failures.append(error)
            for segment in segmenter.finish():
                await to_voice.send(segment)

    async def _make_clips(
        self,
        segments: MemoryObjectReceiveStream[str],
        clips: MemoryObjectSendStream[ReplyNews],
        failures: list[EngineError],
    ) -> None:
        """A voice that fails is not asked again: the rest of the reply is text."""
        voice = self._voice
        async with segments, clips:
            async for text in segments:
                await clips.send(ClipBegan(self.id, text))
                if voice is not None:
                    try:
                        await self._make_clip(voice, text, clips)
                    except EngineError as error:
                        failures.append(error)
                        voice = None
                await clips.send(ClipEnded(self.id))

    async def _make_clip(
        self, voice: Synthesizer, text: str, clips: MemoryObjectSendStream[ReplyNews]
    ) -> None:
        due_ms = round(self.pace.lead_ms)
        async with voice.synthesize(text, voice=self._speaker, speed=self._speed, due_ms=due_ms) as sounds:
            async for sound in sounds:
                if isinstance(sound, Captioned):
                    await clips.send(ClipCaptioned(self.id, sound.words))
                    continue
                for at in range(0, len(sound), SOUND_BYTES):
                    await clips.send(ClipSounded(self.id, sound[at : at + SOUND_BYTES]))

    async def _push(self, clips: MemoryObjectReceiveStream[ReplyNews], post: Post) -> None:
        async with clips:
            await self._released.wait()
            async for news in clips:
                if isinstance(news, ClipSounded):
                    await self.pace.room()
                    self.pace.sent(len(news.pcm) * 500 / VOICE_RATE)
                await post(news)
