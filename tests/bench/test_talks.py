"""Learners in real time: with our own gateway, and with another server of the protocol."""

import base64
import json
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from websockets.asyncio.server import Request, Response, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realtime.bench.figures import for_programs, table
from realtime.bench.judge import Findings, judge
from realtime.bench.learner import Order, session
from realtime.bench.run import run
from realtime.bench.speech import Repertoire, coughed, recorded
from realtime.terminal import write_wav
from tests.clients.stage import RATE, RECORDING, staged

TURNS = 3  # the first learner interrupts, the second pauses for long


@dataclass(frozen=True)
class Three:
    """The same learners with a server that waits, one that does not, and in tutor.v1."""

    patient: Findings
    hasty: Findings
    tutor: Findings


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    folder: Path = tmp_path_factory.mktemp("speech")
    (folder / "sentence.wav").write_bytes(RECORDING.read_bytes())
    write_wav(folder / "cough.wav", coughed().tobytes())
    with staged() as server:
        order = Order(server.talk_url, learners=2, turns=TURNS)
        orders = (
            replace(order, silence_ms=1500),
            replace(order, silence_ms=200),
            replace(order, silence_ms=1500, tutor=True),
        )
        yield Three(*anyio.run(_all, orders, recorded(folder)))


async def _all(orders: Sequence[Order], repertoire: Repertoire) -> list[Findings]:
    found: dict[Order, Findings] = {}

    async def one(order: Order) -> None:
        found[order] = judge(await run(order, repertoire))

    async with anyio.create_task_group() as tasks:
        for order in orders:
            tasks.start_soon(one, order)
    return [found[order] for order in orders]


def test_every_turn_is_spoken_and_answered(three: Three) -> None:
    for found in (three.patient, three.tutor):
        assert (found.spoken.count, found.spoken.of) == (6, 6)
        assert (found.errors, found.refused, found.broken) == ([], [], [])
        assert (found.unanswered.count, found.unanswered.of) == (0, 6)
        assert len(found.voice) == 6
        assert found.audio_s > 5
    assert min(three.patient.voice) > 1000, "the server waits for 1500 ms of silence"


def test_a_server_that_waits_cuts_nobody_off(three: Three) -> None:
    for found in (three.patient, three.tutor):
        assert {ms: (tally.count, tally.of) for ms, tally in found.cut_off.items()} == {
            400: (0, 2),
            700: (0, 2),
            1200: (0, 1),
        }
        assert found.early.count == 0
        assert found.spoken_into == 0


def test_a_server_that_cuts_in_is_found_out(three: Three) -> None:
    cut_off = three.hasty.cut_off
    assert (cut_off[700].count, cut_off[700].of) == (2, 2)
    assert (cut_off[1200].count, cut_off[1200].of) == (1, 1)
    assert three.hasty.errors == []


def test_an_interruption_is_counted(three: Three) -> None:
    for found in (three.patient, three.tutor):
        assert (found.missed.count, found.missed.of) == (0, 1)
        assert len(found.cut) == 1
        assert found.unprovoked == 0
    assert three.patient.duck == []


def test_in_tutor_v1_giving_way_and_falling_silent_are_told_apart(three: Three) -> None:
    assert len(three.tutor.duck) == 1
    assert three.tutor.duck[0] < three.tutor.cut[0]


def test_there_are_figures_of_it(three: Three) -> None:
    told = for_programs(three.patient)
    assert told["delays_ms"]["voice-to-voice, first audio"]["n"] == 6
    assert told["totals"]["errors"] == 0
    assert "| interruptions missed | 0 of 1 |" in table(three.patient)


# another server


SAYING = np.full(RATE // 4, 9000, np.int16)
SHORT = Repertoire((SAYING,), (SAYING,), None, coughed())
LOUD = 2000


class Other:
    """The least that a server of the protocol does. The first who comes is refused, the second is cut off."""

    def __init__(self) -> None:
        self.came = 0
        self.settings: list[dict[str, Any]] = []

    def admit(self, _connection: ServerConnection, request: Request) -> Response | None:
        assert request.headers["Authorization"] == "Bearer secret"
        self.came += 1
        return _connection.respond(503, "no place\n") if self.came == 1 else None

    async def talk(self, connection: ServerConnection) -> None:
        number = self.came
        await _tell(connection, type="session.created", session={})
        frames, heard, quiet = 0, False, 0
        try:
            async for message in connection:
                event = json.loads(message)
                if event["type"] == "session.update":
                    self.settings.append(event["session"])
                    await _tell(connection, type="session.updated", session={})
                    continue
                sound = np.frombuffer(base64.b64decode(event["audio"]), np.int16)
                frames, loud = frames + 1, bool(np.abs(sound).max() > LOUD)
                heard, quiet = heard or loud, 0 if loud else quiet + 1
                if number == 2 and frames == 20:
                    return await connection.close(1011, "out of order")
                if heard and quiet == 10:
                    heard = False
                    await _answer(connection)
        except ConnectionClosed:
            return


async def _answer(connection: ServerConnection) -> None:
    coded = base64.b64encode(SAYING.tobytes()).decode()
    await _tell(connection, type="input_audio_buffer.committed", item_id="u")
    await _tell(connection, type="response.created", response={"id": "r"})
    await _tell(connection, type="response.output_audio.delta", response_id="r", item_id="i", delta=coded)
    await _tell(connection, type="rate_limits.updated")
    await connection.send("no event")
    await _tell(connection, type="response.done", response={"id": "r", "status": "completed"})


async def _tell(connection: ServerConnection, **event: Any) -> None:
    await connection.send(json.dumps(event))


@asynccontextmanager
async def another_server() -> AsyncGenerator[tuple[Other, str]]:
    other = Other()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serve(other.talk, sock=listener, process_request=other.admit):
            yield other, f"ws://127.0.0.1:{listener.getsockname()[1]}/v1/realtime"


async def test_the_limit_ends_the_talks_and_what_was_not_said_is_told() -> None:
    async with another_server() as (other, url):
        other.came = 2
        found = judge(await run(Order(url, key="secret", learners=2, turns=6, limit_s=1.5), SHORT))
    assert found.spoken.of == 12, "the second had not even come"
    assert found.spoken.count <= 2
    assert (found.errors, found.broken, found.unanswered.count) == ([], [], 0)


async def test_who_is_refused_or_cut_off_leaves_the_others_be() -> None:
    async with another_server() as (other, url):
        order = Order(url, key="secret", learners=3, turns=1, silence_ms=200)
        found = judge(await run(replace(order, pauses_ms=(40, 40)), SHORT))
    assert len(found.refused) == len(found.broken) == 1
    assert "503" in found.refused[0]
    assert "out of order" in found.broken[0]
    assert len(found.voice) == 1
    assert found.errors == []
    assert other.settings == [session(order)] * 2
    detection = other.settings[0]["audio"]["input"]["turn_detection"]
    assert detection == {"type": "server_vad", "silence_duration_ms": 200}
