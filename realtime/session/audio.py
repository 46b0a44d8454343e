"""The learner's audio: from the client's format to 16 kHz, kept as long as it may be needed."""

# pyright: reportMissingTypeStubs=false

import numpy as np
import soxr

from realtime.engines.protocols import SAMPLE_RATE, Samples
from realtime.protocol.config import LAW_RATE, AudioFormat, PcmFormat
from realtime.session.law import expand
from realtime.session.silero import WINDOW


def to_ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


def to_samples(ms: float) -> int:
    return round(ms * SAMPLE_RATE / 1000)


class InputAudio:
    """Positions are samples at 16 kHz since the session began; they never restart."""

    def __init__(self, form: AudioFormat) -> None:
        self.start = 0  # of the oldest sample kept
        self.end = 0  # of the windows handed out
        self._form: AudioFormat = form
        self._resampler = _resampler(form)
        self._kept = bytearray()

    @property
    def waiting(self) -> int:
        """Samples taken in and not handed out yet."""
        return self.start + len(self._kept) // 2 - self.end

    @property
    def received(self) -> int:
        """With what has come since and makes no window yet."""
        return self.end + (self.waiting if self.waiting < WINDOW else 0)

    def change_format(self, form: AudioFormat) -> None:
        if form != self._form:
            self._form = form
            self._resampler = _resampler(form)

    def write(self, audio: bytes) -> Samples:
        """Take in audio in the client's format; give the windows, int16 [n, 512], that are whole now.

        Whoever handles some hands them out first, and so finds the audio up to there.
        """
        samples = _samples(audio, self._form)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        self._kept += samples.tobytes()
        whole = self.waiting // WINDOW
        return self.cut(self.end, self.end + whole * WINDOW).reshape(whole, WINDOW)

    def hand_out(self, windows: int) -> None:
        self.end += windows * WINDOW

    def cut(self, start: int, end: int) -> Samples:
        """A copy of what lies between two positions, as far as it is kept."""
        first, last = max(start - self.start, 0) * 2, max(end - self.start, 0) * 2
        return np.frombuffer(bytes(self._kept[first:last]), np.int16)

    def forget_before(self, position: int) -> None:
        """Never more than was handed out: the rest of a window is still to come."""
        count = min(position, self.end) - self.start
        if count > 0:
            del self._kept[: count * 2]
            self.start += count


def recording(audio: bytes, form: AudioFormat) -> Samples:
    """A whole recording in the client's format -> int16 [n] at 16 kHz."""
    samples = _samples(audio, form)
    rate = _rate(form)
    return samples if rate == SAMPLE_RATE or not len(samples) else soxr.resample(samples, rate, SAMPLE_RATE)


def _samples(audio: bytes, form: AudioFormat) -> Samples:
    return np.frombuffer(audio, np.int16) if isinstance(form, PcmFormat) else expand(audio, form.type)


def _rate(form: AudioFormat) -> int:
    return form.rate if isinstance(form, PcmFormat) else LAW_RATE


def _resampler(form: AudioFormat) -> soxr.ResampleStream | None:
    """LQ holds back 6 ms where HQ holds back 21, and speech recognition hears no difference."""
    rate = _rate(form)
    if rate == SAMPLE_RATE:
        return None
    return soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16", quality="LQ")
