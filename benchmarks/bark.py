"""Bark beside transformers' BarkModel, by turns in one run, on random weights of the true shape.

    .venv-engines/bin/python -m benchmarks.bark --shape tiny|small|large --device cpu|cuda [--seconds 3 10]

Random weights never end a sentence, so both are told how many semantic tokens to draw. `first` is the time to
the first sound, `gapless` the earliest start after which playback never stops. transformers gives the whole
sentence at once. Runs in the environment of `make test-engines`, which has torch and transformers.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# torch is in the environment that this runs in, not in the one that is checked.

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import BarkModel, BarkProcessor, BertTokenizer

from gpu.bark.codec import SAMPLE_RATE
from gpu.bark.engine import Engine
from gpu.bark.graphs import Graphs
from gpu.bark.request import Request
from gpu.bark.schedule import SEMANTIC_PER_S, start_s
from gpu.bark.weights import Bark
from tests.bark import tiny

SHAPES = {"tiny": tiny.TINY, "small": tiny.SMALL, "large": tiny.LARGE}
TEXT = "The quick brown fox jumps over the lazy dog, and nobody in the village was surprised."
FRAME = 320


@dataclass
class Run:
    """Seconds, and passes by stage."""

    sound: float = 0
    first: float = 0
    gapless: float = 0
    whole: float = 0
    passes: dict[str, int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)  # by stage

    @property
    def factor(self) -> float:
        return self.whole / self.sound


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seconds", type=float, nargs="+", default=[3, 10])
    parser.add_argument("--batch", type=int, nargs="*", default=[], help="sentences at once, besides")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    precision = "float16" if options.device == "cuda" else "float32"
    with tempfile.TemporaryDirectory() as folder:
        made = tiny.make_bark(Path(folder), SHAPES[options.shape])
        slots = max([1, *options.batch])
        bark = Bark.load(made, options.device, precision, slots + 1)
        theirs = BarkModel.from_pretrained(made, dtype=getattr(torch, precision)).to(options.device).eval()
        figures = compared(options, bark, theirs, made, slots)
    print(json.dumps(figures, indent=None if options.json else 2))


def compared(
    options: argparse.Namespace, bark: Bark, theirs: Any, folder: Path, slots: int
) -> dict[str, Any]:
    steps = Graphs(bark, slots + 1) if options.device == "cuda" else None

    def engine() -> Engine:
        return Engine(bark, slots, steps)

    voice = sorted(bark.voices.offered)[0]
    inputs = prompt(bark, folder, voice, options.device)
    ours(engine(), [Request(TEXT, voice, 1, most_semantic=55)])  # pays for what is made once
    figures: dict[str, Any] = {"shape": options.shape, "device": options.device}
    for seconds in options.seconds:
        tokens = round(seconds * SEMANTIC_PER_S)
        whole = transformers(theirs, inputs, tokens)
        stream = ours(engine(), [Request(TEXT, voice, 1, most_semantic=tokens)])
        exact = ours(engine(), [Request(TEXT, voice, 1, "exact", most_semantic=tokens)])
        figures[f"{seconds:g} s"] = {
            "transformers": told(whole),
            "stream": told(stream),
            "exact": told(exact),
            "first_sound_sooner": round(whole.first / stream.first, 1),
            "exact_faster": round(whole.whole / exact.whole, 2),
        }
    for count in options.batch:
        many = [Request(TEXT, voice, seed, most_semantic=150) for seed in range(count)]
        run = ours(engine(), many)
        figures[f"batch of {count}"] = {"sound_for_each_second": round(run.sound / run.whole, 3)}
    return figures | {"step": step_figures(bark, engine(), voice), "memory_mib": memory_mib(options.device)}


def ours(engine: Engine, requests: list[Request]) -> Run:
    run, began_s = Run(), time.perf_counter()
    sentences = [engine.submit(request) for request in requests]
    arrived: list[tuple[float, int]] = []
    while not engine.idle:
        before, at_s = engine.passes.copy(), time.perf_counter()
        pieces = engine.step()
        now_s = time.perf_counter()
        stage = " and ".join(sorted(engine.passes - before))  # a piece's codes and its sound are one step
        run.spent[stage] = run.spent.get(stage, 0) + now_s - at_s
        arrived += [(now_s - began_s, piece.samples.size // FRAME) for piece in pieces]
    assert [len(sentence.heard) for sentence in sentences] == [one.most_semantic for one in requests]
    run.whole = time.perf_counter() - began_s
    run.sound = sum(frames for _, frames in arrived) * FRAME / SAMPLE_RATE
    run.first, run.gapless = arrived[0][0], start_s(arrived)
    run.passes = dict(engine.passes)
    return run


def prompt(bark: Bark, folder: Path, voice: str, device: str) -> dict[str, Any]:
    history = bark.voices[voice]
    preset = {
        "semantic_prompt": history.semantic,
        "coarse_prompt": history.coarse,
        "fine_prompt": history.fine,
    }
    inputs = BarkProcessor(tokenizer=BertTokenizer.from_pretrained(folder))(TEXT, voice_preset=preset)
    return {name: value.to(device) for name, value in inputs.items()}


@torch.inference_mode()
def transformers(model: Any, inputs: dict[str, Any], tokens: int) -> Run:
    """With its key and value cache, sampling as the original: no top-k. Its fine passes are not counted."""
    passes = Counter[str]()
    hooks = [
        part.register_forward_hook(counting(passes, stage))
        for stage, part in (
            ("semantic", model.semantic),
            ("coarse", model.coarse_acoustics),
        )
    ]
    began_s = time.perf_counter()
    sound = model.generate(
        **inputs,
        do_sample=True,
        semantic_top_k=0,
        coarse_top_k=0,
        semantic_min_new_tokens=tokens,
        semantic_max_new_tokens=tokens,
        fine_temperature=0.5,
    )
    took_s = time.perf_counter() - began_s
    for hook in hooks:
        hook.remove()
    return Run(sound.shape[-1] / SAMPLE_RATE, took_s, took_s, took_s, dict(passes))


def counting(passes: Counter[str], stage: str) -> Callable[..., None]:
    def count(*_: Any) -> None:
        passes[stage] += 1

    return count


def told(run: Run) -> dict[str, Any]:
    rounded = {name: round(value, 3) for name, value in asdict(run).items() if isinstance(value, float | int)}
    total = sum(run.spent.values())
    shares = {stage: round(spent / total, 3) for stage, spent in run.spent.items()}
    return rounded | {"realtime_factor": round(run.factor, 2), "passes": run.passes, "share": shares}


def step_figures(bark: Bark, engine: Engine, voice: str) -> dict[str, Any]:
    """A semantic step against the time its weights take to be read."""
    engine.submit(Request(TEXT, voice, 1, most_semantic=45))
    times: list[float] = []
    while len(times) < 40:
        at_s = time.perf_counter()
        engine.step()
        times.append(time.perf_counter() - at_s)
    model = bark.semantic.model
    weights = [model.head, *(part.weight for layer in model.layers for part in weighed(layer))]
    read = sum(weight.numel() * weight.element_size() for weight in weights)
    floor_s = read / bandwidth(model.head.device)
    step_s = statistics.median(times)
    return {
        "semantic_ms": round(1000 * step_s, 2),
        "floor_ms": round(1000 * floor_s, 2),
        "times_the_floor": round(step_s / floor_s, 2),
    }


def memory_mib(device: str) -> int:
    """The most that the run had at a time; both models are in it."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10


def weighed(layer: Any) -> tuple[Any, ...]:
    return layer.attention, layer.projection, layer.up, layer.down


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a large sum reads."""
    block = torch.ones(2**27, device=device)  # 512 MiB
    times: list[float] = []
    for _ in range(4):
        began_s = time.perf_counter()
        float(block.sum())
        times.append(time.perf_counter() - began_s)
    return block.numel() * block.element_size() / min(times)


if __name__ == "__main__":
    main()
