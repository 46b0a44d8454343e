"""A reply as its session sees it: its wire form, what was sent of it, how much of it was heard."""

from dataclasses import dataclass, field
from functools import cached_property

from realtime.engines.protocols import VOICE_RATE
from realtime.protocol.response import ResponseWire
from realtime.session.author import Plan
from realtime.session.corrector import Heard
from realtime.session.encoder import Encoder
from realtime.session.news import (
    CallBegan,
    CallGrew,
    ClipBegan,
    ClipCaptioned,
    ClipEnded,
    ClipSounded,
    ReplyEnded,
    SpeechNews,
    TextWritten,
)
from realtime.session.pace import PlayheadPace
from realtime.session.reply import Reply
from realtime.session.shared import Version, new_id
from realtime.session.stages import Stages
from realtime.talk.conversation import Message
from realtime.talk.playback import Playback
from realtime.wire.items import ResponseError
from realtime.wire.link import Outgoing
from realtime.wire.server_events import CaptionWord, Error, ErrorEvent, TutorCaption, TutorClip


@dataclass(eq=False)
class Speech:
    """`plan` and `reply` are None until its transcript is known. `binary`: clips in frames of their own."""

    wire: ResponseWire
    binary: bool
    reply: Reply | None = None
    plan: Plan | None = None
    held: bool = False  # begun before the endpoint
    version: Version = (0, 0)
    announced: bool = False
    to_correct: tuple[Heard, ...] = ()  # what it answers, until it is heard
    complete: bool = False  # its response is done; it may still be playing
    failed: bool = False
    told: bool = False  # the client knows its stages
    stages: Stages = field(default_factory=Stages)
    kept: set[str] = field(default_factory=set[str])  # items that have been in the conversation
    playbacks: dict[str, Playback] = field(default_factory=dict[str, Playback])  # by item id

    @property
    def sounded(self) -> bool:
        return any(playback.sent_ms > 0 for playback in self.playbacks.values())

    @property
    def item_id(self) -> str | None:
        """The message that was begun last."""
        return next(reversed(self.playbacks), None)

    def take(self, news: SpeechNews, previous_item_id: str | None) -> list[Outgoing]:
        """The wire form of the reply's news; `previous_item_id` is the conversation's last item."""
        match news:
            case ClipBegan(text=text):
                begun = self._message(previous_item_id)
                self._play(self._now.begin(text.strip()))
                return [*begun, *self._clip(text.strip()), *self.wire.say(text)]
            case ClipCaptioned(words=words):
                self._play(self._now.caption(words))
                return self._caption()
            case ClipSounded(pcm=pcm, pause=pause):
                self._play(self._now.send(len(pcm) * 500 / VOICE_RATE, pause=pause))
                return [pcm] if self.binary else self._deltas(pcm)
            case ClipEnded():
                self._play(self._now.end())
                return []
            case TextWritten(text=text):
                return [*self._message(previous_item_id), *self.wire.say(text)]
            case CallBegan(call_id=call_id, name=name):
                return [*self.wire.begin_call(new_id("item"), previous_item_id, call_id, name)]
            case CallGrew(arguments=arguments):
                return [*self.wire.argue(arguments)]

    def end(self, news: ReplyEnded) -> list[Outgoing]:
        """All of it has been sent, or an engine failed on the way."""
        self.complete, self.failed = True, news.error is not None
        if news.error is not None:
            failure = news.error
            told = ErrorEvent(error=Error(type="server_error", code=failure.code, message=str(failure)))
            error = ResponseError(type="server_error", code=failure.code, message=str(failure))
            return [told, *self.wire.over("failed", error=error, usage=news.usage)]
        if news.short:
            return [*self.wire.over("incomplete", "max_output_tokens", usage=news.usage)]
        return [*self.wire.over("completed", usage=news.usage)]

    def hear(self, item_id: str, played_ms: float) -> None:
        """The client's playhead is in one of its items."""
        if self.reply and isinstance(self.reply.pace, PlayheadPace):
            self.reply.pace.played(self._offset_ms(item_id) + played_ms)

    def lay_by(self) -> None:
        """It is over: each item's playback as far as it was heard."""
        if self.reply is None:
            return
        played_ms = self.reply.pace.played_ms
        for item_id, playback in self.playbacks.items():
            self.playbacks[item_id] = playback.play(played_ms - self._offset_ms(item_id))

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(self.wire.asked.config.audio.output.format)

    @property
    def _now(self) -> Playback:
        return self.playbacks[self.item_id or ""]

    def _play(self, playback: Playback) -> None:
        self.playbacks[self.item_id or ""] = playback

    def _message(self, previous_item_id: str | None) -> list[Outgoing]:
        if isinstance(self.wire.open, Message):
            return []
        item_id = new_id("item")
        self.playbacks[item_id] = Playback()
        return [*self.wire.begin_message(item_id, previous_item_id)]

    def _deltas(self, pcm: bytes) -> list[Outgoing]:
        return [*self.wire.sound(self._encoder.encode(pcm), self._encoder.delta_bytes)]

    def _offset_ms(self, item_id: str) -> float:
        """Audio of the items before this one: the playhead of a reply runs through all of them."""
        before = 0.0
        for id, playback in self.playbacks.items():
            if id == item_id:
                break
            before += playback.sent_ms
        return before

    def _clip(self, text: str) -> list[Outgoing]:
        if not self.binary or not self.wire.spoken:
            return []
        number = len(self._now.clips) - 1
        return [TutorClip(response_id=self.wire.id, item_id=self.item_id or "", clip=number, text=text)]

    def _caption(self) -> list[Outgoing]:
        if not self.binary:
            return []
        clips = self._now.clips
        words = tuple(
            CaptionWord(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms)
            for word in clips[-1].words
        )
        return [TutorCaption(item_id=self.item_id or "", clip=len(clips) - 1, words=words)]
