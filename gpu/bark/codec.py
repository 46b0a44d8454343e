"""EnCodec's decoder at 24 kHz, in pieces that join as if they had never been apart.

Everything in it looks back only: a convolution keeps the inputs its kernel still reaches, a transposed one
its last input, the LSTM its state. The start is padded by reflection, so the first 7 frames belong
together.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SAMPLE_RATE = 24_000
FRAME_SAMPLES = 320
FIRST_FRAMES = 7  # as many as the first kernel is wide


@dataclass(slots=True)
class Stream:
    """What one sentence's sound so far leaves to the next piece."""

    frames: int = 0
    tails: dict[int, Tensor] = field(
        default_factory=dict
    )  # by layer: the inputs [1, channels, n] it still reaches
    memory: tuple[Tensor, Tensor] | None = None  # of the LSTM


@dataclass(frozen=True, slots=True)
class Convolution:
    key: int  # of its tail
    weight: Tensor  # [out, in, kernel]
    bias: Tensor

    def __call__(self, x: Tensor, stream: Stream) -> Tensor:
        reach = self.weight.shape[2] - 1
        if not reach:
            return F.conv1d(x, self.weight, self.bias)
        tail = stream.tails.get(self.key)
        x = _reflected(x, reach) if tail is None else torch.cat([tail, x], dim=2)
        stream.tails[self.key] = x[:, :, -reach:]
        return F.conv1d(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Widening:
    """A transposed convolution with a kernel of two strides: an output is of its input and the one before."""

    key: int
    weight: Tensor  # [in, out, 2 * stride]
    bias: Tensor

    def __call__(self, x: Tensor, stream: Stream) -> Tensor:
        stride = self.weight.shape[2] // 2
        tail = stream.tails.get(self.key)
        stream.tails[self.key] = x[:, :, -1:]
        if tail is None:
            return F.conv_transpose1d(x, self.weight, self.bias, stride)[:, :, :-stride]
        x = torch.cat([tail, x], dim=2)
        return F.conv_transpose1d(x, self.weight, self.bias, stride)[:, :, stride:-stride]


@dataclass(frozen=True, slots=True)
class Residual:
    first: Convolution
    second: Convolution
    shortcut: Convolution

    def __call__(self, x: Tensor, stream: Stream) -> Tensor:
        inner = self.second(F.elu(self.first(F.elu(x), stream)), stream)
        return self.shortcut(x, stream) + inner


@dataclass(frozen=True, slots=True)
class Codec:
    codebooks: Tensor  # [8, 1024, width]
    start: Convolution
    lstm: nn.LSTM
    rises: list[tuple[Widening, Residual]]
    end: Convolution

    @torch.inference_mode()
    def decode(self, codes: Tensor, stream: Stream) -> Tensor:
        """Codes [8, T] that follow on the stream's; float32 samples [320 T].

        Raises ValueError where more follows on a first piece of less than 7 frames: its start was padded.
        """
        if 0 < stream.frames < FIRST_FRAMES:
            raise ValueError(f"The first piece had {stream.frames} frames, and needs {FIRST_FRAMES}.")
        stream.frames += codes.shape[1]
        x = self.codebooks[0][codes[0]]  # [T, width]
        for codebook, row in zip(self.codebooks[1:], codes[1:], strict=True):
            x = x + codebook[row]
        x = self.start(x.T[None], stream).permute(2, 0, 1)  # [T, 1, channels]
        y, stream.memory = self.lstm(x, stream.memory)
        x = (x + y).permute(1, 2, 0)
        for widening, residual in self.rises:
            x = residual(widening(F.elu(x), stream), stream)
        return self.end(F.elu(x), stream).flatten()


def _reflected(x: Tensor, reach: int) -> Tensor:
    """As the original pads what is shorter than the reflection: with zeros on the right, dropped again."""
    length = x.shape[2]
    short = max(0, reach + 1 - length)
    return F.pad(F.pad(x, (0, short)), (reach, 0), mode="reflect")[:, :, : reach + length]
