"""Decode steps as CUDA graphs: one launch where there are two hundred, for each stage and size of a step.

A graph works on buffers of its own. Rows that nobody uses write into the last slot of the caches, which no
sentence is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gpu.bark.generate import Coarse, Semantic
from gpu.bark.model import BLOCK
from gpu.bark.weights import Bark

# Positions of the cache that a step reads. A sentence of 5 s has half of them in the semantic stage; in the
# coarse one, prompts of the voices that are offered reach beyond 880.
LENGTHS = {"semantic": (BLOCK // 2, BLOCK * 3 // 4, BLOCK), "coarse": (BLOCK,)}
WARM_UPS = 3


def row_buckets(slots: int) -> tuple[int, ...]:
    """Sizes of batches that there are graphs for: the powers of two, and all of the slots."""
    powers = [1 << n for n in range(slots.bit_length())]
    return (*(rows for rows in powers if rows < slots), slots)


def fitting(buckets: Sequence[int], wanted: int) -> int:
    """The smallest that holds what is wanted; they rise, and the last holds all that can be."""
    return next(bucket for bucket in buckets if bucket >= wanted)


@dataclass(frozen=True, slots=True)
class Captured:
    inputs: tuple[Tensor, ...]  # tokens, positions, slots, seeds, draws: int64 [rows]
    graph: torch.cuda.CUDAGraph
    drawn: Tensor

    def __call__(self, given: Sequence[Tensor], rows: int) -> Tensor:
        for own, new in zip(self.inputs, given, strict=True):
            own[:rows].copy_(new)
        self.graph.replay()
        return self.drawn[:rows]


class Graphs:
    """The engine's `steps` on a card. `slots` of the caches, of which the last is kept for nobody."""

    def __init__(self, bark: Bark, slots: int) -> None:
        self._nobody = slots - 1
        self._device = bark.semantic.model.places.device
        self._rows = row_buckets(self._nobody)
        # They share their memory, as only one of them runs at a time; the largest first, so that the others
        # find room in what it took.
        pool = torch.cuda.graph_pool_handle()
        stages = {"semantic": bark.semantic, "coarse": bark.coarse}
        self._captured = {
            (name, rows, length): self._capture(stage, rows, length, pool)
            for rows in reversed(self._rows)
            for name, stage in stages.items()
            for length in reversed(LENGTHS[name])
        }

    def __call__(
        self,
        stage: str,
        tokens: Tensor,
        positions: Tensor,
        slots: list[int],
        seeds: Tensor,
        draws: Tensor,
        length: int,
    ) -> Tensor:
        rows = fitting(self._rows, len(slots))
        captured = self._captured[stage, rows, fitting(LENGTHS[stage], length)]
        captured.inputs[2].fill_(self._nobody)
        where = torch.tensor(slots, device=self._device)
        return captured((tokens, positions, where, seeds, draws), len(slots))

    @torch.inference_mode()
    def _capture(self, stage: Semantic | Coarse, rows: int, length: int, pool: Any) -> Captured:
        inputs = tuple(torch.zeros(rows, dtype=torch.int64, device=self._device) for _ in range(5))
        tokens, positions, slots, seeds, draws = inputs
        slots.fill_(self._nobody)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                stage.decode_step(tokens, positions, slots, seeds, draws, length)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            drawn = stage.decode_step(tokens, positions, slots, seeds, draws, length)
        return Captured(inputs, graph, drawn)
