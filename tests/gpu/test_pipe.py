"""Messages between the server and its workers, read in pieces and with interruptions."""

import anyio
from anyio.abc import ByteReceiveStream

from gpu.pipe import Message, MessageReader, pack


class Trickle(ByteReceiveStream):
    """One byte at a time, and before each its reader is cancelled once."""

    def __init__(self, data: bytes) -> None:
        self.scope = anyio.CancelScope()
        self._data = iter(data)
        self._fed = True

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        self._fed = not self._fed
        if not self._fed:
            self.scope.cancel()
            await anyio.sleep_forever()
        return bytes([next(self._data)])

    async def aclose(self) -> None:
        pass


async def test_a_reader_that_is_cancelled_within_a_message_goes_on_from_there() -> None:
    sent = [({"job": 1}, b"sound"), ({"job": 2, "end": True}, b""), ({"job": 3}, b"more")]
    stream = Trickle(b"".join(pack(head, body) for head, body in sent))
    reader = MessageReader(stream)
    read: list[Message] = []
    while len(read) < len(sent):
        with anyio.CancelScope() as stream.scope:
            read.append(await reader.next())
    assert read == sent
