"""uvicorn's WebSocket, with a short way for what comes up to fifty times a second: whole frames of data."""

# pyright: reportMissingTypeStubs=false

from asyncio import BufferedProtocol
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State
from websockets.speedups import apply_mask

WHOLE_TEXT, WHOLE_BINARY, MASKED = 0x81, 0x82, 0x80
UNENCRYPTED = "ws"  # under TLS, uvloop forgets what was unread when a client breaks off
WAITING = 8  # messages that the talk has not taken before reading stops
APART_S = 0.02  # two texts, for the keeper to be asked of the second
BUFFER = memoryview(bytearray(2**16))  # of all sockets: what was read is taken before anything else is read
SHORT_WAY = "tutor.short_way"  # the ASGI extension: the Socket itself
WEIGHED = "tutor.weighed"  # in a message: it was not kept


class Keeper(Protocol):
    """Whoever the messages are for."""

    def keeps(self, payload: str | bytes) -> bool:
        """Whether it has kept this, and nobody need be woken for it."""
        ...

    def rest_s(self) -> float:
        """For how long what comes next may wait unread, once a frame has been kept."""
        ...


class Socket(WebSocketsSansIOProtocol, BufferedProtocol):
    """Everything else, and whatever is not plain, goes uvicorn's way. A protocol that is not buffered is read
    into 256 KiB made anew each time, which costs more than all that is done with a frame.

    The keeper is asked of each frame that nothing waits before, but of no text that follows upon another: a
    flood of them is to be slowed. While it need not know at once what comes, the socket is left unread, and
    then several frames are read for the price of one.
    """

    keeper: Keeper | None = None
    _plain = False  # the parser is between two frames
    _due_s = 0.0  # from then on the keeper is asked of a text again

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if scope := getattr(self, "scope", None):
            scope["extensions"][SHORT_WAY] = self

    def get_buffer(self, sizehint: int) -> memoryview:
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(BUFFER[:nbytes]))

    def data_received(self, data: bytes) -> None:
        at, kept = 0, False
        while self._plain and (frame := whole(data, at)):
            payload, at = frame
            kept = self._take(payload)
        if at < len(data):
            super().data_received(data[at:] if at else data)
            self._plain = self._is_plain()
        elif not self.read_paused and self.queue.qsize() >= WAITING:
            self.read_paused = True
            self.transport.pause_reading()
        elif kept and self.keeper and self.scheme == UNENCRYPTED and (rest_s := self.keeper.rest_s()):
            self.transport.pause_reading()
            self.loop.call_later(rest_s, self.transport.resume_reading)

    def _take(self, payload: bytes | str) -> bool:
        """Whether it was kept; else it waits for the talk."""
        weighed = self.keeper is not None and self.queue.empty() and self._asks_of(payload)
        if weighed and self.keeper and self.keeper.keeps(payload):
            return True
        kind = "text" if isinstance(payload, str) else "bytes"
        message: Any = {"type": "websocket.receive", kind: payload, WEIGHED: weighed}
        self.queue.put_nowait(message)
        return False

    def _asks_of(self, payload: bytes | str) -> bool:
        """Of all that is binary, and of a text that comes apart from the one before."""
        if isinstance(payload, bytes):
            return True
        now_s = self.loop.time()
        due, self._due_s = now_s >= self._due_s, now_s + APART_S
        return due

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
