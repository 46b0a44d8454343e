"""Whether a sentence may begin to sound: a voice that falls behind must not run dry inside a word.

A voice that makes sound at a share `r` < 1 of real time has made `came + r * t` when `t` has been played. At
the clip's end that is enough if `came >= length * (1 - r)`, and then it was at each moment before. Sound
comes in pieces, so what is there must also last until the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from realtime.talk.transcript import Word

LETTER_MS = 85  # a slow voice's; a letter too long costs a little waiting, one too short a hole
DIGIT_LETTERS = 5  # "7" is said "seven"
DOUBT = 1.1  # a length that was foretold may turn out longer
JITTER_MS = 50


@dataclass(frozen=True, slots=True)
class Supply:
    """What came of a clip's sound so far, in pieces. The wait for the first says nothing of the speed."""

    came_ms: float = 0
    pieces: int = 0
    later_ms: float = 0  # of sound, after the first piece
    waited_ms: float = 0  # for that
    longest_wait_ms: float = 0

    def take(self, ms: float, waited_ms: float) -> "Supply":
        came, pieces = self.came_ms + ms, self.pieces + 1
        if self.pieces == 0:
            return Supply(came, pieces)
        longest = max(self.longest_wait_ms, waited_ms)
        return Supply(came, pieces, self.later_ms + ms, self.waited_ms + waited_ms, longest)

    @property
    def rate(self) -> float | None:
        """Sound made for each millisecond; None while that is not known."""
        if self.pieces < 2:
            return None
        return self.later_ms / max(1.0, self.waited_ms)

    def lasts(self, length_ms: float) -> bool:
        """What came will not be used up before the clip's end."""
        if self.rate is None:
            return False
        behind_ms = DOUBT * length_ms * max(0.0, 1 - self.rate)
        return self.came_ms >= behind_ms + self.longest_wait_ms + JITTER_MS


def expected_ms(text: str, words: Sequence[Word], speed: float) -> float:
    """How long a clip will be: by its words' times where they are known, else by its letters."""
    if words:
        return words[-1].end_ms
    letters = sum(DIGIT_LETTERS if char.isdigit() else char.isalpha() for char in text)
    return letters * LETTER_MS / speed
