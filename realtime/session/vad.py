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
_MADE_UP = 16  # skipped windows that the model is shown after all, so that it knows what went before
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

    def run(self, windows: Floats, h: Floats, c: Floats) -> tuple[list[float], Floats, Floats]:
        """windows [n, 576] in a row, h and c [1, 1, 128] -> their probabilities and the next h and c."""
        probabilities, h, c = self._session.run(None, {"input": windows, "h": h, "c": c})
        return np.asarray(probabilities).ravel().tolist(), np.asarray(h), np.asarray(c)


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
        self._skipped = np.zeros((0, WINDOW), np.int16)
        self._before = np.zeros(_CONTEXT, np.int16)  # the samples before those
        self._speaking = False

    def is_speech(self, window: Samples) -> bool:
        """window: int16 [512]."""
        return self.judge(window[None])[0]

    def judge(self, windows: Samples) -> list[bool]:
        """windows: int16 [n, 512]. Whether each is speech; what was skipped last is made up for."""
        if not len(windows):
            return []
        missed = len(self._skipped)
        shown = np.concatenate((self._skipped, windows)) if missed else windows
        frames = np.empty((len(shown), _CONTEXT + WINDOW), np.float32)
        frames[0, :_CONTEXT] = self._before
        frames[1:, :_CONTEXT] = shown[:-1, -_CONTEXT:]
        frames[:, _CONTEXT:] = shown
        frames *= 1 / 32768
        probabilities, self._h, self._c = self._model.run(frames, self._h, self._c)
        self._before, self._skipped = windows[-1, -_CONTEXT:], windows[:0]
        return [self._is_speech(probability) for probability in probabilities[missed:]]

    def skip(self, windows: Samples) -> list[bool]:
        """Windows that hold no speech, known without the model."""
        gone = np.concatenate((self._skipped, windows))
        if len(gone) > _MADE_UP:
            self._before = gone[-_MADE_UP - 1, -_CONTEXT:]
        self._skipped = gone[-_MADE_UP:]
        self._speaking = False
        return [False] * len(windows)

    def _is_speech(self, probability: float) -> bool:
        floor = max(0.01, self.threshold - _HYSTERESIS)
        self._speaking = probability >= (floor if self._speaking else self.threshold)
        return self._speaking
