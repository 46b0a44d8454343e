"""A pool on processes that echo, and one of them held for as long as a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus

from gpu.workers import Pool
from tests.gpu.speech_server import eventually


@asynccontextmanager
async def running(size: int = 1, **options: float) -> AsyncIterator[Pool]:
    pool = Pool("echo", "tests.gpu.echo", size, **options)  # pyright: ignore[reportArgumentType]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.run)
        await pool.wait_ready()
        yield pool
        tasks.cancel_scope.cancel()


async def let_go(fifo: Path) -> None:
    await anyio.Path(fifo).write_text("")


async def hold(pool: Pool, fifo: Path, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
    """Occupies one process until the pipe is written to."""

    async def busy() -> bool:
        return pool.busy == 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.ask, {"say": "held", "hold": str(fifo)})
        await eventually(busy)
        task_status.started()
