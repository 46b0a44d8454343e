"""The likeliest way of an utterance through phones: through any at all, or through those of a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu.embedded.acoustic import STATES, AcousticModel, Floats

NEVER = np.float32(-1e30)
CHANGE = np.float32(-3)  # the log probability of a next phone; less would split phones, more would join them


@dataclass(frozen=True, slots=True)
class Path:
    """A frame each: its place in the phones given, and how well it fits there."""

    place: NDArray[np.int64]
    fit: Floats


def likeliest_phones(model: AcousticModel, scores: Floats) -> list[int]:
    """The phones of scores [T, P, 3], any following any."""
    frames, phones, _ = scores.shape
    here = np.full((phones, STATES), NEVER)
    here[:, 0] = scores[0, :, 0]
    entered = np.zeros((phones, STATES), np.int32)  # the frame in which the phone was entered
    entries = np.zeros((frames, phones), np.int32)
    before = np.zeros(frames, np.int32)
    for frame in range(1, frames):
        leaving = here + model.leave
        entries[frame - 1] = entered[:, 2]
        before[frame] = last = int(leaving[:, 2].argmax())
        arriving = np.empty_like(here)
        arriving[:, 0] = leaving[last, 2] + CHANGE
        arriving[:, 1:] = leaving[:, :2]
        came = np.empty_like(entered)
        came[:, 0] = frame
        came[:, 1:] = entered[:, :2]
        staying = here + model.stay
        moved = arriving > staying
        here = np.where(moved, arriving, staying) + scores[frame]
        entered = np.where(moved, came, entered)
    entries[-1] = entered[:, 2]
    return _walk_back(int((here + model.leave)[:, 2].argmax()), entries, before)


def _walk_back(last: int, entries: NDArray[np.int32], before: NDArray[np.int32]) -> list[int]:
    found = [last]
    frame = len(entries) - 1
    while (entry := int(entries[frame, found[-1]])) > 0:
        found.append(int(before[entry]))
        frame = entry - 1
    return found[::-1]


def through(
    model: AcousticModel, scores: Floats, phones: Sequence[int], optional: Sequence[bool]
) -> Path | None:
    """Through these phones in order; an optional one (never two together) may be left out.

    None if the utterance is too short for them.
    """
    phone, state = np.repeat(phones, STATES), np.tile(np.arange(STATES), len(phones))
    emitted = scores[:, phone, state]
    stay, leave = model.stay[phone, state], model.leave[phone, state]
    over = _ways_over(optional)
    can_skip = over >= 0
    here = np.full(len(phone), NEVER)
    here[0] = emitted[0, 0]
    if optional[0] and len(phones) > 1:
        here[STATES] = emitted[0, STATES]
    ways = np.zeros((len(scores), len(phone)), np.int8)
    own = np.arange(len(phone))
    for frame in range(1, len(scores)):
        leaving = here + leave
        skipped = np.where(can_skip, leaving[over], NEVER)
        choices = np.stack((here + stay, np.concatenate(([NEVER], leaving[:-1])), skipped))
        way = choices.argmax(0)
        ways[frame] = way
        here = choices[way, own] + emitted[frame]
    return _follow(here, ways, over, optional, emitted)


def _ways_over(optional: Sequence[bool]) -> NDArray[np.int64]:
    """For each state the one from which an optional phone before it is skipped, else -1."""
    over = np.full(len(optional) * STATES, -1)
    for place in range(2, len(optional)):
        if optional[place - 1]:
            over[place * STATES] = (place - 1) * STATES - 1
    return over


def _follow(
    here: Floats, ways: NDArray[np.int8], over: NDArray[np.int64], optional: Sequence[bool], emitted: Floats
) -> Path | None:
    ends = [len(here) - 1]
    if optional[-1] and len(optional) > 1:
        ends.append(len(here) - 1 - STATES)
    state = max(ends, key=lambda end: here[end])
    if here[state] <= NEVER / 2:
        return None
    states = np.zeros(len(ways), np.int64)
    for frame in range(len(ways) - 1, -1, -1):
        states[frame] = state
        way = ways[frame, state]
        state = state if way == 0 else state - 1 if way == 1 else int(over[state])
    return Path(states // STATES, emitted[np.arange(len(ways)), states])
