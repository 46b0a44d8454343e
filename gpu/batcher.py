"""Many learners' requests in few jobs: what waits when a process comes free goes together."""

from dataclasses import dataclass, field
from itertools import count

from anyio import Event

from gpu import metrics
from gpu.errors import ApiError, Overloaded
from gpu.pipe import Head
from gpu.worker import Worker
from gpu.workers import Pool, Rank


@dataclass(eq=False, slots=True)
class Asked:
    head: Head
    body: bytes
    order: tuple[bool, float, int]
    done: Event = field(default_factory=Event)
    answer: Head | None = None
    error: ApiError | None = None

    @property
    def partial(self) -> bool:
        return self.order[0]

    def settle(self, answer: Head | None = None, error: ApiError | None = None) -> None:
        self.answer, self.error = answer, error
        self.done.set()


class Batcher:
    """Asks a pool for many at once. A job is `{"requests": [...]}`, its reply `{"answers": [...]}`."""

    def __init__(self, pool: Pool, most: int, *, queue: int = 64) -> None:
        self._pool = pool
        self._most = most
        self._queue = queue
        self._waiting: list[Asked] = []
        self._numbers = count()
        self._news = Event()
        metrics.GATHERING.labels(pool.engine).set_function(lambda: len(self._waiting))

    async def run(self) -> None:
        while True:
            await self._news.wait()
            async with self._pool.lease(Rank()) as worker:
                # Only now: who has left while the process was busy is not asked about.
                batch = self._take()
                if batch:
                    metrics.BATCH.labels(self._pool.engine).observe(len(batch))
                    await self._work(worker, batch)

    async def ask(self, head: Head, body: bytes, rank: Rank) -> Head:
        """The answer to one request. Cancelling takes it out of the queue."""
        asked = Asked(head, body, (*rank.key(), next(self._numbers)))
        self._admit(asked)
        try:
            await asked.done.wait()
        finally:
            self._leave(asked)
        if asked.error:
            raise asked.error
        assert asked.answer is not None
        return asked.answer

    async def _work(self, worker: Worker, batch: list[Asked]) -> None:
        try:
            requests = [asked.head for asked in batch]
            body = b"".join(asked.body for asked in batch)
            (reply, _), *_ = await self._pool.work(worker, {"requests": requests}, body)
        except ApiError as error:
            for asked in batch:
                asked.settle(error=error)
        else:
            for asked, answer in zip(batch, reply["answers"], strict=True):
                asked.settle(answer)

    def _take(self) -> list[Asked]:
        """The most urgent, and others of its kind: no final waits until a partial is decoded."""
        waiting = sorted(self._waiting, key=lambda asked: asked.order)
        batch = [asked for asked in waiting if asked.partial == waiting[0].partial][: self._most]
        for asked in batch:
            self._leave(asked)
        return batch

    def _admit(self, asked: Asked) -> None:
        """A full queue gives up its least urgent partial for a final, and refuses otherwise."""
        if len(self._waiting) >= self._queue:
            last = max(self._waiting, key=lambda other: other.order)
            if asked.partial or not last.partial:
                raise Overloaded(self._pool.engine)
            self._leave(last)
            last.settle(error=Overloaded(self._pool.engine))
        self._waiting.append(asked)
        self._news.set()

    def _leave(self, asked: Asked) -> None:
        if asked in self._waiting:
            self._waiting.remove(asked)
        if not self._waiting and self._news.is_set():
            self._news = Event()
