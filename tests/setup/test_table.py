"""The plans in docs/operating.md are those that the code makes."""

import re
from pathlib import Path

import pytest

from realtime.setup.memory import least_gb, plan

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()


@pytest.mark.parametrize("gb", [16, 24, 48, 80, 140])
def test_the_table_of_plans(gb: int) -> None:
    made = plan(gb)
    cells = [
        f"{gb} GB",
        made.chat_model.partition("/")[2],
        made.quantisation,
        str(made.max_model_len),
        f"{made.vllm_share:.3f}",
        made.whisper_precision,
        str(made.whisper_batch),
        f"{made.voice_model}, {made.voice_clips} clips",
        str(made.learners),
    ]
    assert f"| {' | '.join(cells)} |" in OPERATING


def test_the_least() -> None:
    (least,) = re.findall(r"Below ([\d.]+) GB there is no plan", OPERATING)
    assert least == f"{least_gb():.1f}"


def test_where_fp8_begins() -> None:
    (begins,) = re.findall(r"From (\d+) GB on, a card that computes FP8", OPERATING)
    at = int(begins)
    assert plan(at, capability=(8, 9)).quantisation == "FP8"
    assert plan(at - 1, capability=(8, 9)).quantisation != "FP8"
