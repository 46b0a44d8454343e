"""The tutor's audio in the client's output format."""

import numpy as np
import soxr

# pyright: reportMissingTypeStubs=false
from realtime.engines.protocols import VOICE_RATE
from realtime.protocol.config import LAW_RATE, AudioFormat, LawFormat
from realtime.protocol.response import DELTA_MS
from realtime.session.law import Law, compress


class Encoder:
    """PCM16 at VOICE_RATE in, the format's bytes out; `delta_bytes` of them are DELTA_MS of sound."""

    def __init__(self, form: AudioFormat) -> None:
        self._law: Law | None = form.type if isinstance(form, LawFormat) else None
        self.delta_bytes = DELTA_MS * (LAW_RATE if self._law else 2 * VOICE_RATE) // 1000
        self._resampler = soxr.ResampleStream(VOICE_RATE, LAW_RATE, 1, dtype="int16") if self._law else None

    def encode(self, pcm: bytes) -> bytes:
        if self._law is None or self._resampler is None:
            return pcm
        return compress(self._resampler.resample_chunk(np.frombuffer(pcm, np.int16)), self._law)
