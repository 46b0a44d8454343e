"""A client over a real WebSocket, and what it says with the speech server's own voice."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from realtime.tutor.lessons import load_lessons
from tests.serving import Served

RATE = 24_000
PATIENCE_S = 20
Event = dict[str, Any]
LESSON = load_lessons()["greetings"]
RIGHT = LESSON.steps[0].right[0]


class Talker:
    """`log` holds all that was read; `attentive`: it reports its playhead, as if it heard all at once."""

    def __init__(self, socket: ClientConnection, *, tutor: bool) -> None:
        self.socket = socket
        self.tutor = tutor
        self.attentive = True
        self.log: list[Event | bytes] = []
        self._item = ""
        self._sent_ms = 0.0

    async def send(self, message: Event | bytes | str) -> None:
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def hear(self, pcm: bytes, piece_ms: int = 100) -> None:
        piece = RATE * 2 * piece_ms // 1000
        for at in range(0, len(pcm), piece):
            sound = pcm[at : at + piece]
            coded = {"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()}
            await self.send(sound if self.tutor else coded)

    async def next(self) -> Event | bytes:
        with anyio.fail_after(PATIENCE_S):
            frame = await self.socket.recv()
        message = frame if isinstance(frame, bytes) else json.loads(frame)
        self.log.append(message)
        if isinstance(message, bytes):
            self._sent_ms += len(message) / 48
            if self.attentive:
                await self.play(self._sent_ms)
        elif message["type"] == "response.output_item.added":
            self._item, self._sent_ms = message["item"]["id"], 0
        return message

    async def play(self, played_ms: float) -> None:
        await self.send({"type": "tutor.playhead", "item_id": self._item, "played_ms": round(played_ms)})

    async def until(self, kind: str) -> Event:
        while True:
            event = await self.next()
            if isinstance(event, dict) and event["type"] == kind:
                return event

    async def until_sound(self) -> None:
        while not is_sound(await self.next()):
            pass

    async def error(self) -> str:
        return (await self.until("error"))["error"]["code"]

    async def opening(self) -> Event:
        """The lesson's first line, heard to its end."""
        await self.send({"type": "response.create"})
        return (await self.until("response.done"))["response"]


def is_sound(message: Event | bytes) -> bool:
    return isinstance(message, bytes) or message["type"] == "response.output_audio.delta"


def silence(ms: int) -> bytes:
    noise = np.random.default_rng(7).normal(0, 3, ms * RATE // 1000)
    return noise.astype(np.int16).tobytes()


async def spoken(server: Served, text: str) -> bytes:
    """An utterance between two silences."""
    body = {"model": "espeak-ng", "input": text, "voice": "en-us", "response_format": "pcm"}
    async with httpx.AsyncClient(timeout=10, verify=False) as client:
        answer = await client.post(f"{server.speech_url}/v1/audio/speech", json=body)
    assert answer.is_success
    return silence(300) + answer.content + silence(900)


@asynccontextmanager
async def talking(server: Served, *, tutor: bool = True, **options: Any) -> AsyncGenerator[Talker]:
    protocols = [Subprotocol("tutor.v1" if tutor else "realtime")]
    async with connect(
        server.talk_url, subprotocols=protocols, max_size=None, compression=None, close_timeout=1, **options
    ) as socket:
        talker = Talker(socket, tutor=tutor)
        audio = {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "transcription": {"model": "any"}}}
        await talker.until("session.created")
        await talker.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        await talker.until("session.updated")
        yield talker


async def turn_works(server: Served, talker: Talker) -> None:
    """A right answer is recognised and answered aloud."""
    del talker.log[:]
    await talker.hear(await spoken(server, RIGHT))
    completed = await talker.until("conversation.item.input_audio_transcription.completed")
    done = await talker.until("response.done")
    assert completed["transcript"]
    assert done["response"]["status"] == "completed"
    assert any(is_sound(message) for message in talker.log)


async def open_talks(server: Served) -> float:
    async with httpx.AsyncClient(verify=False) as client:
        page = (await client.get(f"{server.url}/metrics")).text
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("tutor_sessions "))
