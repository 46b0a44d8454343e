"""Telephone audio: G.711 mu-law and A-law to and from PCM16, by table (ITU-T G.711)."""

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime.engines.protocols import Samples

Law = Literal["audio/pcmu", "audio/pcma"]


def expand(coded: bytes, law: Law) -> Samples:
    """One byte a sample -> int16 [n]."""
    return _expansion(law)[np.frombuffer(coded, np.uint8)]


def compress(samples: Samples, law: Law) -> bytes:
    """int16 [n] -> the byte whose expansion is nearest."""
    return _compression(law)[samples.astype(np.int32) + 32768].tobytes()


@cache
def _expansion(law: Law) -> Samples:
    code = np.arange(256, dtype=np.int32)
    if law == "audio/pcmu":
        code = ~code & 0xFF
        sign, exponent, mantissa = code & 0x80, code >> 4 & 7, code & 0x0F
        size = ((mantissa << 3) + 132 << exponent) - 132
    else:
        code = code ^ 0x55
        sign, exponent, mantissa = ~code & 0x80, code >> 4 & 7, code & 0x0F
        size = np.where(
            exponent == 0, (mantissa << 4) + 8, (mantissa << 4) + 264 << np.maximum(exponent - 1, 0)
        )
    return np.where(sign != 0, -size, size).astype(np.int16)


@cache
def _compression(law: Law) -> NDArray[np.uint8]:
    """By int16 value + 32768; halfway values go to the smaller size."""
    values = _expansion(law).astype(np.int32)
    order = np.argsort(values, kind="stable")
    middles = (values[order][1:] + values[order][:-1]) / 2
    return order[np.searchsorted(middles, np.arange(-32768, 32768))].astype(np.uint8)
