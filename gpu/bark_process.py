"""The Bark process as the server sees it: many jobs at once, each's sound as it comes, stopped any time."""

import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import anyio
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, Event, WouldBlock, fail_after
from anyio.abc import Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpu import metrics
from gpu.errors import ApiError, Overloaded, WorkerLost
from gpu.pipe import ALIVE, Head, Message, MessageReader, pack

log = logging.getLogger(__name__)

ENGINE = "bark"
START_LIMIT_S = 600  # large weights from a slow disk, then a graph for each size of batch
STALL_LIMIT_S = 60
# In real-time factors: the usual sentence that they are measured on is of 4 s, so no pass takes longer than 4
# of them, and between two passes the process says that it is alive. A busy machine is slower.
LONGEST_PASS_S = 10
STOP_LIMIT_S = 1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # between two starts, so that what cannot start does not spin
MOST_MESSAGES = 1024  # of a job that nobody reads: a clip of 16 s is at most 170 pieces


class Greeting(BaseModel):
    """What the process says of itself. `refused`: voices that cannot be spoken with, and why;
    `realtime_factor`: seconds of work for a second of sound, alone."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    model: str
    voices: tuple[str, ...] = Field(min_length=1)
    refused: dict[str, str] = {}
    sample_rate: int = Field(ge=24_000, le=24_000)
    realtime_factor: float = Field(gt=0)


class Failure(BaseModel):
    """Why the process does not do a job."""

    status: int
    code: str
    message: str

    def as_error(self) -> ApiError:
        return ApiError(self.status, self.code, self.message)


class NoStart(Exception):
    """The process ended, or was given up, before it could work; why."""


class Stopped(BaseModel):
    """What the process says of a job that it was told to stop: steps until the slot was free, and passes."""

    stopped: int = Field(ge=0)
    passes: dict[str, int] = {}

    def count(self) -> None:
        metrics.STOP_STEPS.observe(self.stopped)
        for stage, passes in self.passes.items():
            metrics.PASSES.labels(stage).inc(passes)


class Garbled(Exception):
    """The process said something that it never says."""


class BarkProcess:
    """One process, started again when it dies. `greeting` is None while there is none that can work.

    `fault`: why it does not start, as long as it does not; "" otherwise.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        most_jobs: int,
        stall_limit_s: float = STALL_LIMIT_S,
        start_limit_s: float = START_LIMIT_S,
        pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.greeting: Greeting | None = None
        self.fault = ""
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._most_jobs = most_jobs
        self._stall_limit_s = stall_limit_s
        self._start_limit_s = start_limit_s
        self._first_pause_s = pause_s
        self._process: Process | None = None
        self._jobs: dict[int, MemoryObjectSendStream[Message]] = {}
        self._numbers = count(1)
        self._writing = anyio.Lock()
        self._first = Event()
        self.silence_limit_s = stall_limit_s
        self._heard_s = 0.0
        metrics.WORKERS.labels(ENGINE).set_function(lambda: int(self.ready))

    @property
    def ready(self) -> bool:
        return self.greeting is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def wait_ready(self) -> None:
        """Until it could work for the first time, or could not start."""
        await self._first.wait()

    async def run(self) -> None:
        """Keeps the process alive until it is cancelled."""
        pause_s = self._first_pause_s
        while True:
            metrics.STARTS.labels(ENGINE).inc()
            process = await anyio.open_process(
                self._command, stderr=None, start_new_session=True, env=self._environment
            )
            try:
                served = await self._serve_until_dead(process)
            finally:
                with anyio.CancelScope(shield=True):
                    if process.returncode is None:
                        process.kill()
                    await process.aclose()
            pause_s = self._first_pause_s if served else min(2 * pause_s, LONGEST_PAUSE_S)
            await anyio.sleep(pause_s)

    @asynccontextmanager
    async def job(self, head: Head) -> AsyncGenerator[AsyncIterator[Message]]:
        """The messages that answer a job, the last with `end`; leaving the block stops it.

        Raises WorkerLost, Overloaded and what the process reports, on entering or while they are read.
        """
        if self._process is None:
            raise WorkerLost(ENGINE, "is not ready")
        if len(self._jobs) >= self._most_jobs:
            raise Overloaded(ENGINE)
        number, process = next(self._numbers), self._process
        outlet, inlet = anyio.create_memory_object_stream[Message](MOST_MESSAGES)
        self._jobs[number] = outlet
        outcome = Outcome()
        with (
            metrics.RUNNING.labels(ENGINE).track_inprogress(),
            metrics.JOB_SECONDS.labels(ENGINE).time(),
            inlet,
        ):
            try:
                await self._send(process, pack({**head, "job": number}))
                yield self._messages(process, inlet, outcome)
            finally:
                self._jobs.pop(number, None)
                outlet.close()
                metrics.JOBS.labels(ENGINE, outcome.name).inc()
                if outcome.name == "stopped":
                    await self._stop(process, number)

    async def _messages(
        self, process: Process, inlet: MemoryObjectReceiveStream[Message], outcome: "Outcome"
    ) -> AsyncGenerator[Message]:
        while True:
            try:
                head, body = await self._next(inlet)
            except TimeoutError as error:
                outcome.name = "late"
                self._give_up(process)
                raise WorkerLost(ENGINE, f"said nothing for {self.silence_limit_s:g} s") from error
            except EndOfStream as error:
                outcome.name = "lost"
                raise WorkerLost(ENGINE, "died") from error
            if failure := head.get("error"):
                outcome.name = "refused"
                raise Failure.model_validate(failure).as_error()
            if head.get("end"):
                outcome.name = "done"
            yield head, body
            if outcome.name == "done":
                return

    async def _next(self, inlet: MemoryObjectReceiveStream[Message]) -> Message:
        """A job may wait long for the slots of others. TimeoutError when the process was silent to all."""
        began_s = anyio.current_time()
        while (left_s := max(began_s, self._heard_s) + self.silence_limit_s - anyio.current_time()) > 0:
            with anyio.move_on_after(left_s):
                return await inlet.receive()
        raise TimeoutError

    async def _serve_until_dead(self, process: Process) -> bool:
        """Whether it worked at all."""
        assert process.stdout
        reader = MessageReader(process.stdout)
        try:
            greeting = await self._greeted(process, reader)
        except NoStart as error:
            self._tell(str(error))
            return False
        finally:
            self._first.set()
        self.greeting, self._process, self.fault = greeting, process, ""
        self.silence_limit_s = max(self._stall_limit_s, LONGEST_PASS_S * greeting.realtime_factor)
        try:
            while True:
                self._hand_out(*await reader.next())
        except (EndOfStream, ValueError, Garbled):
            return True
        finally:
            self.greeting = self._process = None
            for outlet in self._jobs.values():
                outlet.close()
            self._jobs.clear()

    async def _greeted(self, process: Process, reader: MessageReader) -> Greeting:
        """Raises NoStart."""
        try:
            with fail_after(self._start_limit_s):
                head, _ = await reader.next()
                if "failed" in head:
                    raise NoStart(str(head["failed"]))
                return Greeting.model_validate(head)
        except TimeoutError as error:
            raise NoStart(f"it was not ready within {self._start_limit_s:g} s") from error
        except EndOfStream as error:
            with anyio.move_on_after(STOP_LIMIT_S):
                await process.wait()
            raise NoStart(f"it ended with status {process.returncode}") from error
        except (TypeError, ValueError) as error:
            raise NoStart("what it says of itself is not what Bark says") from error

    def _tell(self, fault: str) -> None:
        """Once, however often it is tried."""
        if fault != self.fault:
            log.warning("Bark does not start: %s. It is tried again; espeak-ng speaks in its place", fault)
        self.fault = fault

    def _hand_out(self, head: Head, body: bytes) -> None:
        """What a job says that was stopped meanwhile is for nobody."""
        self._heard_s = anyio.current_time()
        if head == ALIVE:
            return
        if not is_answer(head, body):
            raise Garbled
        if "stopped" in head:
            Stopped.model_validate(head).count()
            return
        outlet = self._jobs.get(head["job"])
        if outlet is None:
            return
        try:
            outlet.send_nowait((head, body))
        except WouldBlock as error:
            raise Garbled from error

    async def _send(self, process: Process, message: bytes) -> None:
        assert process.stdin
        try:
            async with self._writing:
                await process.stdin.send(message)
        except (BrokenResourceError, ClosedResourceError) as error:
            raise WorkerLost(ENGINE, "died") from error

    async def _stop(self, process: Process, number: int) -> None:
        with anyio.move_on_after(STOP_LIMIT_S, shield=True) as scope:
            try:
                await self._send(process, pack({"stop": number}))
            except WorkerLost:
                return
        if scope.cancelled_caught:
            self._give_up(process)

    def _give_up(self, process: Process) -> None:
        if self._process is process:
            self.greeting = self._process = None
        if process.returncode is None:
            process.kill()


def is_answer(head: Any, body: bytes) -> bool:
    """Whether it can be what a job says: whole samples, an end or a reason."""
    if not isinstance(head, dict) or not isinstance(head.get("job"), int) or len(body) % 2:
        return False
    try:
        return "error" not in head or bool(Failure.model_validate(head["error"]))
    except ValidationError:
        return False


class Outcome:
    """How a job went, as the metrics name it."""

    name = "stopped"


def due_ms(due_at: float) -> int:
    """Relative to now: the process has another clock."""
    return max(0, round((due_at - time.monotonic()) * 1000))
