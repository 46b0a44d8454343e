"""Voice activity: how likely each 32 ms window is speech. Silero's model, with its state carried along."""

# pyright: reportMissingTypeStubs=false

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from realtime.engines.protocols import Samples

WINDOW = 512  # samples at 16 kHz: 32 ms
_CONTEXT = 64
_HYSTERESIS = 0.15  # speech goes on until the probability is this far below the threshold

Floats = NDArray[np.float32]


class VoiceModel:
    """The ONNX model, loaded once and shared: it keeps no state of its own."""

    def __init__(self) -> None:
        runtime: Any = onnxruntime  # it carries no types
        options = runtime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = runtime.InferenceSession(_asset(), options, ["CPUExecutionProvider"])

    def run(self, window: Floats, h: Floats, c: Floats) -> tuple[float, Floats, Floats]:
        """window [1, 576], h and c [1, 1, 128] -> probability and the next h and c."""
        probability, h, c = self._session.run(None, {"input": window, "h": h, "c": c})
        return float(np.asarray(probability).ravel()[0]), np.asarray(h), np.asarray(c)


def _asset() -> Path:
    """The model lies in faster-whisper's wheel; the package itself is not imported."""
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package faster-whisper is not installed: it holds the voice model")
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"


class VoiceActivity:
    """One learner's stream of windows."""

    def __init__(self, model: VoiceModel, threshold: float = 0.5) -> None:
        self.threshold = threshold
        self._model = model
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._input = np.zeros((1, _CONTEXT + WINDOW), np.float32)
        self._speaking = False

    def is_speech(self, window: Samples) -> bool:
        """window: int16 [512]."""
        frame = self._input
        frame[0, :_CONTEXT] = frame[0, -_CONTEXT:]
        frame[0, _CONTEXT:] = window
        frame[0, _CONTEXT:] /= 32768
        probability, self._h, self._c = self._model.run(frame, self._h, self._c)
        floor = max(0.01, self.threshold - _HYSTERESIS)
        self._speaking = probability >= (floor if self._speaking else self.threshold)
        return self._speaking
