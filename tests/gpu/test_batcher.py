"""What waits goes together, in its order; on a real process that is held for as long as requests gather."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from gpu.batcher import Batcher
from gpu.errors import Overloaded
from gpu.workers import Pool, Rank
from tests.gpu.pooling import hold, let_go, running


@dataclass(frozen=True, slots=True)
class Gathering:
    """`log`: a line for each batch that reached the process."""

    batcher: Batcher
    log: Path

    async def ask(self, name: str, partial: bool = False, due_at: float = 0) -> None:
        answer = await self.batcher.ask({"say": name, "log": str(self.log)}, b"", Rank(partial, due_at))
        assert answer["say"] == name

    @property
    def batches(self) -> list[str]:
        return self.log.read_text().splitlines()


@asynccontextmanager
async def gathering(pool: Pool, log: Path, most: int, queue: int = 64) -> AsyncIterator[Gathering]:
    batcher = Batcher(pool, most, queue=queue)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(batcher.run)
        yield Gathering(batcher, log)
        tasks.cancel_scope.cancel()


async def test_finals_go_first_and_the_most_urgent_before_the_others(fifo: Path, tmp_path: Path) -> None:
    async with (
        running() as pool,
        gathering(pool, tmp_path / "log", most=2) as gathered,
        anyio.create_task_group() as tasks,
    ):
        await tasks.start(hold, pool, fifo)
        for asked in (
            ("late partial", True, 9),
            ("partial", True, 1),
            ("last final", False, 8),
            ("final", False, 2),
            ("late final", False, 7),
        ):
            tasks.start_soon(gathered.ask, *asked)
        await anyio.wait_all_tasks_blocked()
        await let_go(fifo)
    # The last final goes alone: beside a partial it would wait for that one's words.
    assert gathered.batches == ["final, late final", "last final", "partial, late partial"]


async def test_who_left_the_queue_reaches_no_process(fifo: Path, tmp_path: Path) -> None:
    async with (
        running() as pool,
        gathering(pool, tmp_path / "log", most=8) as gathered,
        anyio.create_task_group() as tasks,
    ):
        await tasks.start(hold, pool, fifo)
        tasks.start_soon(gathered.ask, "first")
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(gathered.ask, "cancelled")
            await anyio.wait_all_tasks_blocked()
            leaving.cancel_scope.cancel()
        tasks.start_soon(gathered.ask, "last")
        await anyio.wait_all_tasks_blocked()
        await let_go(fifo)
    assert gathered.batches == ["first, last"]


async def test_a_full_queue_gives_up_a_partial_for_a_final(fifo: Path, tmp_path: Path) -> None:
    refused: list[str] = []

    async def ask(gathered: Gathering, name: str, partial: bool) -> None:
        try:
            await gathered.ask(name, partial)
        except Overloaded:
            refused.append(name)

    async with (
        running() as pool,
        gathering(pool, tmp_path / "log", most=8, queue=1) as gathered,
        anyio.create_task_group() as tasks,
    ):
        await tasks.start(hold, pool, fifo)
        for name, partial in (("first", True), ("second", True), ("third", False), ("fourth", False)):
            tasks.start_soon(ask, gathered, name, partial)
            await anyio.wait_all_tasks_blocked()
        await let_go(fifo)
    assert refused == ["second", "first", "fourth"]
    assert gathered.batches == ["third"]
