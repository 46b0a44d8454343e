"""Bark as the voice of a talk, through the real servers, on a process that speaks its messages."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.edges.talker import talking
from tests.serving import Served, serving


@contextmanager
def served_with_bark(folder: Path, factor: float, **more: str) -> Iterator[Served]:
    python = folder / "python"
    scripted = [sys.executable, "-m", "tests.gpu.scripted_bark", str(folder / "log"), str(factor)]
    python.write_text(f"#!/bin/sh\nexec {shlex.join(scripted)}\n")
    python.chmod(0o755)
    bark = {"TUTOR_BARK__MODEL": str(folder), "TUTOR_BARK__PYTHON": str(python)}
    with serving(program=("realtime",), **bark, **more) as served:
        yield served


def jobs(folder: Path) -> list[dict[str, Any]]:
    log = folder / "log"
    heads = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [head for head in heads if "text" in head]


async def stood_in(server: Served) -> float:
    async with httpx.AsyncClient() as client:
        page = (await client.get(f"{server.url}/metrics")).text
    return sum(
        float(line.split()[1]) for line in page.splitlines() if line.startswith("tutor_stand_ins_total")
    )


async def test_bark_speaks_to_a_learner(tmp_path: Path) -> None:
    with served_with_bark(tmp_path, 0.5) as server:
        async with talking(server) as talker:
            response = await talker.opening()
        captions = [one for one in talker.log if isinstance(one, dict) and one["type"] == "tutor.caption"]
        assert await stood_in(server) == 0
    assert response["status"] == "completed"
    assert {head["voice"] for head in jobs(tmp_path)} <= {f"v2/en_speaker_{n}" for n in range(10)}
    assert len({head["seed"] for head in jobs(tmp_path)}) == 1
    first, fitted = captions[:2]
    assert [word["text"] for word in first["words"]] == [word["text"] for word in fitted["words"]]
    assert first["words"] != fitted["words"]
    assert sum(len(one) for one in talker.log if isinstance(one, bytes)) > 48_000


@pytest.mark.parametrize(
    ("more", "mode"), [({}, "stream"), ({"TUTOR_ENGINES__SPEECH_MODE": "exact"}, "exact")]
)
async def test_its_mode_in_a_talk_can_be_set(tmp_path: Path, more: dict[str, str], mode: str) -> None:
    with served_with_bark(tmp_path, 0.5, **more) as server:
        async with talking(server) as talker:
            assert (await talker.opening())["status"] == "completed"
    assert {head["mode"] for head in jobs(tmp_path)} == {mode}


async def test_where_it_does_not_start_the_tutor_does(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with serving(TUTOR_BARK__MODEL=str(tmp_path), TUTOR_BARK__PYTHON=str(broken)) as server:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/readyz")).json() == {"status": "ready"}
        async with talking(server) as talker:
            response = await talker.opening()
        assert await stood_in(server) > 0
    assert response["status"] == "completed"
    assert sum(len(one) for one in talker.log if isinstance(one, bytes)) > 48_000


async def test_where_it_is_too_slow_espeak_speaks_in_its_place(tmp_path: Path) -> None:
    with served_with_bark(tmp_path, 3) as server:
        async with talking(server) as talker:
            response = await talker.opening()
        assert await stood_in(server) > 0
    assert response["status"] == "completed"
    assert jobs(tmp_path) == []
    assert sum(len(one) for one in talker.log if isinstance(one, bytes)) > 48_000
