"""From task to task: a bounded channel that gives way only where something must be waited for.

anyio's streams give way at each message, which under many talks is a round through all of them, and a message
that is waited for costs them ten times what it costs asyncio's queue.
"""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

T = TypeVar("T")


class Channel(AsyncIterator[T], Generic[T]):
    """Of `size` messages, from any number of tasks to one. It is bounded, so who takes from it may keep the
    processor until it is empty. No message is None."""

    def __init__(self, size: int) -> None:
        self._queue = asyncio.Queue[T | None](size)  # None: the end
        self._closed = False
        self._left = False

    def offer(self, message: T) -> bool:
        """False where there is no room. Raises BrokenResourceError once it is closed or nobody takes any
        more."""
        if self._closed or self._left:
            raise anyio.BrokenResourceError
        if self._queue.full():
            return False
        self._queue.put_nowait(message)
        return True

    async def put(self, message: T) -> None:
        """Waits where there is no room. Raises BrokenResourceError as `offer` does."""
        try:
            if not self.offer(message):
                await self._queue.put(message)
                self._check_taken()
        except anyio.BrokenResourceError:
            # Who takes may have been cancelled a moment sooner than who puts.
            await checkpoint_if_cancelled()
            raise

    def _check_taken(self) -> None:
        """Nobody took it: it made room for itself where others wait, too."""
        if self._left:
            self.leave()
            raise anyio.BrokenResourceError

    async def __anext__(self) -> T:
        if self._closed and self._queue.empty():
            raise StopAsyncIteration
        message = await self._queue.get()
        if message is None:
            raise StopAsyncIteration
        return message

    def close(self) -> None:
        """Nothing more is put: who takes comes to the end. What somebody still waits to put may be lost."""
        if not (self._closed or self._left) and self._queue.empty():
            self._queue.put_nowait(None)
        self._closed = True

    def leave(self) -> None:
        """Nothing more is taken: who puts is told."""
        self._left = True
        while not self._queue.empty():
            self._queue.get_nowait()

    @contextmanager
    def emptying(self) -> Generator[None]:
        """It is left at the end of the block."""
        try:
            yield
        finally:
            self.leave()
