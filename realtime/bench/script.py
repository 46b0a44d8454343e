"""What a learner is going to do in a talk, turn by turn. Pure: the same number does the same."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

PAUSES_MS = (700, 1200)
HESITATION_MS = (400, 400)
OVER_MS = (700, 1500)  # of the tutor's voice, before a learner interrupts it
REST_MS = (600, 1200)  # after the tutor, before a learner goes on

Murmur = Literal["", "backchannel", "cough"]


@dataclass(frozen=True, slots=True)
class Turn:
    """`gaps_ms`: the silences inside the sentence. `over`: said while the tutor still speaks, `wait_ms` after
    it began; else `wait_ms` after it ended. `murmur`: uttered while the answer plays, and no turn."""

    line: int = 0
    gaps_ms: tuple[int, ...] = ()
    over: bool = False
    murmur: Murmur = ""
    wait_ms: int = 0


def plan(number: int, turns: int, pauses_ms: Sequence[int] = PAUSES_MS) -> tuple[Turn, ...]:
    """Of the learner with this number. Learners begin at different places, none with an interruption."""
    cycle = _cycle(pauses_ms[0], pauses_ms[-1])
    starts = [at for at, turn in enumerate(cycle) if not turn.over]
    first, dice = starts[number % len(starts)], random.Random(number)
    kinds = (cycle[(first + at) % len(cycle)] for at in range(turns))
    return tuple(replace(kind, line=number + at, wait_ms=_wait(kind, dice)) for at, kind in enumerate(kinds))


def _cycle(short_ms: int, long_ms: int) -> tuple[Turn, ...]:
    """An interruption follows a turn without a murmur: else it could find the tutor already silenced."""
    return (
        Turn(),
        Turn(over=True),
        Turn(gaps_ms=(short_ms,), murmur="backchannel"),
        Turn(gaps_ms=(long_ms,), murmur="cough"),
        Turn(gaps_ms=HESITATION_MS),
        Turn(over=True),
    )


def _wait(turn: Turn, dice: random.Random) -> int:
    return dice.randint(*(OVER_MS if turn.over else REST_MS))
