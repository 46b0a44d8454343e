"""Sentences said by Bark's engine, and when each piece of each was there."""

# pyright: reportMissingImports=false
# torch is in the environment that this runs in, not in the one that is checked.

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from gpu.bark.codec import FRAME_SAMPLES
from gpu.bark.engine import Engine
from gpu.bark.request import Request
from gpu.bark.schedule import FRAMES_PER_S, Schedule, Speed, chosen, start_s

Arrivals = list[tuple[float, int]]  # of one sentence: seconds since all were asked for, frames


@dataclass
class Run:
    """Seconds, and passes by stage. Where there are more sentences, all were asked for at the same moment."""

    arrivals: list[Arrivals]
    whole: float
    passes: dict[str, int] = field(default_factory=dict[str, int])
    spent: dict[str, float] = field(default_factory=dict[str, float])  # by stage

    @property
    def sound(self) -> float:
        return sum(lasts_s(one) for one in self.arrivals)

    @property
    def firsts(self) -> list[float]:
        return [one[0][0] for one in self.arrivals]

    @property
    def gapless(self) -> list[float]:
        """Of each sentence the earliest start after which its playback never stops."""
        return [start_s(one) for one in self.arrivals]

    @property
    def realtime_streams(self) -> int:
        """How many sentences were made no slower than they are heard."""
        return sum(one[-1][0] <= lasts_s(one) for one in self.arrivals)


def said(engine: Engine, requests: Sequence[Request], speed: Speed | None = None) -> Run:
    """Each by the schedule that Bark's process would choose at this speed; by default the first sound leaves
    as soon as it can, whatever follows."""
    began_s = time.perf_counter()
    sentences = [engine.submit(one, speed and scheduled(engine, one, speed)) for one in requests]
    arrivals: dict[int, Arrivals] = {sentence.number: [] for sentence in sentences}
    spent: dict[str, float] = {}
    while not engine.idle:
        before, at_s = engine.passes.copy(), time.perf_counter()
        pieces = engine.step()
        now_s = time.perf_counter()
        stage = " and ".join(sorted(engine.passes - before))  # a piece's codes and its sound are one step
        spent[stage] = spent.get(stage, 0) + now_s - at_s
        for piece in pieces:
            arrivals[piece.sentence].append((now_s - began_s, piece.samples.size // FRAME_SAMPLES))
    whole_s = time.perf_counter() - began_s
    return Run(list(arrivals.values()), whole_s, dict(engine.passes), spent)


def at_once(samples: int, took_s: float, passes: Counter[str]) -> Run:
    """Of one that gives all of its sound at the end."""
    return Run([[(took_s, samples // FRAME_SAMPLES)]], took_s, dict(passes))


def scheduled(engine: Engine, request: Request, speed: Speed) -> Schedule:
    return chosen(speed, request.most_semantic, engine.company)


def lasts_s(arrivals: Arrivals) -> float:
    return sum(frames for _, frames in arrivals) / FRAMES_PER_S


def alone(run: Run) -> dict[str, Any]:
    """The figures of one sentence."""
    total = sum(run.spent.values())
    return {
        "sound": round(run.sound, 3),
        "first": round(run.firsts[0], 3),
        "gapless": round(run.gapless[0], 3),
        "whole": round(run.whole, 3),
        "realtime_factor": round(run.whole / run.sound, 3),
        "passes": run.passes,
        "share": {stage: round(spent / total, 3) for stage, spent in run.spent.items()},
    }


def together(run: Run) -> dict[str, Any]:
    """The figures of a batch."""
    return {
        "first_s": spread(run.firsts),
        "gapless_s": spread(run.gapless),
        "realtime_streams": run.realtime_streams,
        "sound_for_each_second": round(run.sound / run.whole, 3),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    return {f"p{percent}": round(percentile(values, percent), 3) for percent in (50, 95)}


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest that so many of a hundred do not exceed."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]
