"""Clients that come and go, a thousand times and mostly without a word: nothing of them stays."""

import json
import math
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.clients.stage import RECORDING, scripted_engines, staged
from tests.edges.talker import Talker, silence
from tests.searching import search
from tests.serving import Served, serving

TEXT = {
    "type": "realtime",
    "output_modalities": ["text"],
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": None}},
}
PARTS = ("Session", "Floor", "Ear", "Shared", "Speech", "Reply", "Tape", "Utterance")  # of a talk
AT_ONCE = 16
LOOKS = 100
MOST_GROWTH = 16 * 2**20  # of memory, over a thousand clients: less than 17 kB for each
UPGRADE = (
    "GET /v1/realtime?model=tutor HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
)


@pytest.fixture(scope="module")
def patient() -> Iterator[Served]:
    """A server that keeps a lost talk for a moment only."""
    with staged(TUTOR_LIMITS__RESUME_S="0.2") as served:
        yield served


@dataclass(frozen=True)
class Standing:
    """What a server holds: `kept` bytes of memory."""

    sessions: float
    tasks: float
    files: int
    kept: int


async def _standing(served: Served, http: httpx.AsyncClient) -> Standing:
    page = (await http.get(f"{served.url}/metrics")).text.splitlines()
    values = {line.split()[0]: float(line.split()[-1]) for line in page if not line.startswith("#")}
    process = psutil.Process(served.pid)
    memory = process.memory_info().rss
    return Standing(values["tutor_sessions"], values["tutor_tasks"], process.num_fds(), memory)


def _port(served: Served) -> int:
    return httpx.URL(served.url).port or 0


async def _at_rest(served: Served, most_files: float = math.inf) -> Standing:
    """Once the last client has been forgotten, or not even after a while."""
    async with httpx.AsyncClient() as http:
        for _ in range(LOOKS):
            standing = await _standing(served, http)
            if not standing.sessions and standing.files <= most_files:
                break
            await anyio.sleep(0.1)
    return standing


# how clients go


async def _politely(socket: ClientConnection) -> None:
    await socket.close()


async def _abruptly(socket: ClientConnection) -> None:
    socket.transport.abort()


async def _after_an_update(socket: ClientConnection) -> None:
    await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
    socket.transport.abort()


async def _amid_a_reply(socket: ClientConnection) -> None:
    await socket.send(json.dumps({"type": "response.create"}))
    while "response.output_item.added" not in str(await socket.recv()):
        pass
    socket.transport.abort()


async def _amid_an_append(socket: ClientConnection) -> None:
    if socket.subprotocol == "tutor.v1":
        await socket.send(silence(1000))
    await socket.send('{"type": "input_audio_buffer.append", "audio": "AAAA')
    socket.transport.abort()


WAYS = (_politely, _abruptly, _after_an_update, _amid_a_reply, _amid_an_append)


async def _visit(served: Served, protocol: str, go: Callable[[ClientConnection], Awaitable[None]]) -> None:
    socket = await connect(
        served.talk_url, subprotocols=[Subprotocol(protocol)], compression=None, close_timeout=2
    )
    with suppress(ConnectionClosed):
        await socket.recv()
        await go(socket)
    await socket.wait_closed()


async def _knock(served: Served, words: int) -> None:
    """A client that goes before the handshake is over."""
    host = f"127.0.0.1:{_port(served)}"
    async with await anyio.connect_tcp("127.0.0.1", _port(served)) as stream:
        await stream.send(UPGRADE.format(host=host).encode()[:words])


async def _visits(served: Served, count: int) -> None:
    chance, limiter = random.Random(count), anyio.CapacityLimiter(AT_ONCE)

    async def one() -> None:
        async with limiter:
            if chance.random() < 0.15:
                await _knock(served, chance.randrange(1, 200))
            else:
                await _visit(served, chance.choice(("tutor.v1", "realtime")), chance.choice(WAYS))

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(one)


async def test_a_thousand_clients_leave_nothing_behind(patient: Served) -> None:
    await _visits(patient, 1000)  # what is made once is made, and the allocator has its arenas
    before = await _at_rest(patient)
    await _visits(patient, 1000)
    after = await _at_rest(patient, before.files + AT_ONCE)
    assert after.sessions == 0
    assert after.tasks <= before.tasks
    assert after.files <= before.files + AT_ONCE  # connections to the engines are kept for the next talk
    assert after.kept - before.kept < MOST_GROWTH


async def test_a_talk_that_is_over_is_let_go_at_once(tmp_path: Path) -> None:
    """None of it waits for the collector, which comes seldom. (A reply that is cut off by the end does.)"""
    wish = tmp_path / "wish"
    with (
        scripted_engines() as engines,
        serving(
            *("--speech-url", engines, "--transcription-url", engines), program=("tests.searching", str(wish))
        ) as served,
    ):
        socket = await connect(served.talk_url, subprotocols=[Subprotocol("tutor.v1")], compression=None)
        talker = Talker(socket, tutor=True)
        await talker.send({"type": "session.update", "session": TEXT})
        await talker.send({"type": "response.create"})
        await talker.until("response.done")
        await talker.send(RECORDING.read_bytes()[44:])
        await talker.send({"type": "input_audio_buffer.commit"})
        await talker.until("conversation.item.input_audio_transcription.completed")
        assert search(served.pid, wish, "class Session") == ["Session"]
        await talker.send({"type": "tutor.forget"})
        await socket.wait_closed()
        assert not (await _at_rest(served)).sessions
        left = {name: search(served.pid, wish, f"class {name}") for name in PARTS}
    assert left == {name: [] for name in PARTS}
