"""When the sound of a sentence is made while the rest of it is still being drawn. Pure; times in seconds.

A piece of sound costs a pass of the fine model over a whole window, whatever its length: many short pieces
start early and starve later. So pieces grow, and the first ones wait for each other where sound that began
with them would stop again: 93 ms of sound are worth nothing if silence follows.

The longest size is repeated. To make all that is left in one piece spares calls of the fine model, but that
piece waits for the sentence's last token with 3.1 s of sound in hand: no start is sooner for it at any speed,
and where many are spoken it is the piece that comes late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpu.bark.codec import FIRST_FRAMES

FRAMES_PER_S = 75
SEMANTIC_PER_S = 49.9
COARSE_PER_SEMANTIC = FRAMES_PER_S * 2 / SEMANTIC_PER_S
LOOK_AHEAD = 47  # semantic tokens that the first window needs, with a long voice
WINDOW = 60  # coarse tokens
FINE_PASSES = 6
GROWING = (FIRST_FRAMES, 15, 30, 60, 120)  # frames


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of a pass, with one sentence in the batch; `among` several, as one of them waits for it."""

    semantic: float
    coarse: float
    prefill: float
    fine: float  # all six codebooks
    frame: float  # of the codec

    def among(self, sentences: int) -> "Speed":
        """A step takes all along, but the two stages take turns; prompts and sound are each one's own.

        That is the worst of it: those that have sound in hand give way.
        """
        turns = min(sentences, 2)
        return Speed(
            self.semantic * turns,
            self.coarse * turns,
            self.prefill * sentences,
            self.fine * sentences,
            self.frame * sentences,
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """`sizes` of the pieces in frames, the last for all that follow; so many are `held` for each other."""

    sizes: tuple[int, ...] = GROWING
    held: int = 1

    def size(self, number: int) -> int:
        return self.sizes[min(number, len(self.sizes) - 1)]


def next_piece(schedule: Schedule, number: int, pushed: int, drawn: int, *, whole: bool) -> int:
    """Frames of piece `number` if it can be made now, else 0; `whole`: all frames have been drawn.

    How the sentence is cut does not depend on when it is asked: the fine codes depend on the cuts.
    """
    left, size = drawn - pushed, schedule.size(number)
    return size if left >= size else left if whole else 0


def chosen(speed: Speed, semantic: int, sentences: int = 1) -> Schedule:
    """For one of so many sentences, of about so many semantic tokens: it starts soonest and never starves.

    The cut is the one that is best alone, whatever the company, since what is said depends on it. How many
    pieces wait for each other does not change the sound.
    """
    frames = frames_of(semantic)
    plans = [Schedule(GROWING[first:]) for first in range(len(GROWING))] + [Schedule((max(frames, 1),))]
    best = min(plans, key=lambda plan: start_s(list(arrivals(speed, semantic, plan))))
    pieces = list(arrivals(speed.among(sentences), semantic, best))
    begins_s = start_s(pieces)
    return Schedule(best.sizes, 1 + sum(at < begins_s for at, _ in pieces))


def arrivals(speed: Speed, semantic: int, schedule: Schedule) -> Iterator[tuple[float, int]]:
    """When each piece is there and how many frames it has: a sentence alone on this machine."""
    tokens, now_s, number, pushed, heard = 2 * frames_of(semantic), 0.0, 0, 0, 0
    for said in range(1, tokens + 1):
        if said % WINDOW == 1:
            wanted = min(semantic, LOOK_AHEAD + round((said - 1) / COARSE_PER_SEMANTIC))
            now_s += speed.semantic * (wanted - heard)
            heard = wanted
        now_s += speed.prefill if said % WINDOW == 1 else speed.coarse
        while size := next_piece(schedule, number, pushed, said // 2, whole=said == tokens):
            now_s += speed.fine + speed.frame * size
            yield now_s, size
            number, pushed = number + 1, pushed + size


def start_s(pieces: Sequence[tuple[float, int]]) -> float:
    """The earliest start of playback after which no piece comes late."""
    played, start = 0, 0.0
    for at_s, frames in pieces:
        start = max(start, at_s - played / FRAMES_PER_S)
        played += frames
    return start


def frames_of(semantic: int) -> int:
    return int(semantic * COARSE_PER_SEMANTIC / 2)
