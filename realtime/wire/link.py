"""One WebSocket: frames in as events, events out as frames. Nothing else knows the socket."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from itertools import count

import anyio
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime.channel import Channel
from realtime.errors import LinkClosed, ProtocolError
from realtime.settings import Limits
from realtime.wire.client_events import AnyClientEvent
from realtime.wire.codec import decode, encode, told
from realtime.wire.rate import Rate
from realtime.wire.server_events import ServerEvent
from realtime.wire.socket import SHORT_WAY, WEIGHED, Keeper

Outgoing = ServerEvent | bytes
Incoming = AnyClientEvent | bytes
OUTBOX = 32  # messages a slow reader may be behind before the talk waits for it
CLOSING_S = 1  # for what was said last to leave


class Link:
    """`tutor`: the tutor.v1 subprotocol was selected, so audio travels in binary frames."""

    def __init__(self, websocket: WebSocket, limits: Limits, *, tutor: bool) -> None:
        self.tutor = tutor
        self._socket = websocket
        self._limits = limits
        self._event_ids = count(1)
        self._outbox = Channel[Outgoing](OUTBOX)
        self._scope = anyio.CancelScope()
        self._written = anyio.Event()
        self._farewell: tuple[int, str] | None = None
        self._keeper: Keeper | None = None

    @property
    def keeper(self) -> Keeper | None:
        """Who is asked of each frame first: what has been kept is not among `messages`."""
        return self._keeper

    @keeper.setter
    def keeper(self, keeper: Keeper | None) -> None:
        self._keeper = keeper
        short_way = self._socket.scope.get("extensions", {}).get(SHORT_WAY)
        if short_way and self.tutor:
            short_way.keeper = keeper

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Frames are written inside this block; it ends when the block is left or the socket is gone."""
        try:
            with self._scope, closing(self._outbox):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write)
                    yield
                    self._scope.cancel()
        finally:
            self.keeper = None  # a socket lives on for a while, and its talk may be over

    async def send(self, message: Outgoing) -> None:
        """Waits for a reader that is behind. Raises LinkClosed when it is gone or takes nothing any more."""
        try:
            if not self._outbox.offer(message):
                with anyio.fail_after(self._limits.send_s):
                    await self._outbox.put(message)
        except anyio.BrokenResourceError as error:
            raise LinkClosed("the socket is closed") from error
        except TimeoutError as error:
            self._scope.cancel()
            raise LinkClosed(f"the client took nothing for {self._limits.send_s:.0f} s") from error

    async def refuse(self, error: ProtocolError, event_id: str | None = None) -> None:
        await self.send(told(error, event_id))

    async def messages(self) -> AsyncGenerator[Incoming]:
        """What the client sends, until it is gone. What cannot be read is answered here and skipped.

        Of a client that sends too fast the rest waits in its socket.
        """
        rate = Rate(self._limits.messages_per_s)
        while (frame := await self._receive()) is not None:
            if wait_s := rate.wait_s(time.monotonic()):
                await anyio.sleep(wait_s)
            try:
                if not self._is_kept(frame):
                    yield self._read(frame.get("text"), frame.get("bytes"))
            except ProtocolError as error:
                try:
                    await self.refuse(error)
                except LinkClosed:
                    return

    def _is_kept(self, frame: Message) -> bool:
        if frame.get(WEIGHED) or self._keeper is None or not self.tutor:
            return False
        return self._keeper.keeps(frame.get("text") or frame.get("bytes") or b"")

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection, once what was sent before has left. The first reason that was given counts."""
        self._farewell = self._farewell or (code, reason)
        self._outbox.close()
        with anyio.move_on_after(CLOSING_S, shield=True):
            await self._written.wait()
        self._scope.cancel()

    async def _receive(self) -> Message | None:
        """None once the client is gone: nothing need be written any more."""
        try:
            frame = await self._socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            frame = {"type": "websocket.disconnect"}
        if frame["type"] != "websocket.disconnect":
            return frame
        self._scope.cancel()
        return None

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

    async def _write(self) -> None:
        try:
            with self._outbox.emptying():
                async for message in self._outbox:
                    if isinstance(message, bytes):
                        await self._socket.send_bytes(message)
                    else:
                        await self._socket.send_text(encode(message, f"event_{next(self._event_ids)}"))
            if self._farewell:
                await self._socket.close(*self._farewell)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client is gone, and the end of the block says so to all
        finally:
            self._written.set()
            self._scope.cancel()
