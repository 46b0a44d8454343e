"""Voice activity: whether each 32 ms window is speech."""

import numpy as np

from realtime.engines.protocols import Samples
from realtime.session.silero import CONTEXT, NEW, WINDOW, VoiceModel

_MADE_UP = 16  # skipped windows that the model is shown after all, so that it knows what went before
_HYSTERESIS = 0.15  # speech goes on until the probability is this far below the threshold


class VoiceActivity:
    """One learner's stream of windows."""

    def __init__(self, model: VoiceModel, threshold: float = 0.5) -> None:
        self.threshold = threshold
        self._model = model
        self._state = NEW
        self._skipped = np.zeros((0, WINDOW), np.int16)
        self._before = np.zeros(CONTEXT, np.int16)  # the samples before those
        self._speaking = False

    def judge(self, windows: Samples) -> list[bool]:
        """windows: int16 [n, 512]. Whether each is speech; what was skipped last is made up for."""
        if not len(windows):
            return []
        missed = len(self._skipped)
        shown = np.concatenate((self._skipped, windows)) if missed else windows
        frames = np.empty((len(shown), CONTEXT + WINDOW), np.float32)
        frames[0, :CONTEXT] = self._before
        frames[1:, :CONTEXT] = shown[:-1, -CONTEXT:]
        frames[:, CONTEXT:] = shown
        frames *= 1 / 32768
        probabilities, self._state = self._model.run(frames, self._state)
        self._before, self._skipped = windows[-1, -CONTEXT:], windows[:0]
        return [self._is_speech(probability) for probability in probabilities[missed:]]

    def skip(self, windows: Samples) -> list[bool]:
        """Windows that hold no speech, known without the model."""
        gone = np.concatenate((self._skipped, windows))
        if len(gone) > _MADE_UP:
            self._before = gone[-_MADE_UP - 1, -CONTEXT:]
        self._skipped = gone[-_MADE_UP:]
        self._speaking = False
        return [False] * len(windows)

    def _is_speech(self, probability: float) -> bool:
        floor = max(0.01, self.threshold - _HYSTERESIS)
        self._speaking = probability >= (floor if self._speaking else self.threshold)
        return self._speaking
