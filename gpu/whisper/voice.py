"""Where there is voice in a clip: Silero's model over the whole of it."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from gpu.decode import SAMPLE_RATE, Samples

WINDOW = 512  # samples: 32 ms
CONTEXT = 64
THRESHOLD = 0.5
WINDOW_S = WINDOW / SAMPLE_RATE

Voiced = NDArray[np.bool_]


class Voice:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(_asset(), options, ["CPUExecutionProvider"])

    def of(self, audio: Samples) -> Voiced:
        """Whether each 32 ms is voice. faster-whisper's own call would write into the audio."""
        if not len(audio):
            return np.zeros(0, np.bool_)
        count = -(-len(audio) // WINDOW)
        sound = np.zeros(CONTEXT + count * WINDOW, np.float32)
        sound[CONTEXT : CONTEXT + len(audio)] = audio / np.float32(32768)
        rows = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + WINDOW)[::WINDOW]
        state = np.zeros((1, 1, 128), np.float32)
        heard = {"input": np.ascontiguousarray(rows), "h": state, "c": state}
        probabilities, *_ = self._session.run(["speech_probs"], heard)
        return np.asarray(probabilities).ravel()[:count] >= THRESHOLD


def seconds(voiced: Voiced) -> float:
    return float(voiced.sum()) * WINDOW_S


def _asset() -> Path:
    spec = find_spec("faster_whisper")
    assert spec and spec.origin
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
