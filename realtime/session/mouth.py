"""The speaking side of a session: the conversation's reply, its wire form, and how much of it was heard."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from realtime import metrics
from realtime.engines.protocols import VOICE_RATE
from realtime.errors import EngineError
from realtime.protocol.response import ResponseWire
from realtime.protocol.rules import heard_only
from realtime.session.course import Plan
from realtime.session.news import ClipBegan, ClipCaptioned, ClipEnded, ClipSounded, ReplyEnded
from realtime.session.pace import PlayheadPace
from realtime.session.reply import Reply
from realtime.session.shared import Shared, Version
from realtime.talk.conversation import Entry, Message
from realtime.talk.moves import StopReason
from realtime.talk.playback import Playback
from realtime.wire.items import ResponseError
from realtime.wire.link import Outgoing
from realtime.wire.server_events import (
    CaptionWord,
    Error,
    ErrorEvent,
    ItemTruncated,
    TutorCaption,
    TutorClip,
    TutorLatency,
)


@dataclass(slots=True, eq=False)
class Speech:
    """A reply as the session sees it. `plan` is None until its transcript is known."""

    wire: ResponseWire
    reply: Reply | None = None
    plan: Plan | None = None
    held: bool = False  # begun before the endpoint
    version: Version = (0, 0)
    announced: bool = False
    complete: bool = False  # its response is done; it may still be playing
    playback: Playback = field(default_factory=Playback)

    @property
    def sounded(self) -> bool:
        return self.playback.sent_ms > 0


class Mouth:
    """At most one reply at a time is spoken; `speech` is it, from the moment it is held or announced."""

    def __init__(self, shared: Shared) -> None:
        self.speech: Speech | None = None
        self.played: dict[str, Playback] = {}  # of earlier replies, by item id
        self._shared = shared

    @property
    def response_id(self) -> str | None:
        """The response that is announced and not done."""
        speech = self.speech
        return speech.wire.id if speech and speech.announced and not speech.complete else None

    @property
    def playing_id(self) -> str | None:
        """The item whose response is done and whose audio still plays."""
        speech = self.speech
        return speech.wire.item_id if speech and speech.complete else None

    def known_playbacks(self) -> dict[str, Playback]:
        """What was sent of each spoken item, the one being spoken included."""
        speech = self.speech
        if speech is None or not speech.playback.clips:
            return self.played
        return {**self.played, speech.wire.item_id: speech.playback}

    async def announce(self, speech: Speech) -> None:
        if not speech.announced:
            speech.announced = True
            await self._tell_all(speech.wire.opened())

    async def begin(self, speech: Speech) -> None:
        """The reply has something to say: its message is an item of the conversation now."""
        before = self._shared.conversation.last_id
        events = speech.wire.begin(before)
        if speech.wire.message:
            self._shared.conversation = self._shared.conversation.add(speech.wire.message)
        await self._tell_all(events)

    async def take(self, news: ClipBegan | ClipCaptioned | ClipSounded | ClipEnded) -> bool:
        """Put a reply's news on the wire. True when it was the first that the learner hears or reads."""
        speech = self.speech
        if speech is None or speech.reply is None or speech.reply.id != news.reply_id:
            return False
        first = not speech.sounded
        match news:
            case ClipBegan(text=text):
                speech.playback = speech.playback.begin(text)
                if speech.wire.message is None:
                    await self.begin(speech)
                await self._tell_all([*self._clip(speech, text), *speech.wire.say(text)])
                return not speech.wire.spoken and len(speech.playback.clips) == 1
            case ClipCaptioned(words=words):
                speech.playback = speech.playback.caption(words)
                await self._tell_all(self._caption(speech))
                return False
            case ClipSounded(pcm=pcm):
                speech.playback = speech.playback.send(len(pcm) * 500 / VOICE_RATE)
                await self._tell_all([pcm] if self._shared.tutor else speech.wire.sound(pcm))
                return first
            case ClipEnded():
                speech.playback = speech.playback.end()
                return False

    async def complete(self, news: ReplyEnded) -> None:
        """All of the reply has been sent, or an engine failed on the way."""
        speech = self.speech
        if speech is None or speech.reply is None or speech.reply.id != news.reply_id:
            return
        speech.complete = True
        metrics.replies.labels("failed" if news.error else "completed").inc()
        if news.error is None:
            await self._close(speech, speech.wire.over("completed"))
        else:
            await self._tell_failure(news.error)
            error = ResponseError(type="server_error", code=news.error.code, message=str(news.error))
            await self._close(speech, speech.wire.over("failed", error=error))
        report = self._shared.stages.report()
        for stage, ms in report.items():
            metrics.stage_seconds.labels(stage).observe(ms / 1000)
        if self._shared.tutor:
            await self._shared.tell(TutorLatency(response_id=speech.wire.id, stages=report))

    def finish(self, reply_id: str) -> bool:
        """The reply has been heard to its end. False for one that was stopped before."""
        speech = self.speech
        if speech is None or speech.reply is None or speech.reply.id != reply_id:
            return False
        self.speech = None
        self._lay_by(speech)
        return True

    async def stop(self, reason: StopReason) -> Speech | None:
        """End the reply, wait for its end, close it on the wire, keep only what was heard."""
        speech = await self.drop()
        if speech is None or not speech.announced:
            return speech
        if not speech.complete:
            metrics.replies.labels("cancelled").inc()
            await self._close(speech, speech.wire.over("cancelled", reason))
        if self._shared.tutor and speech.playback.clips:
            await self._cut(speech)
        return speech

    async def drop(self) -> Speech | None:
        """End the reply and wait for its end; nothing is told."""
        speech, self.speech = self.speech, None
        if speech is not None:
            if speech.reply:
                await speech.reply.stop()
            self._lay_by(speech)
        return speech

    async def retire(self) -> None:
        """Make room for the next reply: one that only still plays is no longer waited for."""
        if self.speech and self.speech.complete:
            await self.drop()

    def play(self, item_id: str, played_ms: int) -> None:
        """The client's playhead moved. A last report after a cut says what was really heard."""
        speech = self.speech
        if speech and speech.wire.item_id == item_id:
            if speech.reply and isinstance(speech.reply.pace, PlayheadPace):
                speech.reply.pace.played(played_ms)
        elif item_id in self.played:
            self.played[item_id] = playback = self.played[item_id].play(played_ms)
            entry = _find(self._shared.conversation.entries, item_id)
            if isinstance(entry, Message) and entry.status == "incomplete":
                self._keep_heard(item_id, playback)

    async def _cut(self, speech: Speech) -> None:
        item_id, playback = speech.wire.item_id, speech.playback
        if playback.played_ms >= playback.sent_ms and speech.complete:
            return
        self._keep_heard(item_id, playback)
        if speech.complete:
            played_ms = int(playback.played_ms)
            await self._shared.tell(ItemTruncated(item_id=item_id, content_index=0, audio_end_ms=played_ms))

    def _keep_heard(self, item_id: str, playback: Playback) -> None:
        if self._shared.holds(item_id):
            cut = heard_only(playback, playback.played_ms)
            self._shared.conversation = self._shared.conversation.change(item_id, cut)

    async def _close(self, speech: Speech, events: Sequence[Outgoing]) -> None:
        message = speech.wire.message
        if message and self._shared.holds(message.id):
            self._shared.conversation = self._shared.conversation.change(message.id, lambda _: message)
        await self._tell_all(events)

    async def _tell_failure(self, error: EngineError) -> None:
        metrics.engine_errors.labels(error.stage, error.code).inc()
        failure = Error(type="server_error", code=error.code, message=str(error))
        await self._shared.tell(ErrorEvent(error=failure))

    async def _tell_all(self, events: Sequence[Outgoing]) -> None:
        for event in events:
            await self._shared.tell(event)

    def _lay_by(self, speech: Speech) -> None:
        if speech.reply:
            speech.playback = speech.playback.play(speech.reply.pace.played_ms)
        if speech.playback.clips:
            self.played[speech.wire.item_id] = speech.playback

    def _clip(self, speech: Speech, text: str) -> list[Outgoing]:
        if not self._shared.tutor or not speech.wire.spoken:
            return []
        wire, number = speech.wire, len(speech.playback.clips) - 1
        return [TutorClip(response_id=wire.id, item_id=wire.item_id, clip=number, text=text)]

    def _caption(self, speech: Speech) -> list[Outgoing]:
        if not self._shared.tutor:
            return []
        clips = speech.playback.clips
        words = tuple(
            CaptionWord(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms)
            for word in clips[-1].words
        )
        return [TutorCaption(item_id=speech.wire.item_id, clip=len(clips) - 1, words=words)]


def _find(entries: tuple[Entry, ...], item_id: str) -> Entry | None:
    return next((entry for entry in entries if entry.id == item_id), None)
