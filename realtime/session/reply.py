"""One reply, top to bottom: text -> segments -> clips -> the session. Three tasks in one group.

Stopping it is cancelling its scope and waiting for its end; after that nothing of it can speak.
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, closing
from dataclasses import dataclass, replace

import anyio

from realtime.channel import Channel
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
from realtime.session.spoken import Pause, Said, Spoken
from realtime.session.stages import Stage
from realtime.talk.joint import pause_ms
from realtime.talk.segmenter import Segment, Segmenter, shown

Script = Callable[[], AsyncGenerator[ChatNews]]
Post = Callable[[ReplyNews], Awaitable[None]]
Mark = Callable[[Stage], None]
Piece = str | Segment | CallDelta  # text that is not spoken, or is, or part of a function call
SOUND_BYTES = VOICE_RATE * 2 // 10  # 100 ms: fine enough for pacing
PLENTY_MS = 500  # ahead of the learner's ears: from there on
PLENTY_BYTES = 3 * SOUND_BYTES  # go together, since each piece costs about the same
FIRST_PATIENCE_MS = 1500
APOLOGY = "Sorry, I lost the thread. Could you say that again?"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply is spoken; `voice` is None in a text session. `behind`: in the reply that was
    over last, of any talk, it was slower than its speech."""

    voice: Synthesizer | None
    speaker: str
    speed: float
    behind: bool = False


def _nobody_asks(stage: Stage) -> None:
    pass


class Reply:
    """`script` gives the text as it is written. Until `release` nothing is posted: the work is done inside
    the learner's silence."""

    def __init__(
        self, reply_id: str, script: Script, delivery: Delivery, pace: Pace, mark: Mark = _nobody_asks
    ) -> None:
        self.id = reply_id
        self.pace = pace
        self.behind = delivery.behind  # the voice is slower than its speech, as far as is known
        self._script = script
        self._delivery = delivery
        self._mark = mark
        self._released = anyio.Event()
        self._scope = anyio.CancelScope()
        self._over = anyio.Event()
        self._end = ReplyEnded(reply_id)
        self._unsent_ms = 0.0  # sound that is made and still here

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
        pieces, clips = Channel[Piece](2), Channel[ReplyNews](8)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, pieces)
            make = self._make_clips if self._delivery.voice else self._make_text
            tasks.start_soon(make, pieces, clips)
            await self._push(clips, post)

    async def _write(self, pieces: Channel[Piece]) -> None:
        """A text session is sent the text as it comes, a spoken one in segments."""
        segmenter, lost = Segmenter(), False
        with closing(pieces):
            try:
                async with aclosing(self._script()) as script:
                    async for news in script:
                        segmenter = await self._pass_on(news, segmenter, pieces)
            except EngineError as error:
                self._failed(error)
                lost = error.retryable and self._delivery.voice is not None
            for segment in segmenter.finish():
                await pieces.put(segment)
            if lost:
                await pieces.put(Segment(APOLOGY, new_line=True))

    async def _pass_on(self, news: ChatNews, segmenter: Segmenter, pieces: Channel[Piece]) -> Segmenter:
        if news and not isinstance(news, ChatEnded):
            self._mark("first_token")
        match news:
            case str() if self._delivery.voice is None:
                await pieces.put(news)
            case str():
                segmenter, segments = segmenter.feed(news)
                for segment in segments:
                    await pieces.put(segment)
            case CallDelta():
                for segment in segmenter.finish():
                    await pieces.put(segment)
                segmenter = Segmenter(begun=True)
                await pieces.put(news)
            case ChatEnded(reason=reason, usage=usage):
                self._end = replace(self._end, short=reason == "length", usage=usage)
        return segmenter

    async def _make_text(self, pieces: Channel[Piece], clips: Channel[ReplyNews]) -> None:
        with pieces.emptying(), closing(clips):
            async for piece in pieces:
                if isinstance(piece, CallDelta):
                    await self._make_call(piece, clips)
                elif isinstance(piece, str):
                    await clips.put(TextWritten(self.id, piece))

    async def _make_clips(self, pieces: Channel[Piece], clips: Channel[ReplyNews]) -> None:
        """A voice that fails is not asked again: the rest of the reply is text."""
        voice, joint, last = self._delivery.voice, "", None
        with pieces.emptying(), closing(clips):
            async for piece in pieces:
                if isinstance(piece, CallDelta):
                    await self._make_call(piece, clips)
                    joint = ""
                elif isinstance(piece, Segment):
                    self._mark("first_segment")
                    await clips.put(ClipBegan(self.id, joint + shown(piece.text)))
                    joint = " "
                    if voice is not None:
                        last = self._spoken(piece, last)
                        try:
                            await self._make_clip(voice, last, clips)
                        except EngineError as error:
                            self._failed(error)
                            voice = None
                    await clips.put(ClipEnded(self.id))

    def _spoken(self, segment: Segment, last: Spoken | None) -> Spoken:
        """The learner waits for the first clip in silence: it begins at its first sound, or only a little
        later where the voice is known to fall behind. Before a later one a pause is nothing unusual."""
        speed = self._delivery.speed
        if last is None:
            return Spoken(segment.text, speed, lambda: 0, FIRST_PATIENCE_MS if self.behind else 0)
        wanted_ms = pause_ms(last.text, new_line=segment.new_line) - last.tail_ms
        return Spoken(segment.text, speed, lambda: wanted_ms - self._dry_ms, math.inf)

    @property
    def _dry_ms(self) -> float:
        """For how long the learner has heard nothing already."""
        return 0 if self._unsent_ms else self.pace.dry_ms

    async def _make_clip(self, voice: Synthesizer, clip: Spoken, clips: Channel[ReplyNews]) -> None:
        due_ms, delivery = round(self.pace.lead_ms + self._unsent_ms), self._delivery
        try:
            async with voice.synthesize(
                clip.text, voice=delivery.speaker, speed=delivery.speed, due_ms=due_ms
            ) as sounds:
                asked_at = anyio.current_time()
                async for sound in sounds:
                    if not isinstance(sound, Captioned):
                        self._mark("first_audio_made")
                    waited_ms = (anyio.current_time() - asked_at) * 1000
                    await self._send(clip.hear(sound, waited_ms), clips)
                    asked_at = anyio.current_time()
        except EngineError:
            await self._send(clip.end(), clips)
            raise
        await self._send(clip.end(), clips)
        if clip.rate is not None:
            self.behind = clip.rate < 1

    async def _send(self, said: list[Said], clips: Channel[ReplyNews]) -> None:
        for one in said:
            if isinstance(one, Captioned):
                await clips.put(ClipCaptioned(self.id, one.words))
                continue
            pcm, pause = (one.pcm, True) if isinstance(one, Pause) else (one, False)
            size = PLENTY_BYTES if self.pace.lead_ms + self._unsent_ms >= PLENTY_MS else SOUND_BYTES
            self._unsent_ms += _ms(pcm)
            for at in range(0, len(pcm), size):
                await clips.put(ClipSounded(self.id, pcm[at : at + size], pause))

    async def _make_call(self, delta: CallDelta, clips: Channel[ReplyNews]) -> None:
        """A name comes with the first piece of a call."""
        if delta.name:
            await clips.put(CallBegan(self.id, delta.call_id or f"call_{self.id}_{delta.index}", delta.name))
        if delta.arguments:
            await clips.put(CallGrew(self.id, delta.arguments))

    async def _push(self, clips: Channel[ReplyNews], post: Post) -> None:
        with clips.emptying():
            await self._released.wait()
            async for news in clips:
                if isinstance(news, ClipSounded):
                    await self.pace.room()
                    self.pace.sent(_ms(news.pcm))
                    self._unsent_ms -= _ms(news.pcm)
                await post(news)

    def _failed(self, error: EngineError) -> None:
        """The first failure is the one that is told."""
        if self._end.error is None:
            self._end = replace(self._end, error=error)


def _ms(pcm: bytes) -> float:
    return len(pcm) * 500 / VOICE_RATE
