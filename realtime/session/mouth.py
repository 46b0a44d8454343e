"""The speaking side of a session: the conversation's reply, and how much of it was heard."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Literal

from realtime import metrics, tracing
from realtime.engines.protocols import VOICE_RATE
from realtime.protocol.rules import heard_only
from realtime.session.news import ClipSounded, ReplyEnded, SpeechNews, TextWritten
from realtime.session.shared import Shared, now_ms
from realtime.session.speech import Speech
from realtime.talk.conversation import Message
from realtime.talk.moves import StopReason
from realtime.talk.playback import Playback
from realtime.wire.link import Outgoing
from realtime.wire.server_events import ItemDone, ItemTruncated, TutorDuck, TutorLatency

Ending = Literal["completed", "cut", "cancelled"]
KEPT = 64  # earlier items whose playbacks are known: what a client may still truncate


class Mouth:
    """At most one reply at a time is spoken; `speech` is it, from the moment it is held or announced."""

    def __init__(self, shared: Shared) -> None:
        self.speech: Speech | None = None
        self._shared = shared
        self._began_ms = 0.0  # where the reply began in all that the echo was told of
        self._played: dict[str, Playback] = {}  # of earlier replies, by item id

    @property
    def response_id(self) -> str | None:
        """The response that is announced and not done."""
        speech = self.speech
        return speech.wire.id if speech and speech.announced and not speech.complete else None

    @property
    def playing_id(self) -> str | None:
        """The item whose response is done and whose audio still plays."""
        return self.speech.item_id if self.speech and self.speech.complete else None

    @property
    def text(self) -> str:
        """What is being said."""
        playing = self.speech.playbacks.values() if self.speech else ()
        return " ".join(clip.text for playback in playing for clip in playback.clips)

    def playbacks(self) -> Mapping[str, Playback]:
        """What was sent of each spoken item, those being spoken included."""
        return {**self._played, **self.speech.playbacks} if self.speech else self._played

    async def announce(self, speech: Speech) -> None:
        if not speech.announced:
            speech.announced = True
            await self._tell_all(speech.wire.opened())

    async def take(self, news: SpeechNews) -> bool:
        """Put a reply's news on the wire. True when it was the first that the learner hears or reads."""
        speech = self._speaking(news.reply_id)
        if speech is None:
            return False
        first = not speech.sounded and isinstance(news, ClipSounded | TextWritten)
        if isinstance(news, ClipSounded):
            self._sound(speech, news.pcm)
        events = speech.take(news, self._shared.conversation.last_id)
        self._keep(speech)
        if isinstance(news, ClipSounded) and speech.item_id:
            self._shared.tape.record(speech.item_id, news.pcm, VOICE_RATE)
        await self._tell_all(events)
        if isinstance(news, ClipSounded):
            speech.stages.mark("first_audio_out")
        return first

    async def complete(self, news: ReplyEnded) -> None:
        """All of the reply has been sent, or an engine failed on the way."""
        speech = self._speaking(news.reply_id)
        if speech is None:
            return
        metrics.count_reply(news.error)
        events = speech.end(news)
        self._keep(speech)
        await self._tell_all(events)

    async def finish(self, reply_id: str) -> bool:
        """The reply has been heard to its end. False for one that was stopped before."""
        speech = self._speaking(reply_id)
        if speech is None:
            return False
        self.speech = None
        self._lay_by(speech)
        self._observe(speech, "completed")
        await self._tell_stages(speech)
        return True

    async def stop(self, reason: StopReason) -> Speech | None:
        """End the reply, wait for its end, close it on the wire, keep only what was heard."""
        self.account()
        speech = await self.drop()
        if speech is None or not speech.announced:
            return speech
        running = not speech.complete
        if running:
            metrics.replies.labels("cancelled").inc()
            events = speech.wire.over("cancelled", reason)
            self._keep(speech)
            await self._tell_all(events)
        if self._shared.tutor:
            for item_id in speech.playbacks:
                await self._cut(item_id, tell=not running)
        await self._tell_stages(speech)
        return speech

    async def drop(self) -> Speech | None:
        """End the reply and wait for its end; nothing is told."""
        speech, self.speech = self.speech, None
        if speech is not None:
            if speech.reply:
                await speech.reply.stop()
            if speech.sounded:
                self._shared.echo.cut(now_ms())
            self._lay_by(speech)
        return speech

    async def retire(self) -> None:
        """Make room for the next reply: one that only still plays is no longer waited for."""
        if self.speech and self.speech.complete:
            await self.hush()

    async def hush(self) -> None:
        """It is not played on."""
        self.account()
        speech = await self.drop()
        if speech and speech.announced:
            await self._tell_stages(speech)

    def account(self) -> None:
        """It is stopped: noted as over before anything is waited for, since the talk may end meanwhile."""
        if self.speech and self.speech.announced:
            self._observe(self.speech, "cut" if self.speech.complete else "cancelled")

    async def play(self, item_id: str, played_ms: int) -> None:
        """The client's playhead moved. A last report after a cut says what was really heard."""
        if self.speech and item_id in self.speech.playbacks:
            self._move(self.speech, item_id, played_ms)
            if self.speech.reply and self.speech.stages.play(self.speech.reply.pace.played_ms):
                await self._tell_stages(self.speech)
        elif item_id in self._played:
            self._played[item_id] = self._played[item_id].play(played_ms)
            entry = next((entry for entry in self._shared.conversation.entries if entry.id == item_id), None)
            if isinstance(entry, Message) and entry.status == "incomplete":
                self._keep_heard(item_id)

    def follows(self, item_id: str, played_ms: float) -> bool:
        """`play`, where the client is told nothing of it: a playhead in what is being heard."""
        speech = self.speech
        if speech is None or item_id not in speech.playbacks or not speech.stages.played:
            return False
        self._move(speech, item_id, played_ms)
        return True

    def _move(self, speech: Speech, item_id: str, played_ms: float) -> None:
        speech.hear(item_id, played_ms)
        self._follow(speech)

    async def duck(self, *, on: bool) -> None:
        self._shared.echo.duck(on, now_ms())
        await self._shared.tell_tutor(TutorDuck(on=on))

    def _observe(self, speech: Speech, ending: Ending) -> None:
        """It is over: where its time went."""
        stages = speech.stages
        report = stages.report()
        metrics.observe_stages(report, stages.cue.kind)
        ended = "failed" if speech.failed else ending
        told = tracing.Told(stages.cue.kind, ended, speech.held, stages.lasted_ms, report)
        tracing.record(self._shared.source, told)

    async def _tell_stages(self, speech: Speech) -> None:
        """Once: when all are known, or no more will be."""
        if not speech.told:
            speech.told = True
            kind, report = speech.stages.cue.kind, speech.stages.report()
            await self._shared.tell_tutor(TutorLatency(response_id=speech.wire.id, kind=kind, stages=report))

    def _sound(self, speech: Speech, pcm: bytes) -> None:
        """It will be played: the microphone may hear it, too."""
        if not speech.sounded:
            self._began_ms = self._shared.echo.sent_ms
            self._shared.echo.begin(now_ms())
        self._shared.echo.send(pcm)
        if not self._shared.tutor:  # a client of tutor.v1 reports its playhead
            self._follow(speech)

    def _follow(self, speech: Speech) -> None:
        if speech.reply:
            self._shared.echo.playhead(self._began_ms + speech.reply.pace.played_ms, now_ms())

    def _speaking(self, reply_id: str) -> Speech | None:
        """The reply, unless this is late news of one that was stopped."""
        speech = self.speech
        return speech if speech and speech.reply and speech.reply.id == reply_id else None

    def _keep(self, speech: Speech) -> None:
        """The reply's items, as they are now, are items of the conversation; deleted ones stay deleted."""
        shared = self._shared
        newest = [speech.wire.open] if speech.wire.open else []
        for entry in chain(speech.wire.entries, newest):
            if shared.holds(entry.id):
                # What the client truncated stays as it was heard, whatever more was made of it.
                truncated = shared.conversation.find(entry.id).status != "in_progress"
                if not truncated and entry.status != "in_progress":
                    shared.conversation = shared.conversation.change(entry.id, lambda _, new=entry: new)
            elif entry.id not in speech.kept:
                shared.conversation = shared.conversation.add(entry)
            speech.kept.add(entry.id)

    async def _cut(self, item_id: str, *, tell: bool) -> None:
        playback = self._played[item_id]
        heard_all = playback.played_ms >= playback.sent_ms
        if not self._shared.holds(item_id) or (heard_all and tell):
            return
        self._keep_heard(item_id)
        if tell:
            played_ms = int(playback.played_ms)
            await self._shared.tell(ItemTruncated(item_id=item_id, content_index=0, audio_end_ms=played_ms))

    def _keep_heard(self, item_id: str) -> None:
        if self._shared.holds(item_id):
            playback = self._played[item_id]
            self._shared.tape.cut(item_id, playback.played_ms)
            cut = heard_only(playback, playback.played_ms)
            self._shared.conversation = self._shared.conversation.change(item_id, cut)

    async def _tell_all(self, events: Sequence[Outgoing]) -> None:
        """The conversation has nothing to say of an item that the client deleted meanwhile."""
        for event in events:
            if not isinstance(event, ItemDone) or self._shared.holds(event.item.id or ""):
                await self._shared.tell(event)

    def _lay_by(self, speech: Speech) -> None:
        speech.lay_by()
        self._played |= speech.playbacks
        for item_id in list(self._played)[:-KEPT]:
            del self._played[item_id]
