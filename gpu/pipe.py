"""The messages between the server and its worker processes: a JSON head and a body of bytes."""

import json
import struct
from typing import Any, BinaryIO

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, IncompleteRead
from anyio.abc import ByteReceiveStream
from anyio.streams.buffered import BufferedByteReceiveStream

Head = dict[str, Any]
Message = tuple[Head, bytes]

# What a process says between two passes of one job, so that its silence means that it hangs.
ALIVE: Head = {"alive": True}

_LENGTHS = struct.Struct(">II")


def pack(head: Head, body: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def read(file: BinaryIO) -> Message | None:
    """The next message of a blocking file; None at its end."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_bytes, body_bytes = _LENGTHS.unpack(lengths)
    head = file.read(head_bytes)
    body = file.read(body_bytes)
    if len(head) < head_bytes or len(body) < body_bytes:
        return None
    return json.loads(head), body


class MessageReader:
    """Messages of an asynchronous stream; raises EndOfStream when its writer has died.

    Cancelled within a message, it goes on from there: what was read of it is not lost.
    """

    def __init__(self, stream: ByteReceiveStream) -> None:
        self._stream = BufferedByteReceiveStream(stream)
        self._lengths: tuple[int, int] | None = None
        self._head: Head | None = None

    async def next(self) -> Message:
        if self._lengths is None:
            self._lengths = _LENGTHS.unpack(await self._exactly(_LENGTHS.size))
        head_bytes, body_bytes = self._lengths
        if self._head is None:
            head: Head = json.loads(await self._exactly(head_bytes))
            self._head = head
        message = self._head, await self._exactly(body_bytes)
        self._lengths = self._head = None
        return message

    async def _exactly(self, count: int) -> bytes:
        try:
            return await self._stream.receive_exactly(count) if count else b""
        except (EndOfStream, IncompleteRead, BrokenResourceError, ClosedResourceError) as error:
            raise EndOfStream from error
