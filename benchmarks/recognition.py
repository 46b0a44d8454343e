"""What hearing costs: a long turn, many learners at once, and on a card how many of them.

    python -m benchmarks.recognition                        a three-minute turn; counts, no engine
    python -m benchmarks.recognition --people               the same, pocketsphinx and human voices; minutes
    python -m benchmarks.recognition --batch --shape tiny   8 windows in one call against 8 calls
    python -m benchmarks.recognition --batch --shape turbo --device cuda --precision float16
    python -m benchmarks.recognition --batch --learners 32 --mixed   32 windows that do not begin alike

Weights are random: a token costs what it costs with trained ones, but a text ends by chance, after a token or
two, and then the encoder is all that is measured. With --endless no text ends before its bound, 64 tokens for
these windows. Trained weights lie between. Both ways decode the same tokens; `tokens_a_text` says how many.

Windows that begin alike are the best case. With --mixed learners have said more or less before, and their
language is asked for: what starts at different places is decoded apart (`gpu/whisper/batch.py`).
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import long_turn
from benchmarks.random_whisper import SHAPES, make_whisper
from gpu.decode import SAMPLE_RATE
from gpu.whisper.batch import Whisper, Window
from gpu.whisper.model import load

ROUNDS = 3
WORDS_SAID = (0, 4, 12, 40, 90)  # with --mixed, before the audio: prompts of five lengths
FINALS_S = (2, 5, 10)
PARTIAL_S = 3  # of audio in a partial, on average
PARTIALS_PER_S = 2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--endless", action="store_true", help="texts as long as their bound")
    parser.add_argument("--learners", type=int, default=8, help="windows in one call")
    parser.add_argument("--mixed", action="store_true", help="prompts of many lengths, languages asked for")
    options = parser.parse_args()
    if options.batch:
        with tempfile.TemporaryDirectory() as folder:
            model = make_whisper(Path(folder), SHAPES[options.shape], endless=options.endless)
            whisper = Whisper(load(str(model), options.device, options.precision))
        named = {name: getattr(options, name) for name in ("shape", "device", "precision", "mixed")}
        figures = named | batches(whisper, options.learners, options.mixed)
    else:
        figures = long_turn.report_people() if options.people else long_turn.report()
    print(json.dumps(figures, indent=2))


def batches(whisper: Whisper, learners: int, mixed: bool) -> dict[str, object]:
    windows = [heard(seconds=PARTIAL_S, seed=seed, partial=True) for seed in range(learners)]
    if mixed:
        windows = [among_others(window, number) for number, window in enumerate(windows)]

    def one_call() -> None:
        whisper.hear(windows)

    def single_calls() -> None:
        for window in windows:
            whisper.hear([window])

    batch_s, singles_s = by_turns(one_call, single_calls)
    tokens = [len(one.tokens) for one in whisper.hear(windows)]
    finals = {f"final_of_{seconds}_s_ms": round(1000 * final(whisper, seconds)) for seconds in FINALS_S}
    return {
        "learners": learners,
        "tokens_a_text": round(statistics.mean(tokens), 1),
        "tokens_per_s": round(sum(tokens) / batch_s),
        "one_call_ms": round(1000 * batch_s),
        "single_calls_ms": round(1000 * singles_s),
        "ratio": round(singles_s / batch_s, 2),
        "windows_per_s": round(learners / batch_s, 1),
        "learners_at_one_partial_per_500_ms": int(learners / batch_s / PARTIALS_PER_S),
        **finals,
    }


def among_others(window: Window, number: int) -> Window:
    """One of many learners, each somewhere else in a talk."""
    said = " ".join(["so"] * WORDS_SAID[number % len(WORDS_SAID)])
    return replace(window, prompt=said, languages=["en", "es"])


def by_turns(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Seconds of each, the medians; by turns, so that both meet the same machine."""
    one()
    other()
    times = [(clocked(one), clocked(other)) for _ in range(ROUNDS)]
    ones, others = zip(*times, strict=True)
    return statistics.median(ones), statistics.median(others)


def clocked(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def final(whisper: Whisper, seconds: int) -> float:
    window = heard(seconds=seconds, seed=99, partial=False)
    return statistics.median(clocked(lambda: whisper.hear([window])) for _ in range(ROUNDS))


def heard(*, seconds: int, seed: int, partial: bool) -> Window:
    sound = np.random.default_rng(seed).normal(0, 3000, seconds * SAMPLE_RATE)
    return Window(sound.astype(np.int16), voiced_s=seconds, partial=partial)


if __name__ == "__main__":
    main()
