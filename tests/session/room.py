"""A learner's room, made up: the tutor out of a loudspeaker and back in the microphone, and the learner."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.learners import spoken
from realtime.engines.protocols import SAMPLE_RATE as RATE
from realtime.engines.protocols import VOICE_RATE, Samples
from realtime.session.echo import WINDOW, Echo
from realtime.session.gather import MARGIN
from realtime.session.silero import VoiceModel
from realtime.session.vad import VoiceActivity
from realtime.talk.moves import (
    WINDOW_MS,
    Activity,
    Duck,
    Effect,
    ForgetUtterance,
    Recognised,
    ReplyAsked,
    ReplySounded,
    StopReply,
    Transcribe,
    Window,
)
from realtime.talk.turn import Policy, Turn, advance

SPEECH = Path(__file__).parents[1] / "data"
ROOM = 33  # root mean square of the room's noise, of 32768: -60 dBFS
LOUD = 3000
PIECE_MS, LEAD_MS, REPORT_MS = 100, 2000, 100
JITTER_MS = 60  # by which the client's word of its playhead may be late
CLIENT_DUCKED = 0.2
RECOGNITION_MS = 160

Sound = NDArray[np.float64]


def tutor_says(text: str, voice: str = "en-us") -> Sound:
    return _at(LOUD, spoken(text, voice, 1).astype(float))


def human(name: str, level: float = LOUD) -> Sound:
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return _at(level, soxr.resample(sound.astype(float), file.getframerate(), RATE))


def _at(level: float, sound: Sound) -> Sound:
    voiced = sound[np.abs(sound) > 50]
    begins = int(np.argmax(np.abs(sound) > 300))
    return sound[begins:] * (level / np.sqrt(np.mean(voiced**2)))


@dataclass(frozen=True)
class Room:
    """`echo_db`: how loud the tutor comes back; None for headphones. `late_ms`: after what delay.

    `stalls_ms`: the client's loudspeaker stands still once for so long, and nobody is told.
    """

    echo_db: float | None = None
    late_ms: int = 0
    seed: int = 0
    reverberation_s: float = 0.4
    stalls_ms: int = 0

    def echo_of(self, tutor: Sound) -> Sound:
        if self.echo_db is None:
            return np.zeros(len(tutor))
        dice = np.random.default_rng(self.seed)
        time = np.arange(int(RATE * self.reverberation_s)) / RATE
        tail = dice.normal(size=len(time)) * 10 ** (-3 * time / self.reverberation_s)
        tail *= 0.5 / np.sqrt(np.sum(tail**2))
        tail[0] = 1
        heard = np.convolve(tutor, tail / np.sqrt(np.sum(tail**2))) * 10 ** (self.echo_db / 20)
        late, stall = (np.zeros(RATE * ms // 1000) for ms in (self.late_ms, self.stalls_ms))
        return np.concatenate((late, heard[: len(heard) // 2], stall, heard[len(heard) // 2 :]))


class Scene:
    """One reply of the tutor, with the learner's voice from `onset_ms` on; the real parts decide.

    The recogniser is scripted: it finds a word where the learner has spoken, none where nobody has.
    `told`: the echo is told from the learner, as in a session. `policy`: `tutor.v1`'s, if none is given.
    """

    def __init__(
        self,
        room: Room,
        tutor: Sound,
        learner: Sound | None = None,
        onset_ms: int = 0,
        *,
        told: bool = True,
        policy: Policy | None = None,
    ) -> None:
        self.echo = Echo()
        self._told = told
        self.did: list[tuple[int, Effect]] = []
        self.heard_at_ms: list[int] = []  # windows that were taken for a learner's speech
        self._room = room
        self._dice = np.random.default_rng(room.seed)
        self._tutor = tutor
        self._learner, self._onset = learner, onset_ms * RATE // 1000
        self._activity = VoiceActivity(VoiceModel())
        self._policy = policy or Policy(graceful=True, live=True)
        self._turn = Turn()

    def play(self) -> "Scene":
        """The whole of it; ends when the tutor has been stopped."""
        self._happen(0, ReplyAsked())
        self._happen(0, ReplySounded())
        news: list[tuple[int, Recognised]] = []
        for number, window in enumerate(self._windows(), 1):
            now_ms = number * WINDOW_MS
            activity = self._hears(window, now_ms)
            speech = activity == "speech"
            self.heard_at_ms += [now_ms] if speech else []
            for due_ms, known in news:
                if due_ms == now_ms:
                    self._happen(now_ms, known)
            for effect in self._happen(now_ms, Window(activity)):
                if isinstance(effect, Duck):
                    self.echo.duck(effect.on, now_ms)
                if isinstance(effect, Transcribe):
                    spoke = self._learner is not None and now_ms * RATE // 1000 > self._onset
                    due_ms = now_ms + RECOGNITION_MS
                    news.append((due_ms, Recognised(effect.revision, empty=not spoke, word=spoke)))
            if self.cut_at_ms is not None:
                break
        return self

    @property
    def ducks(self) -> int:
        return sum(isinstance(effect, Duck) and effect.on for _, effect in self.did)

    @property
    def ducked_at_ms(self) -> int | None:
        return next((at for at, effect in self.did if isinstance(effect, Duck) and effect.on), None)

    @property
    def cut_at_ms(self) -> int | None:
        return next((at for at, effect in self.did if isinstance(effect, StopReply)), None)

    @property
    def taken_back(self) -> int:
        return sum(isinstance(effect, ForgetUtterance) for _, effect in self.did)

    def _happen(
        self, now_ms: int, event: Window | Recognised | ReplyAsked | ReplySounded
    ) -> tuple[Effect, ...]:
        self._turn, effects = advance(self._turn, event, self._policy)
        self.did += [(now_ms, effect) for effect in effects]
        return effects

    def _hears(self, window: Samples, now_ms: int) -> Activity:
        """What is no louder than the room is not looked into."""
        quiet = np.square(window, dtype=float).mean() < MARGIN * ROOM**2
        [speech] = (self._activity.skip if quiet else self._activity.judge)(window[None])
        if self._told and not quiet:
            return self.echo.others(window[None], now_ms, [speech])[0]
        if self._told:
            self.echo.unheard(window[None], now_ms)
        return "speech" if speech else "silence"

    def _windows(self) -> Iterator[Samples]:
        """What the microphone hears, while the client plays, ducks and reports."""
        heard = self._room.echo_of(self._tutor)
        pcm = soxr.resample(self._tutor, RATE, VOICE_RATE).astype(np.int16).tobytes()
        piece, sent = VOICE_RATE * 2 * PIECE_MS // 1000, 0
        self.echo.begin(0)
        for at in range(0, len(heard) - WINDOW, WINDOW):
            begins_ms, now_ms = at * 1000 // RATE, (at + WINDOW) * 1000 // RATE
            while sent < len(pcm) and self.echo.sent_ms < begins_ms + LEAD_MS:
                self.echo.send(pcm[sent : sent + piece])
                sent += piece
            if now_ms % (3 * WINDOW_MS) == 0:
                told_ms = now_ms - self._dice.uniform(0, JITTER_MS)
                self.echo.playhead(min(told_ms, self.echo.sent_ms), now_ms)
            loudness = CLIENT_DUCKED if self._turn.ducked else 1
            window = heard[at : at + WINDOW] * loudness + self._dice.normal(0, ROOM, WINDOW)
            said = self._said(at)
            window[: len(said)] += said
            yield np.clip(window, -32768, 32767).astype(np.int16)

    def _said(self, at: int) -> Sound:
        begins = max(0, at - self._onset)
        if self._learner is None or at < self._onset:
            return np.zeros(0)
        return self._learner[begins : begins + WINDOW]
