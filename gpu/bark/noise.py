"""Noise that a draw's place decides, and nothing else: not the order of draws, not the batch, not the device.

torch.multinomial draws argmax(p / e) with e of the exponential distribution; so does this, with e computed
from a counter. The counter's bits come from SplitMix64 in integer arithmetic, on which processors and
graphics cards agree; the logarithm is taken in float64, where last bits may differ, and rounded to float32,
where they are gone.
"""

import torch
from torch import Tensor

SEMANTIC, COARSE, FINE = range(3)
STAGES = 3
CODEBOOKS = 8
GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)  # int64 wraps, as SplitMix64 does
FIRST = 0xBF58476D1CE4E5B9 - (1 << 64)
SECOND = 0x94D049BB133111EB - (1 << 64)


def mix(x: Tensor) -> Tensor:
    """SplitMix64's finaliser on int64; shifts are made logical by a mask."""
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * FIRST
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * SECOND
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def exponential(seeds: Tensor, stage: int, places: Tensor, ids: int, codebook: int = 0) -> Tensor:
    """Exp(1) noise float32 [..., ids] of int64 seeds [...] and places [...]: the nth token or frame."""
    key = mix(mix(seeds * STAGES + stage) + (places * CODEBOOKS + codebook) * GAMMA)
    steps = torch.arange(1, ids + 1, device=places.device) * GAMMA
    # 52 bits and a half are exact in float64, and never 0 nor 1.
    uniform = (((mix(key[..., None] + steps) >> 12) & ((1 << 52) - 1)).double() + 0.5) * 2.0**-52
    return uniform.log_().neg_().float()


def draw(probabilities: Tensor, noise: Tensor) -> Tensor:
    """One id [...] of probabilities [..., ids]."""
    return (probabilities / noise).argmax(-1)
