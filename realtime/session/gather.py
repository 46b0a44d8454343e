"""A learner's frames, gathered while nothing hangs on each: a talk need not be woken fifty times a second."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from realtime.protocol.config import AudioFormat, PcmFormat
from realtime.talk.moves import WINDOW_MS

QUIET_MS = 640  # of frames in which no learner speaks are taken up together
VOICED_MS = 240  # of frames within speech, which decide nothing: the frame that is softer takes them along
LEAST_MS = 2  # of a frame: a flood of shorter ones is to be slowed
FRAME_MS = 100  # of an append that is longer than that, each window is judged
MARGIN = 2.0  # times the power of the room: what is not louder than that is the room
LOUD = 32768**2 * 10**-5.5  # -55 dBFS: what is louder is judged, however loud the room is
VOICED = 16.0  # times the power of the room: within speech that is no pause
RISE_PER_S = 1.6  # of what is taken for the room: 2 dB a second

STEP = 4
_ONES = np.ones(2048, np.float32)  # a dot product costs a fifth of a mean

Mood = Literal["alert", "idle", "hearing"]


@dataclass(frozen=True, slots=True)
class Sound:
    """`quiet`: only the room is heard in it."""

    pcm: bytes
    quiet: bool


class Gather:
    """`mood`: no learner speaks (`idle`), one does (`hearing`), or each window may decide something
    (`alert`)."""

    def __init__(self) -> None:
        self.mood: Mood = "alert"
        self._rate = 0  # of the frames; none of those in another format waits
        self._room = LOUD  # the power of the room: the least that was heard of late
        self._quiet = False  # the frame looked at last
        self._passed_ms = 0.0  # since then
        self._most_ms = 0  # so much is kept with a frame like that
        self._kept = bytearray()
        self._kept_quiet = True  # all of it

    def listen(self, form: AudioFormat) -> None:
        """What comes from now on is in that format."""
        self._rate = form.rate if isinstance(form, PcmFormat) else 0

    def keeps(self, frame: bytes) -> bool:
        """Whether this frame waits here for those that follow; else it is to be taken up now."""
        ms = len(frame) * 500 / self._rate if self._rate else 0
        if len(frame) % 2 or ms < LEAST_MS:
            self._quiet = False
            return False
        if self._passes(ms):
            self._passed_ms = ms
        else:
            self._look(frame, ms)
        if len(self._kept) * 500 / self._rate + ms >= self._most_ms:
            return False
        self._kept += frame
        self._kept_quiet &= self._quiet
        return True

    @property
    def hears_the_room(self) -> bool:
        """No learner speaks, and the frame looked at last was quiet."""
        return self.mood == "idle" and self._quiet

    def _passes(self, ms: float) -> bool:
        """Every other frame of a silence is taken for one like the last: a voice is found in the next."""
        return self.hears_the_room and not self._passed_ms and ms <= WINDOW_MS

    def _look(self, frame: bytes, ms: float) -> None:
        power = _power(frame)
        self._room = min(power, self._room * RISE_PER_S ** ((ms + self._passed_ms) / 1000))
        self._passed_ms = 0.0
        quiet_ms = QUIET_MS if self.mood == "idle" else 0
        voiced_ms = VOICED_MS if self.mood == "hearing" and power > self._room * VOICED else 0
        self._quiet = quiet_ms > 0 and ms <= FRAME_MS and power <= min(self._room * MARGIN, LOUD)
        self._most_ms = quiet_ms if self._quiet else voiced_ms

    def take(self, frame: bytes = b"") -> Sound | None:
        """What is kept, and with it the frame that was not."""
        if not (self._kept or frame):
            return None
        quiet = self._kept_quiet and (self._quiet or not frame)
        sound = Sound(bytes(self._kept + frame), quiet)
        self._kept, self._kept_quiet = bytearray(), True
        return sound


def _power(frame: bytes) -> float:
    """About the mean: some microphones add a constant. A quarter of the samples tells it."""
    samples = np.frombuffer(frame, np.int16)[::STEP].astype(np.float32)
    count = len(samples)
    mean = float(samples.dot(_ONES[:count])) / count if count <= len(_ONES) else float(samples.mean())
    return float(samples.dot(samples)) / count - mean * mean
