"""Bark beside transformers' BarkModel, by turns in one run, on random weights of the true shape.

    .venv-engines/bin/python -m benchmarks.bark --shape tiny|small|large --device cpu|cuda [--seconds 3 10]

Random weights hardly ever end a sentence, so both are told how many semantic tokens to draw. `first` is the
time to the first sound, `gapless` the earliest start after which playback never stops. Ours is run in three
ways: `stream` by the schedule that Bark's process chooses at the speed measured here, `soonest` with the
first sound as soon as it can be had, whatever follows, and `exact`. transformers gives all of it at once.

A batch is of sentences that are all asked for at the same moment, the hardest way to begin: how long each
waits, and how many are made as fast as they are heard. Runs in the environment of `make test-engines`, which
has torch and transformers.
"""

# pyright: reportMissingImports=false
# torch is in the environment that this runs in, not in the one that is checked.

import argparse
import json
import multiprocessing
import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import torch

from benchmarks.bark_floor import step_figures
from benchmarks.bark_run import alone, said, together
from benchmarks.bark_transformers import Transformers
from gpu.bark.engine import Engine, Steps
from gpu.bark.generate import semantic_prompt, semantic_tokens
from gpu.bark.graphs import Graphs
from gpu.bark.process import Measured, measure
from gpu.bark.request import Request
from gpu.bark.schedule import SEMANTIC_PER_S
from gpu.bark.weights import Bark
from tests.bark import tiny

SHAPES = {"tiny": tiny.TINY, "small": tiny.SMALL, "large": tiny.LARGE}
TEXT = "The quick brown fox jumps over the lazy dog, and nobody in the village was surprised."
THREE_SECONDS = 150  # semantic tokens of each sentence in a batch
SHORT = 60  # of the one whose steps are timed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seconds", type=float, nargs="*", default=[3, 10])
    parser.add_argument("--batch", type=int, nargs="*", help="sentences at once: by default what fits")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.batch is None:
        options.batch = usual_batches(options.shape, options.device)
    with tempfile.TemporaryDirectory() as folder:
        made = made_bark(Path(folder), options.shape)
        print(json.dumps(figures(options, made), indent=None if options.json else 2))


def usual_batches(shape: str, device: str) -> list[int]:
    """On a processor no true shape is near real time, for one sentence or for many."""
    if device == "cuda":
        return [1, 2, 4, 8, 16, 32]
    return [1, 2, 4] if shape == "tiny" else []


def made_bark(folder: Path, shape: str) -> Path:
    """By another process: what making it takes is not counted here."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(tiny.make_bark, folder, SHAPES[shape]).result()


def figures(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    precision = "float16" if options.device == "cuda" else "float32"
    before_mib = peak_mib(options.device)
    ours = Ours.load(folder, options.device, precision, slots=max([1, *options.batch]))
    made: dict[str, Any] = {
        "shape": options.shape,
        "device": options.device,
        "precision": precision,
        "measured": asdict(ours.measured),
    }
    made |= {f"batch of {size}": batch(ours, size) for size in options.batch}
    made["memory_mib"] = peak_mib(options.device) - before_mib  # before others come: ours alone
    made["step"] = step_figures(ours.bark, ours.engine(), ours.request(SHORT))
    if not options.seconds:
        return made
    theirs = Transformers.load(folder, options.device, precision, TEXT, ours.bark.voices[ours.voice])
    sentences = {f"{seconds:g} s": sentence(ours, theirs, seconds) for seconds in options.seconds}
    return made | {"transformers": theirs.settings} | sentences


@dataclass(frozen=True)
class Ours:
    bark: Bark
    steps: Steps | None
    slots: int
    voice: str
    measured: Measured

    @staticmethod
    def load(folder: Path, device: str, precision: str, slots: int) -> "Ours":
        bark = Bark.load(folder, device, precision, slots + 1)
        steps = Graphs(bark, slots + 1) if device == "cuda" else None
        measured = measure(bark, Engine(bark, slots, steps))
        return Ours(bark, steps, slots, sorted(bark.voices.offered)[0], measured)

    def engine(self) -> Engine:
        return Engine(self.bark, self.slots, self.steps)

    def request(self, tokens: int, seed: int = 1) -> Request:
        return Request(TEXT, self.voice, seed, most_semantic=tokens)

    def sentence(self, tokens: int) -> Request:
        """One that does not end before it has so many semantic tokens."""
        return next(one for seed in count(1) if self._lasts(one := self.request(tokens, seed)))

    @torch.inference_mode()
    def _lasts(self, request: Request) -> bool:
        prompt = semantic_prompt(self.bark.ids(TEXT), self.bark.voices[self.voice])
        most = request.most_semantic
        return sum(1 for _ in semantic_tokens(self.bark.semantic, prompt, request.seed, most)) == most


def sentence(ours: Ours, theirs: Transformers, seconds: float) -> dict[str, Any]:
    tokens, speed = round(seconds * SEMANTIC_PER_S), ours.measured.speed
    request = ours.sentence(tokens)
    runs = {
        "transformers": theirs.say(tokens),
        "stream": said(ours.engine(), [request], speed),
        "soonest": said(ours.engine(), [request]),
        "exact": said(ours.engine(), [replace(request, mode="exact")]),
    }
    told = {way: alone(run) for way, run in runs.items()}
    whole_s = runs["transformers"].whole
    return told | {
        "first_sound_sooner": round(whole_s / runs["soonest"].firsts[0], 1),
        "gapless_sooner": round(whole_s / runs["stream"].gapless[0], 1),
        "exact_faster": round(whole_s / runs["exact"].whole, 2),
    }


def batch(ours: Ours, size: int) -> dict[str, Any]:
    requests = [ours.request(THREE_SECONDS, seed) for seed in range(size)]
    return together(said(ours.engine(), requests, ours.measured.speed))


def peak_mib(device: str) -> int:
    """The most memory so far: of the card, or of the process with what it has imported."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10


if __name__ == "__main__":
    main()
