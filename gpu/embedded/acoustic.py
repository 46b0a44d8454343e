"""pocketsphinx's own acoustic model, read from its files: how well each frame fits each phone.

Its decoders score what a search visits, relative to the rest of that search, so the scores of two decoders
cannot be compared. Here every frame is scored against every phone without its context, by one matrix product.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STREAMS = 3  # cepstra, their slope, its slope
WIDTH = 13
STATES = 3
LOG_BASE = np.log(1.0001)
WEIGHT_SHIFT = 10  # mixture weights are stored in steps of 2**10 logarithms
SMALLEST_VARIANCE = 1e-4


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """P phones of 3 states; each phone has its own 128 densities a stream."""

    phones: tuple[str, ...]
    products: tuple[Floats, ...]  # a stream: [2 * 13, P * 128], of squares and values
    constants: tuple[Floats, ...]  # a stream: [P * 128]
    weights: tuple[Floats, ...]  # a stream: [P, 128, 3]
    stay: Floats  # log probability [P, 3] of staying in a state
    leave: Floats  # and of going on

    def scores(self, cepstra: Floats) -> Floats:
        """Log likelihoods [T, P, 3] of cepstra [T, 13] as the decoder writes them."""
        total = np.zeros((len(cepstra), len(self.phones), STATES), np.float32)
        for stream, values in enumerate(_streams(cepstra)):
            densities = np.hstack((values * values, values)) @ self.products[stream] + self.constants[stream]
            densities = densities.reshape(len(cepstra), len(self.phones), -1)
            top = densities.max(2, keepdims=True)
            densities -= top
            np.exp(densities, out=densities)
            mixed = np.matmul(densities.transpose(1, 0, 2), self.weights[stream])
            total += np.log(mixed + 1e-30).transpose(1, 0, 2) + top
        return total


def load(folder: Path) -> AcousticModel:
    phones = _phones(folder / "mdef")
    means, variances = _densities(folder / "means"), _densities(folder / "variances")
    variances = np.maximum(variances, SMALLEST_VARIANCE)
    products: list[Floats] = []
    constants: list[Floats] = []
    for stream in range(STREAMS):
        mean = means[:, stream].reshape(-1, WIDTH)
        variance = variances[:, stream].reshape(-1, WIDTH)
        products.append(np.hstack((-0.5 / variance, mean / variance)).T.astype(np.float32))
        constant = -0.5 * (mean**2 / variance + np.log(2 * np.pi * variance)).sum(1)
        constants.append(constant.astype(np.float32))
    stay, leave = _transitions(folder / "transition_matrices")
    weights = _weights(folder / "sendump", len(phones))
    return AcousticModel(phones, tuple(products), tuple(constants), weights, stay, leave)


def _streams(cepstra: Floats) -> tuple[Floats, ...]:
    """The decoder's features: cepstra less their mean, the slope over 4 frames, and its slope over 2."""
    level: Floats = np.subtract(cepstra, cepstra.mean(0), dtype=np.float32)
    frames = len(level)
    padded: Floats = np.pad(level, ((3, 3), (0, 0)), "edge")

    def at(shift: int) -> Floats:
        return padded[3 + shift : 3 + shift + frames]

    return level, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))


def _after_head(file: bytes) -> int:
    """Where the numbers begin in a Sphinx-3 file: behind its text and the mark of its byte order."""
    return file.index(b"endhdr\n") + len(b"endhdr\n") + 4


def _densities(path: Path) -> NDArray[np.float64]:
    """[P, stream, 128, 13]"""
    file = path.read_bytes()
    start = _after_head(file)
    phones, streams, densities = struct.unpack_from("<3i", file, start)
    start += 4 * (3 + streams + 1)
    numbers = np.frombuffer(file, "<f4", phones * streams * densities * WIDTH, start)
    return numbers.reshape(phones, streams, densities, WIDTH).astype(np.float64)


def _transitions(path: Path) -> tuple[Floats, Floats]:
    file = path.read_bytes()
    start = _after_head(file)
    count, states, targets, size = struct.unpack_from("<4i", file, start)
    table = np.frombuffer(file, "<f4", size, start + 16).reshape(count, states, targets)
    table = np.log(np.maximum(table / table.sum(2, keepdims=True), 1e-10)).astype(np.float32)
    own = np.arange(STATES)
    return table[:, own, own], table[:, own, own + 1]


def _weights(path: Path, phones: int) -> tuple[Floats, ...]:
    """The states of the lone phones come first in the file, three a phone."""
    file = path.read_bytes()
    start = 0
    while length := struct.unpack_from("<i", file, start)[0]:
        start += 4 + length
    densities, states = struct.unpack_from("<2i", file, start + 4)
    stored = np.frombuffer(file, np.uint8, STREAMS * densities * states, start + 12)
    lone = stored.reshape(STREAMS, densities, states)[:, :, : phones * STATES].astype(np.float32)
    weights = np.exp(-lone * (1 << WEIGHT_SHIFT) * LOG_BASE).astype(np.float32)
    return tuple(
        np.ascontiguousarray(stream.reshape(densities, phones, STATES).transpose(1, 0, 2))
        for stream in weights
    )


def _phones(path: Path) -> tuple[str, ...]:
    file = path.read_bytes()
    start = struct.unpack_from("<i", file, 8)[0] + 12
    (count,) = struct.unpack_from("<i", file, start)
    return tuple(name.decode() for name in file[start + 40 :].split(b"\0", count)[:count])
