"""A clip's sound as it comes: silence trimmed, loudness evened, what goes wrong with it noticed.

However the sound is cut into chunks, the same samples come out: all is decided in frames of 10 ms.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gpu.bark.sentences import TYPICAL, longest_s, shortest_s, syllables

Samples = NDArray[np.float32]
Fault = Literal["silent", "runaway", "short", "misheard"]

RATE = 24_000
FRAME = RATE // 100
FRAME_S = FRAME / RATE

TARGET_DB = -20.0  # where espeak-ng was measured: lines that it says instead are as loud
QUIETER_DB = 30.0  # so far below a voice's level is silence: the hall of a recorded speech was at 29
MOST_GAIN_DB = 15.0
GAIN_DB_A_S = 6.0  # slow enough to be no step
KNOWN_FRAMES = 50  # a level that is known counts as much as half a second of the clip,
UNKNOWN_FRAMES = 5  # one that is only supposed hardly at all
KNEE, HIGHEST = 0.7, 0.99  # of full scale: louder samples are pressed together, so that none is cut

ONSET_FRAMES = 2  # one alone is a click
BEFORE_FRAMES = 5  # soft consonants begin below the threshold
AFTER_FRAMES = 12  # a clip's last silence: what is between two clauses,
SENTENCE_FRAMES = 36  # and what espeak-ng leaves after a sentence
PAUSE_FRAMES = 6
LONGEST_PAUSE_FRAMES = 80

LONGEST_SILENCE_S = 2.0  # before the first sound: longer, there is none to come
OVERTIME = 1.25  # how much longer than its text allows a clip may go on to its next pause


class Shaper:
    """One clip on its way. `level_db`: how loud its voice is, unshaped; the next clip is told."""

    def __init__(self, level_db: float | None = None, after_frames: int = AFTER_FRAMES) -> None:
        self._after = after_frames
        known = TARGET_DB if level_db is None else level_db
        self._threshold = _power(known - QUIETER_DB)
        self._frames = UNKNOWN_FRAMES if level_db is None else KNOWN_FRAMES
        self._power = _power(known) * self._frames
        self._gain_db = _bounded(TARGET_DB - known)
        self._rest: Samples = np.zeros(0, np.float32)
        self._held: list[Samples] = []  # silence that may be the clip's last, and always the newest frame
        self._loud = 0
        self._quiet = 0
        self._given = 0
        self._leading = 0
        self.begun = False
        self.sounded_s = 0.0  # where the last sound ends, once it is finished

    @property
    def level_db(self) -> float:
        return _decibels(self._power / self._frames)

    @property
    def given_s(self) -> float:
        return self._given * FRAME_S

    @property
    def leading_s(self) -> float:
        """Silence so far, before any sound."""
        return self._leading * FRAME_S

    @property
    def pausing(self) -> bool:
        return self._quiet >= PAUSE_FRAMES

    def feed(self, samples: Samples) -> Samples:
        """Takes [n], gives [m] that is ready: at least its newest 10 ms are kept back."""
        samples = np.concatenate((self._rest, samples.astype(np.float32)))
        whole = len(samples) // FRAME * FRAME
        self._rest = samples[whole:]
        return _joined([self._hear(frame) for frame in samples[:whole].reshape(-1, FRAME)])

    def finish(self) -> Samples:
        """The end, faded out, and the silence after it."""
        if not self.begun:
            return _joined([])
        self.sounded_s = self.given_s + FRAME_S
        last = [self._shaped(frame) for frame in self._held[: self._after + 1]]
        last[-1] = last[-1] * np.linspace(1, 0, FRAME, dtype=np.float32)
        missing = (self._after + 1 - len(last)) * FRAME
        self._held = []
        return _joined([*last, np.zeros(missing, np.float32)])

    def _hear(self, frame: Samples) -> Samples:
        power = float(np.mean(frame * frame))
        if power > self._threshold:
            self._loud, self._quiet = self._loud + 1, 0
            self._power, self._frames = self._power + power, self._frames + 1
        else:
            self._loud, self._quiet = 0, self._quiet + 1
        self._held.append(frame)
        return self._go_on() if self.begun else self._await_onset()

    def _await_onset(self) -> Samples:
        if self._loud < ONSET_FRAMES:
            self._leading += 1
            self._held = self._held[-(BEFORE_FRAMES + ONSET_FRAMES) :]
            return _joined([])
        self.begun = True
        self._held[0] = self._held[0] * np.linspace(0, 1, FRAME, dtype=np.float32)
        return self._give()

    def _go_on(self) -> Samples:
        """Silence goes out once a sound follows it: the clip's last stays here."""
        if self._loud >= ONSET_FRAMES or (self._loud and len(self._held) <= ONSET_FRAMES):
            return self._give()
        if len(self._held) > LONGEST_PAUSE_FRAMES:
            del self._held[-2]
        return _joined([])

    def _give(self) -> Samples:
        ready, self._held = self._held[:-1], self._held[-1:]
        return _joined([self._shaped(frame) for frame in ready])

    def _shaped(self, frame: Samples) -> Samples:
        step = GAIN_DB_A_S * FRAME_S
        wanted = _bounded(TARGET_DB - self.level_db) - self._gain_db
        before, self._gain_db = self._gain_db, self._gain_db + min(step, max(-step, wanted))
        self._given += 1
        gains = np.linspace(before, self._gain_db, FRAME + 1, dtype=np.float32)[1:]
        return _pressed(frame * np.power(10, gains / 20, dtype=np.float32))


class Take:
    """One attempt at a text: PCM16 in, PCM16 out, until it is `over`. `fault`: what was wrong with it."""

    def __init__(self, text: str, level_db: float | None = None) -> None:
        ends = text.rstrip("\"'”’)")[-1:] in ".!?…"
        self._shaper = Shaper(level_db, SENTENCE_FRAMES if ends else AFTER_FRAMES)
        self._longest_s, self._shortest_s = longest_s(text), shortest_s(text)
        self.over = False
        self.fault: Fault | None = None

    @property
    def level_db(self) -> float:
        return self._shaper.level_db

    @property
    def sounded_s(self) -> float:
        return self._shaper.sounded_s

    def hear(self, pcm: bytes) -> bytes:
        shaper = self._shaper
        given = shaper.feed(to_floats(pcm))
        if shaper.leading_s > LONGEST_SILENCE_S and not shaper.begun:
            self.over, self.fault = True, "silent"
        elif must_end(shaper.given_s, self._longest_s, pausing=shaper.pausing):
            self.over, self.fault = True, "runaway"
        return to_pcm16(given)

    def finish(self) -> bytes:
        last = self._shaper.finish()
        self.over = True
        if not self._shaper.begun:
            self.fault = "silent"
        elif self.sounded_s < self._shortest_s:
            self.fault = "short"
        return to_pcm16(last)


def must_end(given_s: float, longest_s: float, *, pausing: bool) -> bool:
    """A clip that is longer than its text allows ends at its next pause, or soon without one."""
    return given_s > longest_s and (pausing or given_s > longest_s * OVERTIME)


def timed(words: Sequence[str], end_s: float | None = None) -> list[dict[str, Any]]:
    """The words with times in seconds, spread over a shaped clip; not knowing its end, at a usual pace."""
    begin_s = BEFORE_FRAMES * FRAME_S
    if end_s is None:
        end_s = begin_s + sum(map(syllables, words)) / TYPICAL
    lengths = [(_length(word), _pause_after(word)) for word in words]
    total = sum(said + pause for said, pause in lengths) - (lengths[-1][1] if lengths else 0)
    times: list[dict[str, Any]] = []
    at = 0.0
    for word, (said, pause) in zip(words, lengths, strict=True):
        unit_s = max(0.0, end_s - begin_s) / total
        start_s, stop_s = begin_s + at * unit_s, begin_s + (at + said) * unit_s
        times.append({"word": word, "start": round(start_s, 3), "end": round(stop_s, 3)})
        at += said + pause
    return times


def to_floats(pcm: bytes) -> Samples:
    return np.divide(np.frombuffer(pcm, "<i2"), 32768, dtype=np.float32)


def to_pcm16(samples: Samples) -> bytes:
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def _length(word: str) -> float:
    """Against other words: by syllables and letters, as fits ten sentences of espeak-ng's best (to 0.1 s)."""
    return max(1, syllables(word)) + 0.3 * sum(char.isalpha() for char in word) - 0.5


def _pause_after(word: str) -> float:
    last = word.rstrip("\"'”’)")[-1:]
    return 3.0 if last in ".!?…" else 2.0 if last in ",;:—–" else 0.0


def _pressed(samples: Samples) -> Samples:
    size = np.abs(samples)
    pressed = KNEE + (HIGHEST - KNEE) * np.tanh((size - KNEE) / (HIGHEST - KNEE))
    evened: Samples = np.where(size > KNEE, np.copysign(pressed, samples), samples).astype(np.float32)
    return evened


def _joined(frames: list[Samples]) -> Samples:
    return np.concatenate((np.zeros(0, np.float32), *frames), dtype=np.float32)


def _bounded(gain_db: float) -> float:
    return min(MOST_GAIN_DB, max(-MOST_GAIN_DB, gain_db))


def _power(decibels: float) -> float:
    return 10 ** (decibels / 10)


def _decibels(power: float) -> float:
    return 10 * float(np.log10(power))
