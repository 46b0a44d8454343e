"""The audio of a session's items, held for a while for clients that ask for it."""

import base64
from collections import OrderedDict

# pyright: reportMissingTypeStubs=false
import numpy as np
import soxr

from realtime.engines.protocols import Samples
from realtime.protocol.config import GA_RATE, LAW_RATE, AudioFormat, LawFormat
from realtime.session.law import compress


class Tape:
    """At most `limit_bytes` of PCM16; the oldest items are forgotten first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._items: OrderedDict[str, tuple[int, bytearray]] = OrderedDict()

    def record(self, item_id: str, pcm: bytes, rate: int) -> None:
        """More of an item's audio, PCM16 at `rate`."""
        self._items.setdefault(item_id, (rate, bytearray()))[1].extend(pcm)
        self._size += len(pcm)
        while self._size > self._limit and self._items:
            self.erase(next(iter(self._items)))

    def part(self, item_id: str, start_ms: float, end_ms: float) -> bytes:
        """PCM16 at the rate at which it was recorded; empty where it is not held."""
        rate, pcm = self._items.get(item_id, (0, bytearray()))
        start, end = (round(ms * rate / 1000) * 2 for ms in (start_ms, end_ms))
        return bytes(pcm[start:end])

    def cut(self, item_id: str, until_ms: float) -> None:
        if item_id in self._items:
            rate, pcm = self._items[item_id]
            keep = round(until_ms * rate / 1000) * 2
            self._size -= max(0, len(pcm) - keep)
            del pcm[keep:]

    def erase(self, item_id: str) -> None:
        rate_and_pcm = self._items.pop(item_id, None)
        self._size -= len(rate_and_pcm[1]) if rate_and_pcm else 0

    def play(self, item_id: str, form: AudioFormat) -> str | None:
        """base64 of an item's audio in a client's format; None where it is not held."""
        if item_id not in self._items:
            return None
        rate, pcm = self._items[item_id]
        samples = np.frombuffer(bytes(pcm), np.int16)
        if isinstance(form, LawFormat):
            coded = compress(_resampled(samples, rate, LAW_RATE), form.type)
        else:
            coded = _resampled(samples, rate, GA_RATE).tobytes()
        return base64.b64encode(coded).decode()


def _resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    return samples if rate == wanted or not len(samples) else soxr.resample(samples, rate, wanted)
