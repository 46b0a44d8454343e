"""uvicorn's WebSocket, with a short way for what comes up to fifty times a second: whole frames of data."""

# pyright: reportMissingTypeStubs=false

from asyncio import BufferedProtocol
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State
from websockets.speedups import apply_mask

WHOLE_TEXT, WHOLE_BINARY, MASKED = 0x81, 0x82, 0x80
WAITING = 8  # messages that the talk has not taken before reading stops
BUFFER = memoryview(bytearray(2**16))  # of all sockets: what was read is taken before anything else is read
SHORT_WAY = "tutor.short_way"  # the ASGI extension: the Socket itself
WEIGHED = "tutor.weighed"  # in a message: it was not kept


class Socket(WebSocketsSansIOProtocol, BufferedProtocol):
    """Everything else, and whatever is not plain, goes uvicorn's way. A protocol that is not buffered is read
    into 256 KiB made anew each time, which costs more than all that is done with a frame.

    `keeps` is asked of each frame that nothing waits before; what it has kept wakes nobody.
    """

    keeps: Callable[[bytes], bool] | None = None
    _plain = False  # the parser is between two frames

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if scope := getattr(self, "scope", None):
            scope["extensions"][SHORT_WAY] = self

    def get_buffer(self, sizehint: int) -> memoryview:
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(BUFFER[:nbytes]))

    def data_received(self, data: bytes) -> None:
        at = 0
        while self._plain and (frame := whole(data, at)):
            payload, at = frame
            self._take(payload)
        if at < len(data):
            super().data_received(data[at:] if at else data)
            self._plain = self._is_plain()
        elif not self.read_paused and self.queue.qsize() >= WAITING:
            self.read_paused = True
            self.transport.pause_reading()

    def _take(self, payload: bytes | str) -> None:
        if isinstance(payload, str):
            self.queue.put_nowait({"type": "websocket.receive", "text": payload})
            return
        weighed = self.keeps is not None and self.queue.empty()
        if weighed and self.keeps and self.keeps(payload):
            return
        message: Any = {"type": "websocket.receive", "bytes": payload, WEIGHED: weighed}
        self.queue.put_nowait(message)

    def _is_plain(self) -> bool:
        connection = self.conn
        open_ = self.handshake_complete and not self.close_sent and connection.state is State.OPEN
        return open_ and _waits_in(connection.parser) == "at_eof"


def whole(data: bytes, at: int) -> tuple[bytes | str, int] | None:
    """A masked frame in one piece that begins there, binary or text, and where the next one does."""
    if len(data) < at + 6 or data[at] not in (WHOLE_TEXT, WHOLE_BINARY) or not data[at + 1] & MASKED:
        return None
    length, begins = data[at + 1] & 0x7F, at + 2
    if length == 126:
        length, begins = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    ends = begins + 4 + length
    if length == 127 or len(data) < ends:
        return None
    payload = apply_mask(data[begins + 4 : ends], data[begins : begins + 4])
    if data[at] == WHOLE_BINARY:
        return payload, ends
    try:
        return payload.decode(), ends
    except UnicodeDecodeError:
        return None  # the long way knows how to refuse it


def _waits_in(parser: Any) -> str:
    """The name of the innermost generator: a frame's header may have been read of which nothing is left."""
    while (inner := parser.gi_yieldfrom) is not None:
        parser = inner
    return parser.__name__
