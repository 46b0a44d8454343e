"""Silero's voice model, version 6, as it lies in faster-whisper's wheel, worked out by numpy.

From four windows at once, onnxruntime's convolutions take twice as long as numpy's matrix products
(`benchmarks.voice_model`). What comes out is the same (`tests/session/test_silero.py`).
https://github.com/snakers4/silero-vad
"""

# pyright: reportMissingTypeStubs=false

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]

CONTEXT, WINDOW = 64, 512  # samples at 16 kHz that a window is shown with, and its own
STATE = 128
_FRAME, _HOP, _FRAMES = 256, 128, 4  # of the spectrum, in samples
_MIRRORED = _FRAME + _HOP * (_FRAMES - 1) - CONTEXT - WINDOW  # at the end, so that the last frame is whole
_STRIDES = (1, 2, 2, 1)


@dataclass(frozen=True, slots=True)
class State:
    """What the model remembers of a stream."""

    hidden: Floats  # [128]
    cell: Floats  # [128]


NEW = State(np.zeros(STATE, np.float32), np.zeros(STATE, np.float32))


class VoiceModel:
    """Loaded once and shared: it keeps no state of its own."""

    def __init__(self) -> None:
        weights = _weights()
        # The "basis" is a Fourier transform under a window, which is its first row: cos(0).
        self._taper = weights["encoder.feature_extractor.forward_basis_buffer"][0, 0]
        self._layers = [_Convolution.of(weights, number) for number in range(len(_STRIDES))]
        self._memory = _Memory.of(weights)
        self._output = weights["decoder.conv1d.weight"].reshape(STATE)
        self._bias = weights["decoder.conv1d.bias"]

    def run(self, windows: Floats, state: State) -> tuple[list[float], State]:
        """windows: [n, CONTEXT + WINDOW] in a row, from -1 to 1 -> how likely each is speech, the next
        state."""
        features = self._spectrum(windows)
        for layer in self._layers:
            features = layer.run(features)
        remembered, state = self._memory.run(features[:, 0], state)
        logits = np.maximum(remembered, 0) @ self._output + self._bias
        return (1 / (1 + np.exp(-logits))).tolist(), state

    def _spectrum(self, windows: Floats) -> Floats:
        """[n, 576] -> magnitudes [n, 4, 129]."""
        count, length = windows.shape
        sound = np.empty((count, length + _MIRRORED), np.float32)
        sound[:, :length] = windows
        sound[:, length:] = windows[:, -2 : -_MIRRORED - 2 : -1]
        steps = sound.strides[0], _HOP * sound.itemsize, sound.itemsize
        frames = np.ndarray((count, _FRAMES, _FRAME), np.float32, sound, 0, steps)
        spectrum = np.fft.rfft(frames * self._taper)
        return np.sqrt(spectrum.real**2 + spectrum.imag**2)


@dataclass(frozen=True, slots=True)
class _Convolution:
    """Over three frames, zeros before the first and after the last; then rectified."""

    weight: Floats  # [3 * width, out]
    bias: Floats  # [out]
    stride: int

    @classmethod
    def of(cls, weights: dict[str, Floats], number: int) -> "_Convolution":
        weight = weights[f"encoder.conv_layers.{number}.weight"]  # [out, width, 3]
        turned = np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight)))
        return cls(turned, weights[f"encoder.conv_layers.{number}.bias"], _STRIDES[number])

    def run(self, frames: Floats) -> Floats:
        """[n, frames, width] -> [n, frames / stride, out]."""
        count, length, width = frames.shape
        padded = np.zeros((count, length + 2, width), np.float32)
        padded[:, 1:-1] = frames
        out = (length - 1) // self.stride + 1
        steps = padded.strides[0], padded.strides[1] * self.stride, padded.itemsize
        threes = np.ndarray((count, out, 3 * width), np.float32, padded, 0, steps)
        result = threes.reshape(count * out, 3 * width) @ self.weight
        result += self.bias
        return np.maximum(result, 0, out=result).reshape(count, out, -1)


@dataclass(frozen=True, slots=True)
class _Memory:
    """An LSTM. Its gates lie as ONNX has them: input, output, forget, cell. A logistic gate is a tanh of half
    its argument, so one tanh serves all four."""

    weight: Floats  # [128, 512], for what comes
    recurrent: Floats  # [128, 512], for what was
    bias: Floats  # [512]

    @classmethod
    def of(cls, weights: dict[str, Floats]) -> "_Memory":
        halved = np.ones(4 * STATE, np.float32)
        halved[: 3 * STATE] = 0.5
        weight, recurrent = weights["onnx::LSTM_209"][0], weights["onnx::LSTM_210"][0]
        bias = weights["onnx::LSTM_211"][0].reshape(2, 4 * STATE).sum(0)
        return cls(
            np.ascontiguousarray((weight * halved[:, None]).T),
            np.ascontiguousarray((recurrent * halved[:, None]).T),
            bias * halved,
        )

    def run(self, features: Floats, state: State) -> tuple[Floats, State]:
        """features: [n, 128], one after the other -> [n, 128]."""
        coming = features @ self.weight
        coming += self.bias
        hidden, cell = state.hidden, state.cell
        told = np.empty((len(features), STATE), np.float32)
        for at in range(len(features)):
            gates = hidden @ self.recurrent
            gates += coming[at]
            np.tanh(gates, out=gates)
            opened = gates[: 3 * STATE]
            opened *= 0.5
            opened += 0.5
            cell = opened[2 * STATE :] * cell
            cell += opened[:STATE] * gates[3 * STATE :]
            hidden = np.tanh(cell)
            hidden *= opened[STATE : 2 * STATE]
            told[at] = hidden
        return told, State(hidden, cell)


def asset() -> Path:
    """The package that carries the model is not imported."""
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package faster-whisper is not installed: it holds the voice model")
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"


def _weights() -> dict[str, Floats]:
    library: Any = onnx  # it is typed in part
    model = library.load(asset())
    return {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
