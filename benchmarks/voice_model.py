"""What a window of voice activity costs: numpy's way (realtime/session/silero.py) against onnxruntime's.

    python -m benchmarks.voice_model

By turns, on one core, one thread each; the least of many rounds.
"""

# pyright: reportMissingTypeStubs=false

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from threadpoolctl import threadpool_limits

from realtime.session.silero import CONTEXT, NEW, STATE, WINDOW, Floats, VoiceModel, asset

ROUNDS, CALLS = 20, 100


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| windows in a call | onnxruntime | numpy | ratio |\n| --- | --- | --- | --- |")
    with threadpool_limits(1):
        for count in (1, 2, 4, 8, 16):
            theirs, ours = by_turns(count)
            print(f"| {count} | {theirs:.0f} us | {ours:.0f} us | {theirs / ours:.1f} |")


def by_turns(count: int) -> tuple[float, float]:
    """us for each of `count` windows in a row: onnxruntime, numpy."""
    sound = np.random.default_rng(1).normal(0, 0.1, (count, CONTEXT + WINDOW)).astype(np.float32)
    model, session = VoiceModel(), runtime()
    nothing = np.zeros((1, 1, STATE), np.float32)

    def theirs(windows: Floats) -> None:
        session.run(None, {"input": windows, "h": nothing, "c": nothing})

    def ours(windows: Floats) -> None:
        model.run(windows, NEW)

    least = [float("inf")] * 2
    for _ in range(ROUNDS):
        least = [min(before, spent_us(run, sound)) for before, run in zip(least, (theirs, ours), strict=True)]
    return least[0] / count, least[1] / count


def runtime() -> Any:
    typeless: Any = onnxruntime
    options = typeless.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return typeless.InferenceSession(asset(), options, ["CPUExecutionProvider"])


def spent_us(run: Callable[[Floats], None], windows: Floats) -> float:
    begun_s = time.perf_counter()
    for _ in range(CALLS):
        run(windows)
    return (time.perf_counter() - begun_s) * 1e6 / CALLS


if __name__ == "__main__":
    main()
