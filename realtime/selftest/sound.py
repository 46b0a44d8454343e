"""What can be told of a clip by its samples: how loud it is, when it begins, how its pieces join. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.engines.protocols import VOICE_RATE
from realtime.packs.loudness import FRAME, LEAST_DB, level_db, powers

NEAR = VOICE_RATE // 100  # 10 ms on each side of a joint
CLICK = 4.0  # a jump so many times the steepest nearby is heard as a click
CLICK_LEAST = 0.02  # of full scale
VOICED_DB = -45.0  # quieter than this on either side, a step is a pause

Sound = NDArray[np.int16]  # mono [n] at VOICE_RATE


@dataclass(frozen=True, slots=True)
class Joint:
    """Where two pieces of a stream meet. `step_db`: louder or quieter after it; None in a pause."""

    at: int
    step_db: float | None
    click: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """`elsewhere_db`: steps of level between the joints, where nothing was joined: speech's own."""

    seconds: float
    level_db: float | None
    leading_ms: int
    joints: tuple[Joint, ...]
    elsewhere_db: tuple[float, ...]

    @property
    def clicks(self) -> int:
        return sum(joint.click for joint in self.joints)

    @property
    def steps_db(self) -> tuple[float, ...]:
        return tuple(abs(joint.step_db) for joint in self.joints if joint.step_db is not None)


def measure(sound: Sound, cuts: Sequence[int]) -> Heard:
    """`cuts`: the samples at which pieces began, the first one left out."""
    inner = [cut for cut in cuts if NEAR <= cut <= len(sound) - NEAR]
    between = [(a + b) // 2 for a, b in zip([0, *inner], [*inner, len(sound)], strict=True)]
    steps = [step_db(sound, at) for at in between if NEAR <= at <= len(sound) - NEAR]
    return Heard(
        len(sound) / VOICE_RATE,
        level_db(powers(sound)),
        leading_ms(sound),
        tuple(Joint(cut, step_db(sound, cut), is_click(sound, cut)) for cut in inner),
        tuple(abs(step) for step in steps if step is not None),
    )


def leading_ms(sound: Sound) -> int:
    """Silence before the first frame that can be heard; all of it where none can."""
    audible = np.flatnonzero(powers(sound) > 10 ** (LEAST_DB / 10))
    frames = int(audible[0]) if len(audible) else len(sound) // FRAME
    return frames * FRAME * 1000 // VOICE_RATE


def step_db(sound: Sound, at: int) -> float | None:
    before, after = _db(sound[at - NEAR : at]), _db(sound[at : at + NEAR])
    return after - before if min(before, after) > VOICED_DB else None


def is_click(sound: Sound, at: int) -> bool:
    """The signal jumps at this sample as it does nowhere nearby."""
    near = sound[at - NEAR : at + NEAR].astype(np.float64) / 32768
    jumps = np.abs(np.diff(near))
    here = jumps[NEAR - 1]
    return bool(here > CLICK_LEAST and here > CLICK * np.delete(jumps, NEAR - 1).max())


def _db(sound: Sound) -> float:
    return 10 * float(np.log10(np.mean((sound.astype(np.float64) / 32768) ** 2) + 1e-12))
