"""What the benchmark of Bark counts: each sentence's own arrivals, and what a step must read."""

import pytest

from benchmarks.bark_floor import decode_steps, position_bytes, weight_bytes
from benchmarks.bark_run import Run, percentile, said, together
from gpu.bark.engine import Engine
from gpu.bark.generate import CODES, END, SEMANTIC_START
from gpu.bark.request import Request
from gpu.bark.schedule import Speed, frames_of
from gpu.bark.weights import Bark
from tests.bark.tiny import TEXTS, TINY

TOKENS = 60
SLOW = Speed(semantic=0.03, coarse=0.04, prefill=1.0, fine=10.0, frame=0.01)


def requests(bark: Bark, count: int) -> list[Request]:
    voice = sorted(bark.voices.offered)[0]
    return [Request(TEXTS[0], voice, seed, most_semantic=TOKENS) for seed in range(count)]


def test_each_sentence_of_a_batch_has_its_own_arrivals(bark: Bark) -> None:
    run = said(Engine(bark, slots=3), requests(bark, 3))
    assert [sum(frames for _, frames in one) for one in run.arrivals] == [frames_of(TOKENS)] * 3
    assert all(one[0][1] == 7 for one in run.arrivals)
    for first, gapless, one in zip(run.firsts, run.gapless, run.arrivals, strict=True):
        assert 0 < first <= gapless <= one[-1][0] <= run.whole


def test_a_stream_is_scheduled_as_the_process_would(bark: Bark) -> None:
    """Where it is slow all of a sentence is waited for."""
    run = said(Engine(bark, slots=1), requests(bark, 1), SLOW)
    assert [len(one) for one in run.arrivals] == [1]


def test_the_figures_of_a_batch() -> None:
    in_time, early, late = [(0.1, 75), (2.0, 75)], [(0.5, 150)], [(3.0, 75)]
    run = Run([in_time, early, late], whole=3.0)
    assert together(run) == {
        "first_s": {"p50": 0.5, "p95": 3.0},
        "gapless_s": {"p50": 1.0, "p95": 3.0},
        "realtime_streams": 2,
        "sound_for_each_second": pytest.approx(5 / 3, abs=1e-3),
    }


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile(range(1, 21), percent) for percent in (50, 95)] == [10, 19]


def test_what_a_step_reads(bark: Bark) -> None:
    layers = TINY.layers * 12 * TINY.width**2  # queries, keys, values, their projection, up and down
    assert weight_bytes(bark.semantic.model) == 4 * (layers + (END + 1) * TINY.width)
    assert weight_bytes(bark.coarse.model) == 4 * (layers + 2 * CODES * TINY.width)
    assert position_bytes(bark.coarse.model) == 2 * TINY.layers * TINY.width * 4


def test_decode_steps_reach_from_one_position_to_the_next(bark: Bark) -> None:
    steps = list(decode_steps(Engine(bark, slots=1), requests(bark, 1)[0]))
    semantic = [reach for stage, _, reach in steps if stage == "semantic"]
    coarse = [reach for stage, _, reach in steps if stage == "coarse"]
    assert semantic == list(range(SEMANTIC_START + 1, SEMANTIC_START + TOKENS))
    assert len(coarse) == 2 * frames_of(TOKENS) - 3  # three windows, each begun by its prompt
    assert coarse[1] == coarse[0] + 1
