"""Worker processes: each leased to one job at a time, the urgent first, and replaced when it dies."""

import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import anyio
from anyio import EndOfStream, Event, fail_after
from anyio.abc import Process

from gpu import metrics
from gpu.errors import ApiError, Overloaded, WorkerLost
from gpu.pipe import Head, Message, MessageReader
from gpu.worker import Worker

START_LIMIT_S = 60
RESTART_PAUSE_S = 0.5  # between two starts, so that a process that cannot start does not spin


@dataclass(frozen=True, slots=True)
class Rank:
    """What goes first: finals before partials, then what is due earlier."""

    partial: bool = False
    due_at: float = 0

    @classmethod
    def of(cls, *, partial: bool, due_ms: int) -> "Rank":
        return cls(partial, time.monotonic() + due_ms / 1000)

    def key(self) -> tuple[bool, float]:
        return self.partial, self.due_at


@dataclass(eq=False, slots=True)
class _Waiter:
    order: tuple[bool, float, int]
    key: str
    ready: Event = field(default_factory=Event)
    worker: Worker | None = None
    dropped: bool = False


class Pool:
    """Some processes of one module, and the queue of jobs before them."""

    def __init__(
        self,
        engine: str,
        module: str,
        size: int,
        *flags: str,
        queue: int = 64,
        job_limit_s: float = 60,
        start_limit_s: float = START_LIMIT_S,
    ) -> None:
        self.engine = engine
        self._command = [sys.executable, "-m", module, *flags]
        self._start_limit_s = start_limit_s
        self._size = size
        self._queue = queue
        self._job_limit_s = job_limit_s
        self._free: list[Worker] = []
        self._alive: set[Worker] = set()
        self._waiting: list[_Waiter] = []
        self._numbers = count(1)
        self._first = Event()
        metrics.WORKERS.labels(engine).set_function(lambda: len(self._alive))
        metrics.WAITING.labels(engine).set_function(lambda: len(self._waiting))

    @property
    def ready(self) -> bool:
        return bool(self._alive)

    @property
    def busy(self) -> int:
        return len(self._alive) - len(self._free)

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._alive]

    async def wait_ready(self) -> None:
        """Until a first process is ready."""
        await self._first.wait()

    async def run(self) -> None:
        """Keeps the processes alive until it is cancelled."""
        async with anyio.create_task_group() as tasks:
            for _ in range(self._size):
                tasks.start_soon(self._keep_one)

    async def ask(
        self, head: Head, body: bytes = b"", *, rank: Rank | None = None, key: str = ""
    ) -> list[Message]:
        """The replies to one job. Cancelling takes it out of the queue, or stops it in its process."""
        asked_at = time.monotonic()
        async with self.lease(rank or Rank(), key) as worker:
            metrics.WAIT_SECONDS.labels(self.engine).observe(time.monotonic() - asked_at)
            return await self.work(worker, head, body)

    async def work(self, worker: Worker, head: Head, body: bytes) -> list[Message]:
        """The replies of a leased process. Cancelling stops the job there."""
        with (
            metrics.RUNNING.labels(self.engine).track_inprogress(),
            metrics.JOB_SECONDS.labels(self.engine).time(),
        ):
            return await self._work(worker, next(self._numbers), head, body)

    async def _work(self, worker: Worker, job: int, head: Head, body: bytes) -> list[Message]:
        outcome = "stopped"
        try:
            with fail_after(self._job_limit_s):
                replies = await worker.ask(job, head, body)
            _raise_reported(replies)
            outcome = "done"
            return replies
        except EndOfStream as error:
            outcome = "lost"
            worker.kill()
            raise WorkerLost(self.engine, "died") from error
        except TimeoutError as error:
            outcome = "late"
            worker.kill()
            raise WorkerLost(self.engine, f"took more than {self._job_limit_s:g} s") from error
        except ApiError:
            outcome = "refused"
            raise
        finally:
            if outcome == "stopped":
                await worker.stop(job)
            metrics.JOBS.labels(self.engine, outcome).inc()

    async def _keep_one(self) -> None:
        while True:
            metrics.STARTS.labels(self.engine).inc()
            process = await anyio.open_process(
                self._command,
                stderr=None,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # the processes are the parallelism
            )
            try:
                await self._serve_until_dead(process)
            finally:
                with anyio.CancelScope(shield=True):
                    if process.returncode is None:
                        process.kill()
                    await process.aclose()
            await anyio.sleep(RESTART_PAUSE_S)

    async def _serve_until_dead(self, process: Process) -> None:
        assert process.stdout
        worker = Worker(process, MessageReader(process.stdout))
        try:
            with fail_after(self._start_limit_s):
                await worker.reader.next()
        except (EndOfStream, TimeoutError):
            return
        self._alive.add(worker)
        self._first.set()
        try:
            self._hand_on(worker)
            await process.wait()
        finally:
            self._alive.discard(worker)
            if worker in self._free:
                self._free.remove(worker)

    @asynccontextmanager
    async def lease(self, rank: Rank, key: str = "") -> AsyncGenerator[Worker]:
        """A process of one's own, as long as the block lasts."""
        worker = self._take_free(key) or await self._wait(rank, key)
        worker.served = key
        try:
            yield worker
        finally:
            self._hand_on(worker)

    def _take_free(self, key: str) -> Worker | None:
        """The free process that served the same key last, else the one idle for longest."""
        if not self._free:
            return None
        worker = next((worker for worker in self._free if worker.served == key), self._free[0])
        self._free.remove(worker)
        return worker

    async def _wait(self, rank: Rank, key: str) -> Worker:
        waiter = _Waiter((*rank.key(), next(self._numbers)), key)
        self._admit(waiter)
        try:
            await waiter.ready.wait()
        except BaseException:
            if waiter.worker:
                self._hand_on(waiter.worker)
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        if waiter.worker is None:
            raise Overloaded(self.engine)
        return waiter.worker

    def _admit(self, waiter: _Waiter) -> None:
        """A full queue gives up its least urgent partial for a final, and refuses otherwise."""
        if len(self._waiting) >= self._queue:
            last = max(self._waiting, key=lambda other: other.order)
            if waiter.order[0] or not last.order[0]:
                raise Overloaded(self.engine)
            self._waiting.remove(last)
            last.ready.set()
        self._waiting.append(waiter)

    def _hand_on(self, worker: Worker) -> None:
        if worker.lost or worker not in self._alive:
            return
        if not self._waiting:
            self._free.append(worker)
            return
        first = min(self._waiting, key=lambda waiter: waiter.order)
        self._waiting.remove(first)
        first.worker = worker
        first.ready.set()


def _raise_reported(replies: list[Message]) -> None:
    for head, _ in replies:
        if error := head.get("error"):
            raise ApiError(error["status"], error["code"], error["message"], error.get("param"))
