"""Which graph a step is given, and that it draws what the step draws."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpu.bark.engine import Engine
from gpu.bark.generate import SEMANTIC_START
from gpu.bark.graphs import LENGTHS, Graphs, fitting, row_buckets
from gpu.bark.model import BLOCK
from gpu.bark.request import Request
from gpu.bark.weights import Bark
from tests.bark.tiny import TEXTS


@given(st.integers(1, 200), st.data())
def test_every_step_that_the_slots_allow_has_a_graph_with_room(slots: int, data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, slots))
    bucket = fitting(row_buckets(slots), rows)
    assert rows <= bucket <= min(slots, 2 * rows - 1)


@pytest.mark.parametrize(
    ("slots", "buckets"),
    [(1, (1,)), (2, (1, 2)), (5, (1, 2, 4, 5)), (32, (1, 2, 4, 8, 16, 32)), (48, (1, 2, 4, 8, 16, 32, 48))],
)
def test_the_largest_graph_holds_all_slots_and_no_more(slots: int, buckets: tuple[int, ...]) -> None:
    assert row_buckets(slots) == buckets


@pytest.mark.parametrize("stage", LENGTHS)
def test_a_graph_reads_as_far_as_its_rows_reach(stage: str) -> None:
    for length in range(SEMANTIC_START, BLOCK + 1):
        assert length <= fitting(LENGTHS[stage], length) <= BLOCK


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a graphics card")
def test_graphs_draw_what_the_steps_draw(folder: Path) -> None:
    """Three sentences on five slots, one of them beyond the shortest length."""
    bark = Bark.load(folder, "cuda", "float32", slots=6)
    voice = sorted(bark.voices.offered)[0]
    drawn: list[list[tuple[list[int], list[int]]]] = []
    for steps in None, Graphs(bark, slots=6):
        engine = Engine(bark, 5, steps)
        spoken = [
            engine.submit(Request(TEXTS[0], voice, seed, most_semantic=tokens))
            for seed, tokens in enumerate((40, 90, 300))
        ]
        while not engine.idle:
            engine.step()
        drawn.append([(one.heard, one.said) for one in spoken])
    assert drawn[0] == drawn[1]
