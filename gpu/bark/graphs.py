"""Decode steps as CUDA graphs: one launch where there are two hundred, one graph for each stage and batch.

A graph works on buffers of its own. Rows that nobody uses write into the last slot of the caches, which no
sentence is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpu.bark.generate import Coarse, Semantic
from gpu.bark.model import BLOCK
from gpu.bark.weights import Bark

ROWS = 1, 2, 4, 8, 16, 32
WARM_UPS = 3


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
        rows = [count for count in ROWS if count < 2 * self._nobody]
        stages = {"semantic": bark.semantic, "coarse": bark.coarse}
        self._captured = {
            (name, count): self._capture(stage, count) for name, stage in stages.items() for count in rows
        }
        self._rows = rows

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
        count = next(rows for rows in self._rows if rows >= len(slots))
        captured = self._captured[stage, count]
        captured.inputs[2].fill_(self._nobody)
        where = torch.tensor(slots, device=self._device)
        return captured((tokens, positions, where, seeds, draws), len(slots))

    @torch.inference_mode()
    def _capture(self, stage: Semantic | Coarse, rows: int) -> Captured:
        inputs = tuple(torch.zeros(rows, dtype=torch.int64, device=self._device) for _ in range(5))
        tokens, positions, slots, seeds, draws = inputs
        slots.fill_(self._nobody)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                stage.decode_step(tokens, positions, slots, seeds, draws, BLOCK)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            drawn = stage.decode_step(tokens, positions, slots, seeds, draws, BLOCK)
        return Captured(inputs, graph, drawn)
