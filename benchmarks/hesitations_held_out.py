"""Other learners who hesitate, for the report on endpointing: other texts, voices, pauses and corrections.

Nothing is tuned on what comes out of here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.answers import Answer, Learner, Piece, Saying, read
from realtime.protocol.config import Level

LEARNERS, TURNS = 24, 10
VOICES = ("en-gb", "en-gb+f2", "en-gb+m7", "en-gb+f4")
PACES_WPM = (105, 120, 135, 150)
SHORTEST_MS, LONGEST_MS = 300, 1500
SEARCHED_FROM_MS = 700  # who searches for a word takes up to LONGEST_MS, who only draws breath is back before
FILLERS = ("ah", "erm", "eh", "mm", "let me think", "I mean", "how do you say")


@dataclass(frozen=True, slots=True)
class Habit:
    """How one learner hesitates. Shares: of the clauses' ends, of the other gaps between words, of
    pauses that are searches, of gaps where a wrong word is taken back, of pauses that are filled."""

    at_a_step: float
    within: float
    searched: float
    taken_back: float
    filled: float


LEVELS: tuple[Level, ...] = ("A1", "A2", "B1")
STEPS: dict[Level, tuple[float, float]] = {"A1": (0.4, 0.8), "A2": (0.3, 0.7), "B1": (0.2, 0.6)}
WITHIN: dict[Level, tuple[float, float]] = {"A1": (0.08, 0.2), "A2": (0.05, 0.14), "B1": (0.03, 0.1)}


def learners(seed: int = 20) -> tuple[Learner, ...]:
    random, answers = Random(seed), read("answers_held_out.txt")
    return tuple(_learner(LEVELS[n % 3], answers, random) for n in range(LEARNERS))


def _learner(level: Level, answers: tuple[Answer, ...], random: Random) -> Learner:
    habit = Habit(
        at_a_step=random.uniform(*STEPS[level]),
        within=random.uniform(*WITHIN[level]),
        searched=random.betavariate(2, 3),
        taken_back=random.uniform(0, 0.04),
        filled=random.uniform(0, 0.5),
    )
    chosen = random.sample(answers, TURNS)
    vocabulary = [word for answer in answers for word in answer.words]
    sayings = tuple(Saying(one, tuple(_pieces(one, habit, vocabulary, random))) for one in chosen)
    return Learner(level, random.choice(VOICES), random.choice(PACES_WPM), sayings)


def _pieces(answer: Answer, habit: Habit, vocabulary: list[str], random: Random) -> Iterator[Piece]:
    said: list[str] = []
    if random.random() < habit.filled / 4:
        yield Piece(random.choice(FILLERS), _pause_ms(habit, random))
    for n, word in enumerate(answer.words, 1):
        if n > 1 and random.random() < habit.taken_back:
            yield Piece(" ".join((*said, random.choice(vocabulary))), _pause_ms(habit, random))
            said = [random.choice(("no", "sorry"))]
        said.append(word)
        step = n in answer.steps
        if n < len(answer.words) and random.random() < (habit.at_a_step if step else habit.within):
            filled = random.random() < habit.filled
            if filled and random.random() < 0.5:
                yield Piece(" ".join(said), _pause_ms(habit, random), step)
                yield Piece(random.choice(FILLERS), _pause_ms(habit, random))
            else:
                filler = (random.choice(FILLERS),) if filled else ()
                yield Piece(" ".join((*said, *filler)), _pause_ms(habit, random), step and not filled)
            said = []
    yield Piece(" ".join(said))


def _pause_ms(habit: Habit, random: Random) -> int:
    searched = random.random() < habit.searched
    bounds = (SEARCHED_FROM_MS, LONGEST_MS) if searched else (SHORTEST_MS, SEARCHED_FROM_MS)
    return round(random.triangular(*bounds, bounds[0]))
