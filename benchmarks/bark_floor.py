"""A decode step of Bark's beside the time that reading its weights, keys and values takes."""

# pyright: reportMissingImports=false
# torch is in the environment that this runs in, not in the one that is checked.

import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch

from gpu.bark.engine import Engine
from gpu.bark.generate import SEMANTIC_START
from gpu.bark.model import Causal
from gpu.bark.request import Request
from gpu.bark.weights import Bark

Step = tuple[str, float, int]  # its stage, seconds, positions of the cache that it had to read


def step_figures(bark: Bark, engine: Engine, request: Request) -> dict[str, Any]:
    """Of one sentence by itself; medians."""
    steps, read_per_s = list(decode_steps(engine, request)), bandwidth(bark.semantic.model.places.device)
    figures: dict[str, Any] = {"read_gb_per_s": round(read_per_s / 1e9, 1)}
    for stage, model in ("semantic", bark.semantic.model), ("coarse", bark.coarse.model):
        took_s = statistics.median(seconds for name, seconds, _ in steps if name == stage)
        positions = round(statistics.median(reach for name, _, reach in steps if name == stage))
        floor_s = (weight_bytes(model) + positions * position_bytes(model)) / read_per_s
        figures[stage] = {
            "ms": round(1000 * took_s, 3),
            "floor_ms": round(1000 * floor_s, 3),
            "times_the_floor": round(took_s / floor_s, 2),
            "positions": positions,
        }
    return figures


def decode_steps(engine: Engine, request: Request) -> Iterator[Step]:
    sentence = engine.submit(request)
    while not engine.idle:
        before, at_s = engine.passes.copy(), time.perf_counter()
        engine.step()
        took_s = time.perf_counter() - at_s
        if engine.heavy:
            continue
        for stage in engine.passes - before:
            reach = SEMANTIC_START + len(sentence.heard) - 1 if stage == "semantic" else sentence.position + 1
            yield stage, took_s, reach


def weight_bytes(model: Causal) -> int:
    """What every step reads: all but the tables of which it takes a row."""
    parts = [
        part.weight
        for layer in model.layers
        for part in (layer.attention, layer.projection, layer.up, layer.down)
    ]
    return sum(weight.numel() * weight.element_size() for weight in [model.head, *parts])


def position_bytes(model: Causal) -> int:
    """Keys and values."""
    return 2 * len(model.layers) * model.places.shape[1] * model.places.element_size()


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a large sum reads."""
    block = torch.ones(2**27, device=device)  # 512 MiB
    times: list[float] = []
    for _ in range(4):
        began_s = time.perf_counter()
        float(block.sum())
        times.append(time.perf_counter() - began_s)
    return block.numel() * block.element_size() / min(times)
