"""From task to task: streams that are written and read without giving way where nothing need be waited for.

anyio gives way at each message. Under many talks that is a round through all of them, and between the end of
a learner's words and the tutor's first sound a dozen messages are passed.
"""

from collections.abc import AsyncIterator
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")


async def put(stream: MemoryObjectSendStream[T], message: T) -> None:
    """Waits where there is no room. Raises BrokenResourceError where nobody takes any more."""
    try:
        stream.send_nowait(message)
    except anyio.WouldBlock:
        await stream.send(message)
    except anyio.BrokenResourceError:
        # Who takes may have been cancelled a moment sooner than who puts.
        await checkpoint_if_cancelled()
        raise


class Taken(AsyncIterator[T]):
    """A stream's messages, until its other end is closed. It is a bounded one: who takes from it keeps the
    processor until it is empty."""

    def __init__(self, stream: MemoryObjectReceiveStream[T]) -> None:
        self._stream = stream

    async def __anext__(self) -> T:
        try:
            return self._stream.receive_nowait()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None
        except anyio.WouldBlock:
            return await self._stream.__anext__()
