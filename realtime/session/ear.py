"""The listening side of a session: audio in, utterances and their recognition, transcripts out."""

from collections.abc import Iterator

import anyio
from anyio.abc import TaskGroup

from realtime import metrics
from realtime.engines.protocols import SAMPLE_RATE, Hearing, Samples, Transcriber
from realtime.errors import EngineError
from realtime.protocol.items import to_wire
from realtime.session.audio import InputAudio, to_ms, to_samples
from realtime.session.gather import Sound
from realtime.session.news import RecognitionEnded
from realtime.session.shared import Post, Shared, new_id, now_ms
from realtime.session.steady import Steady
from realtime.session.utterance import Utterance
from realtime.session.vad import VoiceActivity
from realtime.talk import agreement, endpoint, moves
from realtime.talk.backchannel import asks_for_the_turn
from realtime.talk.conversation import Message, Part, transcribed
from realtime.talk.likeness import echoes
from realtime.talk.moves import WINDOW_MS, Activity
from realtime.talk.transcript import Transcript, Word
from realtime.wire.server_events import (
    Committed,
    DurationUsage,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionError,
    TranscriptionFailed,
    TutorTentative,
)

PARTIAL_DUE_MS = 500
PIECE_BYTES = (
    2**16
)  # an append may hold minutes: it is resampled in pieces, so that others are served between


class Ear:
    """`tasks` is the session's task group: recognitions live in it. `post` takes their news."""

    def __init__(
        self,
        shared: Shared,
        transcriber: Transcriber,
        activity: VoiceActivity,
        tasks: TaskGroup,
        post: Post,
    ) -> None:
        self.audio = InputAudio(shared.config.audio.input.format)
        self.activity = activity
        self.pre_roll_ms = 300
        self._clock = Steady()  # of the audio: a frame may be late, none is early
        self.heard: dict[str, Transcript | None] = {}  # by item, until it is answered; None: it failed
        self._shared = shared
        self._transcriber = transcriber
        self._tasks = tasks
        self._post = post
        self._open: Utterance | None = None
        self._last: Utterance | None = None  # committed last, while it may be taken in again
        self._brought = 0  # recognitions of items that the client made, counted down
        self._mark = 0  # audio before this belongs to what was committed or cleared

    @property
    def buffered_ms(self) -> int:
        """Audio that a commit would take; in silence that is the pre-roll of what may come."""
        return to_ms(self.audio.end - (self._open.start if self._open else self._mark))

    def ago_ms(self, windows_ms: int) -> float:
        """How long ago the audio came that lies so far back from the last window; a late frame changes that
        little."""
        return now_ms() - self._heard_at_ms + windows_ms

    @property
    def _heard_at_ms(self) -> float:
        """When the end of the last window was in the microphone, the way to here included."""
        return to_ms(self.audio.end) - self._clock.lead_ms

    @property
    def utterance(self) -> Utterance | None:
        """The one that is open."""
        return self._open

    def judged(self, sound: Sound) -> Iterator[list[Activity]]:
        """Take in audio in the client's format. Of each piece: what is the learner's in its windows. They are
        still to be handed out: whatever one of them leads to, the piece has been judged."""
        judge = self.activity.skip if sound.quiet else self.activity.judge
        for at in range(0, len(sound.pcm), PIECE_BYTES):
            windows = self.audio.write(sound.pcm[at : at + PIECE_BYTES])
            if len(windows):
                yield self._others(windows, judge(windows), quiet=sound.quiet)

    def _others(self, windows: Samples, speech: list[bool], *, quiet: bool) -> list[Activity]:
        """The tutor may be in the microphone, too."""
        self._clock.tell(to_ms(self.audio.end + self.audio.waiting), now_ms())
        echo, heard_at_ms = self._shared.echo, self._heard_at_ms + WINDOW_MS
        if echo.audible(heard_at_ms):
            if not quiet:
                return echo.others(windows, heard_at_ms, speech)
            echo.unheard(windows, heard_at_ms)
        return ["speech" if spoken else "silence" for spoken in speech]

    def idle(self) -> None:
        """Nobody speaks: only the pre-roll of what may come is kept."""
        self._mark = max(self._mark, self.audio.end - to_samples(self.pre_roll_ms + 500))
        self.audio.forget_before(self._last.start if self._last else self._mark)

    async def open(self, speech_ms: int, *, rejoin: bool) -> None:
        """Speech began `speech_ms` ago. `rejoin`: what was committed last was not the end."""
        taken = self._last if rejoin else None
        start = self.audio.end - to_samples(speech_ms + self.pre_roll_ms)
        start = taken.start if taken else max(start, self._mark)
        self._open = Utterance(new_id("item"), max(start, self.audio.start))
        self._last = None
        if taken:
            taken.abandon()
            self._open.agreement = taken.agreement
            self.heard.pop(taken.item_id, None)
        if taken and self._shared.holds(taken.item_id):
            self._shared.conversation = self._shared.conversation.delete(taken.item_id)
            await self._shared.tell(ItemDeleted(item_id=taken.item_id))

    async def announce(self) -> None:
        """Tell the client that the learner speaks."""
        if self._open:
            self._open.announced = True
            started = SpeechStarted(audio_start_ms=to_ms(self._open.start), item_id=self._open.item_id)
            await self._shared.tell(started)
            if self._shared.policy.live:
                await self._tell_settled(self._open, self._open.agreement.committed)

    def transcribe(self, revision: int, *, whole: bool, expected: tuple[str, ...]) -> None:
        utterance = self._at_mark()
        utterance.abandon()
        utterance.revision, utterance.expected = revision, expected
        utterance.transcript = utterance.failure = None
        utterance.recognition = anyio.CancelScope()
        settled = utterance.agreement
        audio = self.audio.cut(utterance.start + to_samples(settled.cut_ms), self.audio.end)
        kind, due_ms = ("final", 0) if whole else ("partial", PARTIAL_DUE_MS)
        prompt = f"{self._shared.hearing_prompt} {settled.prompt}".strip()
        hearing = Hearing(audio, kind, expected, due_ms, prompt, self._shared.languages)
        self._tasks.start_soon(self._recognise, utterance, hearing, revision, utterance.recognition)

    async def commit(self, *, rejoinable: bool, silent: bool = False) -> Utterance:
        """The utterance becomes an item; its transcript follows, or goes out now if it is known.

        `silent`: there was no speech in it.
        """
        utterance, shared = self._at_mark(), self._shared
        if silent:
            utterance.abandon()
            utterance.conclude(Transcript())
        utterance.end = self._mark = self.audio.end
        heard = self.audio.cut(utterance.start, utterance.end)
        shared.tape.record(utterance.item_id, heard.tobytes(), SAMPLE_RATE)
        self._open, self._last = None, utterance if rejoinable else None
        self.audio.forget_before(utterance.start if rejoinable else utterance.end)
        if utterance.announced:
            stopped = SpeechStopped(audio_end_ms=to_ms(self.audio.received), item_id=utterance.item_id)
            await shared.tell(stopped)
        before = shared.conversation.last_id
        await shared.tell(Committed(item_id=utterance.item_id, previous_item_id=before))
        message = Message(utterance.item_id, "user", (Part("input_audio", None),))
        shared.conversation = shared.conversation.add(message)
        item = to_wire(message)
        await shared.tell(ItemAdded(previous_item_id=before, item=item))
        await shared.tell(ItemDone(previous_item_id=before, item=item))
        if utterance.known:
            await self._publish(utterance)
        return utterance

    def bring(self, item_id: str, samples: Samples, expected: tuple[str, ...]) -> int:
        """The client puts recorded speech into the conversation. The number of its recognition."""
        self._brought -= 1
        scope = anyio.CancelScope()
        utterance = Utterance(item_id, 0, len(samples), revision=self._brought, recognition=scope)
        hearing = Hearing(samples, "final", expected, 0, languages=self._shared.languages)
        self._tasks.start_soon(self._recognise, utterance, hearing, self._brought, scope)
        return self._brought

    async def time_out(self) -> None:
        """The learner has been silent for long: an empty item says so."""
        self._open = silent = Utterance(new_id("item"), max(self._mark, self.audio.start))
        silent.transcript = Transcript()
        start_ms, end_ms = to_ms(silent.start), to_ms(self.audio.end)
        timeout = TimeoutTriggered(audio_start_ms=start_ms, audio_end_ms=end_ms, item_id=silent.item_id)
        await self._shared.tell(timeout)
        await self.commit(rejoinable=False)

    def settle(self) -> None:
        """The reply is being heard: what was committed is not taken in again."""
        self._last = None

    def forget(self) -> None:
        if self._open:
            self._open.abandon()
        self._open = None
        self._mark = self.audio.end

    async def take(self, news: RecognitionEnded, over: str = "") -> moves.Recognised:
        """A recognition has ended; `over`: what the tutor says meanwhile, for its echo is no utterance."""
        utterance, outcome = news.utterance, news.outcome
        if isinstance(outcome, Transcript) and echoes(outcome.text, over):
            outcome = Transcript()
        words = outcome.words if isinstance(outcome, Transcript) else ()
        if news.whole and news.revision == utterance.revision:
            if isinstance(outcome, Transcript):
                utterance.conclude(outcome)
                utterance.cue.know()
                words = utterance.words
            else:
                utterance.failure = outcome
            if utterance.end is not None:
                await self._publish(utterance)
        elif utterance.end is None:
            utterance.guess = None
            if isinstance(outcome, Transcript) and words:
                await self._show(utterance, outcome)
        # A failure counts as words: the learner did speak, and is asked to say it again.
        failed = not isinstance(outcome, Transcript)
        settled = words if news.whole else utterance.agreement.committed
        return moves.Recognised(
            news.revision,
            empty=not (failed or words),
            word=asks_for_the_turn(settled),
            failed=failed,
            ending=self._ending(utterance, words) if news.whole else "open",
            guess=not news.whole and utterance.guess is not None,
            guessed=news.whole and not failed and utterance.guessed,
        )

    def _ending(self, utterance: Utterance, words: tuple[Word, ...]) -> endpoint.Ending:
        heard = utterance.transcript
        on_script = heard.on_script if heard else None
        asked = self._shared.conversation.last_said
        return endpoint.ending(words, expected=utterance.expected, asked=asked, on_script=on_script)

    async def _show(self, utterance: Utterance, part: Transcript) -> None:
        heard = agreement.hear(utterance.agreement, part.words)
        if part.on_script is None:  # how surely a lesson's line was said is known of the whole alone
            utterance.guess = Transcript(heard.committed + heard.tentative)
        utterance.agreement = agreement.trim(heard, to_ms(self.audio.end - utterance.start))
        if not (self._shared.policy.live and utterance.announced):
            return
        await self._tell_settled(utterance, heard.committed)
        await self._tell_tentative(utterance, heard.tentative)

    async def _publish(self, utterance: Utterance) -> None:
        """The transcript is known and the utterance is committed."""
        item_id, shared = utterance.item_id, self._shared
        if not shared.holds(item_id):
            return
        self.heard[item_id] = utterance.transcript
        if utterance.transcript is None:
            await self._tell_failed(utterance)
            return
        text = utterance.text
        shared.conversation = shared.conversation.change(item_id, lambda entry: transcribed(entry, text))
        if not (shared.tutor or shared.config.audio.input.transcription):
            return
        if utterance.tentative:
            await self._tell_tentative(utterance, ())
        await self._tell_settled(utterance, utterance.words)
        seconds = to_ms((utterance.end or utterance.start) - utterance.start) / 1000
        usage = DurationUsage(seconds=seconds)
        await shared.tell(TranscriptionCompleted(item_id=item_id, transcript=text, usage=usage))

    async def _tell_settled(self, utterance: Utterance, words: tuple[Word, ...]) -> None:
        """Those of them that the client has not been told yet."""
        text = " ".join(word.text for word in words[utterance.told :])
        if text:
            delta = f" {text}" if utterance.told else text
            utterance.told = len(words)
            await self._shared.tell(TranscriptionDelta(item_id=utterance.item_id, delta=delta))

    async def _tell_tentative(self, utterance: Utterance, words: tuple[Word, ...]) -> None:
        if self._shared.tutor:
            utterance.tentative = bool(words)
            text = " ".join(word.text for word in words)
            await self._shared.tell(TutorTentative(item_id=utterance.item_id, text=text))

    async def _tell_failed(self, utterance: Utterance) -> None:
        failure = utterance.failure
        if failure is not None:
            metrics.engine_errors.labels(failure.stage, failure.code).inc()
        error = TranscriptionError(
            type="server_error", code=failure.code if failure else "engine_error", message=str(failure)
        )
        await self._shared.tell(TranscriptionFailed(item_id=utterance.item_id, error=error))

    def _at_mark(self) -> Utterance:
        """Without voice activity the utterance is all since the last commit."""
        if self._open is None:
            self._open = Utterance(new_id("item"), max(self._mark, self.audio.start))
        return self._open

    async def _recognise(
        self, utterance: Utterance, hearing: Hearing, revision: int, scope: anyio.CancelScope
    ) -> None:
        with scope:
            outcome: Transcript | EngineError
            begins_ms = utterance.agreement.cut_ms
            try:
                outcome = (await self._transcriber.transcribe(hearing)).later(begins_ms)
            except EngineError as error:
                outcome = error
            await self._post(RecognitionEnded(utterance, revision, hearing.kind == "final", outcome))
