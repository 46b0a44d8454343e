"""A client without a socket: its frames go through memory, over the real link and Starlette's real socket."""

import base64
import json
import math
from typing import Any

import anyio
import numpy as np
from starlette.types import Message
from starlette.websockets import WebSocket

from realtime.protocol.config import Config
from realtime.session.edges import FADE
from realtime.session.sessions import Sessions
from realtime.settings import Limits
from realtime.wire.link import Link
from tests.session.scripted import STEP

PATIENCE_S = 10  # no test waits so long unless something is lost
Event = dict[str, Any]


class Client:
    """`log` holds all that has been read so far; binary frames are bytes in it.

    `buffer` is how many frames may be under way to it before the server has to wait.
    """

    def __init__(self, limits: Limits, *, tutor: bool, buffer: float = math.inf) -> None:
        self.tutor = tutor
        self.log: list[Event | bytes] = []
        self.over = anyio.Event()  # the server has let the connection go
        self.closed: Message | None = None
        self.link: Link | None = None
        self._limits = limits
        self._to_server, self._from_client = anyio.create_memory_object_stream[Message](math.inf)
        self._to_client, self._from_server = anyio.create_memory_object_stream[Message](buffer)
        self._to_server.send_nowait({"type": "websocket.connect"})

    async def run(self, sessions: Sessions) -> None:
        """One connection, served as the gateway serves it."""
        name = "tutor.v1" if self.tutor else "realtime"
        scope = {"type": "websocket", "path": "/v1/realtime", "headers": [], "subprotocols": [name]}
        socket = WebSocket(scope, self._from_client.receive, self._take)
        await socket.accept(name)
        self.link = link = Link(socket, self._limits, tutor=self.tutor)
        try:
            async with link.writing():
                await sessions.serve(link, Config())
        finally:
            self.over.set()
            self._to_client.close()

    async def _take(self, message: Message) -> None:
        try:
            await self._to_client.send(message)
        except anyio.BrokenResourceError as error:
            raise OSError("the client is gone") from error

    def discard(self) -> None:
        for stream in (self._to_server, self._from_client, self._to_client, self._from_server):
            stream.close()

    # saying

    def send(self, message: Event | bytes | str) -> None:
        if isinstance(message, bytes):
            self._to_server.send_nowait({"type": "websocket.receive", "bytes": message})
            return
        text = message if isinstance(message, str) else json.dumps(message)
        self._to_server.send_nowait({"type": "websocket.receive", "text": text})

    def hear(self, pcm: bytes, piece_ms: int = 40) -> None:
        """The microphone: pieces as a client sends them."""
        rate = 16_000 if self.tutor else 24_000
        piece = rate * 2 * piece_ms // 1000
        for at in range(0, len(pcm), piece):
            self.append(pcm[at : at + piece])

    def append(self, pcm: bytes) -> None:
        if self.tutor:
            self.send(pcm)
        else:
            self.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()})

    def play(self, item_id: str, played_ms: int) -> None:
        self.send({"type": "tutor.playhead", "item_id": item_id, "played_ms": played_ms})

    def cut(self) -> None:
        """The network fails."""
        self._to_server.send_nowait({"type": "websocket.disconnect", "code": 1006})
        self._from_server.close()

    # reading

    async def next(self) -> Event | bytes:
        with anyio.fail_after(PATIENCE_S):
            message = await self._from_server.receive()
        if message["type"] != "websocket.send":
            self.closed = message if message["type"] == "websocket.close" else None
            return await self.next()
        payload: Event | bytes = message.get("bytes") or json.loads(message["text"])
        self.log.append(payload)
        return payload

    async def until(self, kind: str, **fields: Any) -> Event:
        """Read on to the next event of a type (`*`: any beginning) whose fields are these."""
        while True:
            event = await self.next()
            if isinstance(event, dict) and event.get("type") == kind and fields.items() <= event.items():
                return event

    async def until_sound(self, ms: int) -> None:
        """Read on until so much sound has come, counted from now."""
        while ms > 0:
            ms -= sound_ms(await self.next())

    async def quiet(self) -> list[Event | bytes]:
        """Let everything happen that can happen without more from outside; what was said meanwhile."""
        await anyio.wait_all_tasks_blocked()
        said: list[Event | bytes] = []
        while self.waiting:
            said.append(await self.next())
        return said

    async def to_the_end(self) -> None:
        """Read on until the server has let the connection go."""
        try:
            while True:
                await self.next()
        except anyio.EndOfStream:
            return

    @property
    def waiting(self) -> int:
        """What has come and is not read yet."""
        return self._from_server.statistics().current_buffer_used

    async def configured(self, **changes: Any) -> Event:
        """The session after an update."""
        self.send({"type": "session.update", "session": {"type": "realtime", **changes}})
        return (await self.until("session.updated"))["session"]

    async def retrieve(self, item_id: str) -> Event:
        self.send({"type": "conversation.item.retrieve", "item_id": item_id})
        return (await self.until("conversation.item.retrieved"))["item"]


def spoken_ms(log: list[Event | bytes]) -> int:
    """Sound that is no silence."""
    sound = b"".join(sound_of(message) for message in log)
    return round(np.count_nonzero(np.frombuffer(sound, np.int16)) / 24)


def sound_ms(message: Event | bytes) -> int:
    return round(len(sound_of(message)) / 48)


def sound_of(message: Event | bytes) -> bytes:
    if isinstance(message, bytes):
        return message
    if message.get("type") == "response.output_audio.delta":
        return base64.b64decode(message["delta"])
    return b""


def voices_in(log: list[Event | bytes]) -> set[int]:
    """Which calls of the scripted voice can be heard in it."""
    sound = b"".join(sound_of(message) for message in log)
    values, counts = np.unique(np.frombuffer(sound, np.int16), return_counts=True)
    whole = values[(values != 0) & (counts > FADE)]  # others are an edge that is faded
    return set((whole // STEP).tolist())


def kinds(log: list[Event | bytes]) -> list[str]:
    """The events' types in order, without those that come many times or only in tutor.v1."""
    often = ("response.output_audio.delta", "response.output_audio_transcript.delta")
    events = [event for event in log if isinstance(event, dict)]
    return [
        event["type"]
        for event in events
        if event["type"] not in often and not event["type"].startswith("tutor.")
    ]


def named(log: list[Event | bytes], kind: str) -> list[Event]:
    return [event for event in log if isinstance(event, dict) and event["type"] == kind]
