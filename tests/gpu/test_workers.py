"""The pool on real processes: urgency, stopping, death, overload."""

from pathlib import Path

import anyio
import pytest

from gpu.errors import ApiError, Overloaded, WorkerLost
from gpu.workers import Pool, Rank
from tests.gpu.pooling import hold, let_go, running
from tests.gpu.speech_server import eventually


async def test_a_job_comes_back_with_its_body() -> None:
    async with running() as pool:
        [(head, body)] = await pool.ask({"say": "hello"}, b"\0\1\2")
    assert (head["say"], body) == ("hello", b"\0\1\2")


async def test_an_exception_in_a_process_fails_its_job_only() -> None:
    async with running() as pool:
        [(before, _)] = await pool.ask({"say": "a"})
        with pytest.raises(ApiError, match="told to"):
            await pool.ask({"say": "b", "raise": True})
        [(after, _)] = await pool.ask({"say": "c"})
    assert before["pid"] == after["pid"]


async def test_a_process_that_dies_is_replaced() -> None:
    async with running() as pool:
        [(before, _)] = await pool.ask({"say": "a"})
        with pytest.raises(WorkerLost):
            await pool.ask({"say": "b", "die": True})
        [(after, _)] = await pool.ask({"say": "c"})
    assert before["pid"] != after["pid"]


async def test_a_job_without_end_is_given_up(fifo: Path) -> None:
    async with running(job_limit_s=0.3) as pool:
        with pytest.raises(WorkerLost, match="took more than"):
            await pool.ask({"say": "a", "hold": str(fifo)})
        [(head, _)] = await pool.ask({"say": "b"})
    assert head["say"] == "b"


async def test_finals_go_before_partials_and_the_earlier_due_first(fifo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def ask(pool: Pool, name: str, partial: bool, due_ms: int) -> None:
        await pool.ask({"say": name, "log": str(log)}, rank=Rank.of(partial=partial, due_ms=due_ms))

    async with running() as pool, anyio.create_task_group() as tasks:
        await tasks.start(hold, pool, fifo)
        jobs = [
            ("late partial", True, 900),
            ("partial", True, 1),
            ("late final", False, 900),
            ("final", False, 500),
        ]
        for job in jobs:
            tasks.start_soon(ask, pool, *job)
        await anyio.wait_all_tasks_blocked()
        await let_go(fifo)
    assert log.read_text().splitlines() == ["final", "late final", "partial", "late partial"]


async def test_a_job_cancelled_in_the_queue_never_reaches_a_process(fifo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with running() as pool, anyio.create_task_group() as tasks:
        await tasks.start(hold, pool, fifo)
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(pool.ask, {"say": "cancelled", "log": str(log)})
            await anyio.wait_all_tasks_blocked()
            waiting.cancel_scope.cancel()
        await let_go(fifo)
        await pool.ask({"say": "next", "log": str(log)})
    assert log.read_text().splitlines() == ["next"]


async def test_a_stopped_job_that_does_not_end_costs_its_process_its_life(fifo: Path) -> None:
    async with running() as pool:
        [(before, _)] = await pool.ask({"say": "a"})
        async with anyio.create_task_group() as tasks:
            await tasks.start(hold, pool, fifo)
            tasks.cancel_scope.cancel()
        [(after, _)] = await pool.ask({"say": "b"})
    assert before["pid"] != after["pid"]


async def test_a_full_queue_refuses_but_gives_up_a_partial_for_a_final(fifo: Path) -> None:
    refused: list[str] = []

    async def ask(pool: Pool, name: str, partial: bool) -> None:
        try:
            await pool.ask({"say": name}, rank=Rank(partial=partial))
        except Overloaded:
            refused.append(name)

    async with running(queue=1) as pool, anyio.create_task_group() as tasks:
        await tasks.start(hold, pool, fifo)
        for name, partial in (("first", True), ("second", True), ("third", False), ("fourth", False)):
            tasks.start_soon(ask, pool, name, partial)
            await anyio.wait_all_tasks_blocked()
        await let_go(fifo)
    assert refused == ["second", "first", "fourth"]


async def test_the_process_that_knows_a_key_is_asked_again() -> None:
    async with running(size=2) as pool:

        async def both() -> bool:
            return len(pool.pids) == 2

        await eventually(both)
        pids = {key: (await pool.ask({"say": key}, key=key))[0][0]["pid"] for key in ("a", "b")}
        again = {key: (await pool.ask({"say": key}, key=key))[0][0]["pid"] for key in ("b", "a", "b")}
    assert len(set(pids.values())) == 2
    assert pids == again
