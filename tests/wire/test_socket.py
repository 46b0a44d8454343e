"""The short way for whole frames, against what the long way would make of the same bytes."""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from realtime.wire.socket import SHORT_WAY, Keeper, Socket, whole
from tests.session import timeless


@given(st.binary(max_size=70_000), st.binary(max_size=9), st.binary(max_size=9))
def test_a_whole_frame_is_read(payload: bytes, before: bytes, after: bytes) -> None:
    sent = Frame(Opcode.BINARY, payload).serialize(mask=True)
    found = whole(before + sent + after, len(before))
    if len(payload) < 2**16:
        assert found == (payload, len(before) + len(sent))
    else:
        assert found is None


@given(st.text(max_size=300), st.binary(max_size=9), st.binary(max_size=9))
def test_a_whole_text_is_read(text: str, before: bytes, after: bytes) -> None:
    sent = Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
    assert whole(before + sent + after, len(before)) == (text, len(before) + len(sent))


@pytest.mark.parametrize("size", [0, 5, 200])
def test_a_part_of_a_frame_is_none(size: int) -> None:
    sent = Frame(Opcode.BINARY, bytes(size)).serialize(mask=True)
    assert [whole(sent[:length], 0) for length in range(len(sent))] == [None] * len(sent)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Opcode.TEXT, b"no text: \xff").serialize(mask=True),
        Frame(Opcode.TEXT, b"part", fin=False).serialize(mask=True),
        Frame(Opcode.BINARY, b"part", fin=False).serialize(mask=True),
        Frame(Opcode.CONT, b"rest").serialize(mask=True),
        Frame(Opcode.PING, b"").serialize(mask=True),
        Frame(Opcode.BINARY, b"unmasked").serialize(mask=False),
    ],
)
def test_what_is_not_plain_goes_the_long_way(frame: bytes) -> None:
    assert whole(frame, 0) is None


class Wire(asyncio.Transport):
    """Takes what is written, and is never behind."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True

    def write(self, data: object) -> None: ...

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...


GREETING = (
    b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def unchanged(frame: Frame) -> bytes:
    """Masked by zeros, so that sound in it may look like a frame."""
    head = bytes((frame.fin << 7 | frame.opcode, 0x80 | len(frame.data)))
    return head + bytes(4) + frame.data


INSIDE = unchanged(Frame(Opcode.BINARY, b"in"))
MESSAGES: dict[str, list[Frame]] = {
    "sound": [Frame(Opcode.BINARY, b"sound")],
    "a frame in sound": [Frame(Opcode.BINARY, INSIDE * 2)],
    "text": [Frame(Opcode.TEXT, b"{}")],
    "ping": [Frame(Opcode.PING, b"")],
    "fragments": [
        Frame(Opcode.BINARY, INSIDE, fin=False),
        Frame(Opcode.PING, b""),
        Frame(Opcode.CONT, INSIDE, fin=True),
    ],
}


@dataclass
class Quiet:
    """Keeps what begins with "quiet"."""

    rest: float = 0
    asked: list[str | bytes] = field(default_factory=list[str | bytes])

    def keeps(self, payload: str | bytes) -> bool:
        self.asked.append(payload)
        return payload[:5] in ("quiet", b"quiet")

    def rest_s(self) -> float:
        return self.rest


class Served:
    """A socket whose application takes what comes."""

    def __init__(self, keeper: Keeper | None = None) -> None:
        self.got: list[str | bytes] = []
        self.wire = Wire()
        self._keeper = keeper
        self._server = ServerState()
        options: dict[str, Any] = {"lifespan": "off", "log_level": "critical", "ws_ping_interval": None}
        config = Config(self._serve, interface="asgi3", **options)
        config.load()
        self.socket = Socket(config, self._server, {})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        scope["extensions"][SHORT_WAY].keeper = self._keeper
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.got.append(message["text"] if "text" in message else bytes(message["bytes"]))

    async def greet(self) -> None:
        self.socket.connection_made(self.wire)
        self.socket.data_received(GREETING)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def leave(self) -> None:
        self.socket.connection_lost(None)
        await asyncio.gather(*self._server.tasks)


async def received(pieces: list[bytes], keeper: Keeper | None = None) -> list[str | bytes]:
    served = Served(keeper)
    await served.greet()
    for piece in pieces:
        served.socket.data_received(piece)
        if keeper:  # the application has taken what came before
            await asyncio.sleep(0)
    await served.leave()
    return served.got


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(sorted(MESSAGES)), max_size=6),
    st.lists(st.integers(0, 100), max_size=30).map(sorted),
)
def test_every_message_arrives_once_and_in_order_however_the_bytes_are_cut(
    kinds: list[str], cuts: list[int]
) -> None:
    frames = [frame for kind in kinds for frame in MESSAGES[kind]]
    sent = b"".join(unchanged(frame) for frame in frames)
    ends = [0, *(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = [sent[begins:end] for begins, end in pairwise(ends) if begins < end]
    all_sent: list[str | bytes] = []
    for kind in kinds:
        content = b"".join(frame.data for frame in MESSAGES[kind])
        all_sent += [] if kind == "ping" else [content.decode() if kind == "text" else content]
    assert asyncio.run(received(pieces)) == all_sent


def binary(data: bytes) -> bytes:
    return unchanged(Frame(Opcode.BINARY, data))


def test_what_is_kept_wakes_nobody_and_nothing_is_kept_before_what_waits() -> None:
    keeper = Quiet()
    first, quiet, loud, third = (binary(data) for data in (b"first", b"quiet 1", b"loud 2", b"quiet 3"))
    assert asyncio.run(received([first, quiet, loud + third], keeper)) == [b"first", b"loud 2", b"quiet 3"]
    assert keeper.asked == [b"quiet 1", b"loud 2"]


def test_a_text_is_kept_too_but_a_flood_of_them_waits_for_its_turn() -> None:
    keeper, apart_s = Quiet(), (0, 0.05, 0.01, 0, 0.05)

    async def talk() -> list[str | bytes]:
        served = Served(keeper)
        await served.greet()
        served.socket.data_received(binary(b"first"))
        for number, s in enumerate(apart_s):
            await asyncio.sleep(s)
            served.socket.data_received(unchanged(Frame(Opcode.TEXT, b"quiet %d" % number)))
        await asyncio.sleep(0)
        await served.leave()
        return served.got

    assert timeless.run(talk()) == [b"first", "quiet 2", "quiet 3"]
    assert keeper.asked == ["quiet 0", "quiet 1", "quiet 4"]


@pytest.mark.parametrize(
    ("sent", "rest_s", "rests"),
    [
        ([b"quiet"], 0.1, True),
        ([b"quiet"], 0, False),
        ([b"loud"], 0.1, False),
        ([b"quiet", b"loud"], 0.1, False),
        ([b"loud", b"quiet"], 0.1, False),
    ],
)
def test_a_socket_rests_for_a_while_after_what_was_kept(
    sent: list[bytes], rest_s: float, *, rests: bool
) -> None:
    async def talk() -> list[bool]:
        served = Served(Quiet(rest_s))
        await served.greet()
        reading: list[bool] = []
        served.socket.data_received(binary(b"the first goes the long way"))
        await asyncio.sleep(0)
        served.socket.data_received(b"".join(binary(data) for data in sent))
        for _ in range(2):
            reading.append(served.wire.reading)
            await asyncio.sleep(0.09)
        reading.append(served.wire.reading)
        await served.leave()
        return reading

    assert timeless.run(talk()) == [not rests, not rests, True]
