"""How surely words were said: what they explain of the sound, against what any phones would."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from gpu.embedded.acoustic import AcousticModel, Floats
from gpu.embedded.paths import Path, likeliest_phones, through

Frames = NDArray[np.bool_]

# Fitted by benchmarks/on_script.py, see docs/recognition.md.
SCRIPT_WEIGHTS = (9.8, 2.63, -14.2)  # constant, loss a frame, share of the speech passed over
WORD_WEIGHTS = (6.0, 1.5)  # constant, loss a frame
SHORTEST_SPEECH = 8  # frames; less is a click


@dataclass(frozen=True, slots=True)
class Evidence:
    """`loss` is each frame's log likelihood on the words' way less that on the free way; `word` is the word
    that a frame belongs to, or -1; `speech` is where the free way finds speech."""

    loss: Floats
    word: NDArray[np.int64]
    speech: Frames

    def measures(self, among: Frames) -> tuple[float, float]:
        """The loss a frame of speech, and the share of the speech that no word accounts for."""
        spoken = among & self.speech
        either = among & (self.speech | (self.word >= 0))
        loss = float(self.loss[among].sum()) / max(1, int(either.sum()))
        passed_over = int((spoken & (self.word < 0)).sum()) / max(1, int(spoken.sum()))
        return loss, passed_over

    def of_word(self, word: int) -> float:
        """The loss a frame of one word; speech passed over beside it counts."""
        own = np.flatnonzero(self.word == word)
        if not len(own):
            return -10.0
        others = np.flatnonzero((self.word >= 0) & (self.word != word))
        first = max((int(frame) + 1 for frame in others if frame < own[0]), default=0)
        last = min((int(frame) for frame in others if frame > own[-1]), default=len(self.word))
        among = np.zeros(len(self.word), np.bool_)
        among[first:last] = True
        return self.measures(among)[0]


class Judge:
    def __init__(self, model: AcousticModel) -> None:
        self._model = model
        self._numbers = {name: number for number, name in enumerate(model.phones)}
        self._quiet = {self._numbers[name] for name in ("SIL", "+NSN+", "+SPN+")}

    def evidence(self, cepstra: Floats, words: Sequence[Sequence[str]]) -> Evidence | None:
        """`words` as phones. None where there is no speech, or too little for the words."""
        scores = self._model.scores(cepstra)
        phones = likeliest_phones(self._model, scores)
        free = through(self._model, scores, phones, [False] * len(phones))
        if free is None:
            return None
        speech = ~np.isin(np.array(phones)[free.place], list(self._quiet))
        if speech.sum() < SHORTEST_SPEECH:
            return None
        bound = self._bound(scores, words)
        if bound is None:
            return None
        path, word = bound
        return Evidence(path.fit - free.fit, word, speech)

    def _bound(self, scores: Floats, words: Sequence[Sequence[str]]) -> tuple[Path, NDArray[np.int64]] | None:
        silence = self._numbers["SIL"]
        phones, word = [silence], [-1]
        for number, names in enumerate(words):
            phones += [*(self._numbers[name] for name in names), silence]
            word += [*([number] * len(names)), -1]
        path = through(self._model, scores, phones, [number < 0 for number in word])
        return None if path is None else (path, np.array(word)[path.place])


def counted(evidence: Evidence, apart: Sequence[int]) -> Frames:
    """The frames by which a sentence is judged: without words `apart`, such as a name that may be another."""
    among = ~np.isin(evidence.word, list(apart))
    if apart and not among.all():
        # What was passed over amid an unknown name belongs to it.
        places = np.flatnonzero(~among)
        among[places[0] : places[-1] + 1] = False
    return among


def on_script(evidence: Evidence, apart: Sequence[int]) -> float:
    """The probability that the sentence was said."""
    loss, passed_over = evidence.measures(counted(evidence, apart))
    constant, by_loss, by_share = SCRIPT_WEIGHTS
    return _logistic(constant + by_loss * loss + by_share * passed_over)


def word_score(evidence: Evidence, word: int) -> float:
    return scored(evidence.of_word(word))


def scored(loss: float) -> float:
    """The probability that a word was said, from its loss a frame."""
    constant, by_loss = WORD_WEIGHTS
    return _logistic(constant + by_loss * loss)


def _logistic(value: float) -> float:
    return 1 / (1 + exp(-min(50.0, max(-50.0, value))))
