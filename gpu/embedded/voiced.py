"""Whether there is a voice in a sound at all: a grammar finds its words in a drum as well.

The voice activity model is Silero's, the one by which the gateway tells turns; here it is asked once for all
of a sound, and no further than to the answer.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

WINDOW = 512  # samples at 16 kHz: 32 ms
CONTEXT = 64
THRESHOLD = 0.5
# Ten minutes of music, keys and fans have none, "Skip." by the fastest of espeak's voices has five.
FEWEST_WINDOWS = 2


class Voiced:
    def __init__(self) -> None:
        runtime: Any = onnxruntime  # it carries no types
        options = runtime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._model = runtime.InferenceSession(_asset(), options, ["CPUExecutionProvider"])

    def has_voice(self, pcm: bytes) -> bool:
        """pcm: int16 at 16 kHz."""
        heard = np.frombuffer(pcm, np.int16)
        samples = np.zeros(CONTEXT + len(heard) + WINDOW, np.float32)  # its last window is filled up
        samples[CONTEXT : CONTEXT + len(heard)] = heard
        samples /= 32768
        h = c = np.zeros((1, 1, 128), np.float32)
        found = 0
        for at in range(0, len(samples) - WINDOW - CONTEXT, WINDOW):
            probability, h, c = self._run(samples[None, at : at + CONTEXT + WINDOW], h, c)
            found += probability >= THRESHOLD
            if found >= FEWEST_WINDOWS:
                return True
        return False

    def _run(
        self, window: NDArray[np.float32], h: NDArray[np.float32], c: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        """window [1, 576], h and c [1, 1, 128] -> probability and the next h and c."""
        probability, h, c = self._model.run(None, {"input": window, "h": h, "c": c})
        return float(np.asarray(probability).ravel()[0]), np.asarray(h), np.asarray(c)


def _asset() -> Path:
    """The model lies in faster-whisper's wheel; the package itself is not imported."""
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package faster-whisper is not installed: it holds the voice model")
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
