"""How loud speech is where somebody speaks, and making it as loud as other speech. All pure."""

import numpy as np
from numpy.typing import NDArray

FRAME = 480  # samples: 20 ms
GATE_DB = 25.0  # so far below the loudest frame nobody speaks
LEAST_DB = -60.0  # quieter is silence
MOST_GAIN_DB = 15.0
KNEE, HIGHEST = 0.8, 0.98  # of full scale: peaks above the knee are pressed, not cut

Sound = NDArray[np.int16]
Powers = NDArray[np.float64]  # of frames, 1 is full scale


def powers(sound: Sound) -> Powers:
    """Of its whole frames."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64) / 32768
    return np.mean(frames**2, axis=1)


def level_db(of: Powers) -> float | None:
    """Of the frames in which somebody speaks, against full scale; None where nobody does."""
    loudest = float(of.max(initial=0))
    if loudest <= 10 ** (LEAST_DB / 10):
        return None
    return 10 * float(np.log10(of[of >= loudest * 10 ** (-GATE_DB / 10)].mean()))


def gain_db(level: float | None, wanted: float) -> float:
    return 0.0 if level is None else float(np.clip(wanted - level, -MOST_GAIN_DB, MOST_GAIN_DB))


def amplified(sound: Sound, by_db: float) -> Sound:
    louder = sound.astype(np.float32) / 32768 * 10 ** (by_db / 20)
    size = np.abs(louder)
    pressed = KNEE + (HIGHEST - KNEE) * np.tanh((size - KNEE) / (HIGHEST - KNEE))
    out = np.where(size > KNEE, np.copysign(pressed, louder), louder)
    return np.round(out * 32767).astype(np.int16)
