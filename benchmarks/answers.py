"""What learners say, to be spoken: texts with questions, and an utterance as pieces with pauses between."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.protocol.config import Level

DATA = Path(__file__).parent / "data"
STEP = "/"  # in a text: what was said so far would do as an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """`expected`: what the lesson expects, none in a free talk."""

    asked: str
    expected: tuple[str, ...]
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(plain(word) for word in self.text.split() if word != STEP)

    @property
    def steps(self) -> frozenset[int]:
        """How many words stand before each STEP."""
        parts = self.text.split()
        return frozenset(n - parts[:n].count(STEP) for n, part in enumerate(parts) if part == STEP)


@dataclass(frozen=True, slots=True)
class Piece:
    """Said without a stop, and the pause after it; `whole`: it would do as an answer with what was before."""

    text: str
    pause_ms: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    answer: Answer
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Learner:
    level: Level
    voice: str
    pace_wpm: int
    sayings: tuple[Saying, ...]


def read(name: str) -> tuple[Answer, ...]:
    return tuple(_answers((DATA / name).read_text(encoding="utf-8")))


def _answers(text: str) -> Iterator[Answer]:
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        (sign, asked), said = lines[0].split(" ", 1), lines[1:]
        expected = tuple(said) if sign == "!" else ()
        yield from (Answer(asked, expected, one) for one in said)


def plain(word: str) -> str:
    """As a voice is given it: a comma would be a pause that nobody drew."""
    return word.strip(",.?!")
