"""One WebSocket: frames in as events, events out as frames. Nothing else knows the socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime.errors import LinkClosed, ProtocolError
from realtime.settings import Limits
from realtime.wire.client_events import AnyClientEvent
from realtime.wire.codec import decode, encode, told
from realtime.wire.server_events import ServerEvent

Outgoing = ServerEvent | bytes
Incoming = AnyClientEvent | bytes
OUTBOX = 32  # messages a slow reader may be behind before the talk waits for it


class Link:
    """`tutor`: the tutor.v1 subprotocol was selected, so audio travels in binary frames."""

    def __init__(self, websocket: WebSocket, limits: Limits, *, tutor: bool) -> None:
        self.tutor = tutor
        self._socket = websocket
        self._limits = limits
        self._event_ids = count(1)
        self._to_writer, self._outbox = anyio.create_memory_object_stream[Outgoing](OUTBOX)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Frames are written inside this block; it ends when the block is left or the socket is gone."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, self._outbox, tasks.cancel_scope)
            yield
            tasks.cancel_scope.cancel()

    async def send(self, message: Outgoing) -> None:
        """Waits for a reader that is behind. Raises LinkClosed when it is gone or takes nothing any more."""
        try:
            with anyio.fail_after(self._limits.send_s):
                await self._to_writer.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise LinkClosed("the socket is closed") from error
        except TimeoutError as error:
            self._outbox.close()
            raise LinkClosed(f"the client took nothing for {self._limits.send_s:.0f} s") from error

    async def refuse(self, error: ProtocolError, event_id: str | None = None) -> None:
        await self.send(told(error, event_id))

    async def messages(self) -> AsyncGenerator[Incoming]:
        """What the client sends, until it is gone. What cannot be read is answered here and skipped."""
        while True:
            try:
                frame = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if frame["type"] == "websocket.disconnect":
                return
            try:
                yield self._read(frame.get("text"), frame.get("bytes"))
            except ProtocolError as error:
                await self.refuse(error)

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection; the other side may be gone already."""
        self._to_writer.close()
        with anyio.move_on_after(1, shield=True):
            try:
                await self._socket.close(code, reason)
            except (WebSocketDisconnect, RuntimeError):
                return

    def _read(self, text: str | None, binary: bytes | None) -> Incoming:
        if text is not None:
            if len(text) > self._limits.frame_bytes:
                message = f"a frame of {len(text)} bytes is over the limit of {self._limits.frame_bytes}"
                raise ProtocolError("frame_too_large", message)
            return decode(text)
        frame = binary or b""
        if not self.tutor:
            raise ProtocolError("invalid_event", "binary frames need the subprotocol tutor.v1")
        if len(frame) > self._limits.binary_frame_bytes:
            limit = self._limits.binary_frame_bytes
            raise ProtocolError(
                "frame_too_large", f"a frame of {len(frame)} bytes is over the limit of {limit}"
            )
        return frame

    async def _write(self, outbox: MemoryObjectReceiveStream[Outgoing], scope: anyio.CancelScope) -> None:
        async with outbox:
            async for message in outbox:
                try:
                    if isinstance(message, bytes):
                        await self._socket.send_bytes(message)
                    else:
                        await self._socket.send_text(encode(message, f"event_{next(self._event_ids)}"))
                except (WebSocketDisconnect, RuntimeError):
                    break
        scope.cancel()
