"""What can be told of a clip by its samples: how loud it is, when it begins, how its pieces join. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.engines.protocols import VOICE_RATE
from realtime.packs.loudness import FRAME, LEAST_DB, level_db, powers

NEAR = VOICE_RATE // 100  # 10 ms: on each side of a step, and what is near to a click
# Bark's server keeps the newest 10 to 20 ms of a piece for the next: the true joint follows.
AFTER_CUT = range(0, 4 * NEAR, NEAR)
CLICK = 4.0  # a jump so many times the steepest nearby is heard as a click
CLICK_LEAST = 0.02  # of full scale
VOICED_DB = -45.0  # quieter than this on either side, a step is a pause

Sound = NDArray[np.int16]  # mono [n] at VOICE_RATE


@dataclass(frozen=True, slots=True)
class Joint:
    """Where two pieces of a stream were received. `step_db`: the largest change of level there or just after;
    None in a pause."""

    at: int
    step_db: float | None


@dataclass(frozen=True, slots=True)
class Heard:
    """`elsewhere_db`: steps of level between the joints, where nothing was joined: speech's own. `clicks`:
    anywhere, in samples."""

    seconds: float
    level_db: float | None
    leading_ms: int
    joints: tuple[Joint, ...]
    elsewhere_db: tuple[float, ...]
    clicks: tuple[int, ...]

    @property
    def steps_db(self) -> tuple[float, ...]:
        return tuple(joint.step_db for joint in self.joints if joint.step_db is not None)


def measure(sound: Sound, cuts: Sequence[int]) -> Heard:
    """`cuts`: the samples at which pieces began, the first one left out."""
    inner = [cut for cut in cuts if NEAR <= cut <= len(sound) - NEAR]
    between = [(a + b) // 2 for a, b in zip([0, *inner], [*inner, len(sound)], strict=True)]
    steps = [step_db(sound, at) for at in between]
    return Heard(
        len(sound) / VOICE_RATE,
        level_db(powers(sound)),
        leading_ms(sound),
        tuple(Joint(cut, step_db(sound, cut)) for cut in inner),
        tuple(step for step in steps if step is not None),
        clicks(sound),
    )


def leading_ms(sound: Sound) -> int:
    """Silence before the first frame that can be heard; all of it where none can."""
    audible = np.flatnonzero(powers(sound) > 10 ** (LEAST_DB / 10))
    frames = int(audible[0]) if len(audible) else len(sound) // FRAME
    return frames * FRAME * 1000 // VOICE_RATE


def step_db(sound: Sound, cut: int) -> float | None:
    """None where nothing goes on."""
    places = (cut + after for after in AFTER_CUT)
    steps = [_step_db(sound, at) for at in places if 2 * NEAR <= at <= len(sound) - 2 * NEAR]
    return max((step for step in steps if step is not None), default=None)


def clicks(sound: Sound) -> tuple[int, ...]:
    """The samples at which the signal jumps as it does nowhere nearby."""
    jumps = np.abs(np.diff(sound.astype(np.float64) / 32768))
    wide = np.flatnonzero(jumps > CLICK_LEAST)
    return tuple(int(at) + 1 for at in wide if jumps[at] > CLICK * _steepest_beside(jumps, int(at)))


def _steepest_beside(jumps: NDArray[np.float64], at: int) -> float:
    before, after = jumps[max(0, at - NEAR) : at], jumps[at + 1 : at + NEAR]
    return float(np.concatenate((before, after)).max(initial=0.0))


def _step_db(sound: Sound, at: int) -> float | None:
    """Where it sounds for 20 ms on both sides: a clip is faded into its pauses."""
    levels = [_db(sound[start : start + NEAR]) for start in range(at - 2 * NEAR, at + 2 * NEAR, NEAR)]
    return abs(levels[2] - levels[1]) if min(levels) > VOICED_DB else None


def _db(sound: Sound) -> float:
    return 10 * float(np.log10(np.mean((sound.astype(np.float64) / 32768) ** 2) + 1e-12))
