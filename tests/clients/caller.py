"""A talk through the Python package `openai`; every frame that comes is held against its own types."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.clients.stage import RATE
from tests.protocol.strict import strict
from tests.serving import Served

PATIENCE_S = 20
PIECE = RATE * 2 // 10  # 100 ms
Event = Any  # the package's own union; the tests read what they expect to be there


def client(server: Served, key: str = "none") -> AsyncOpenAI:
    return AsyncOpenAI(api_key=key, base_url=f"{server.url}/v1", max_retries=0)


class Caller:
    """`log` holds all that was read."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.log: list[Event] = []

    async def next(self) -> Event:
        with anyio.fail_after(PATIENCE_S):
            frame = await self.connection.recv_bytes()
        strict(json.loads(frame))
        event = self.connection.parse_event(frame)
        self.log.append(event)
        return event

    async def until(self, kind: str) -> Event:
        while True:
            event = await self.next()
            if event.type == kind:
                return event

    async def configure(self, **session: Any) -> Event:
        await self.connection.session.update(session={"type": "realtime", **session})  # pyright: ignore
        return (await self.until("session.updated")).session

    async def write(self, text: str) -> str:
        """A message of the learner's; its id."""
        content = [{"type": "input_text", "text": text}]
        message: Any = {"type": "message", "role": "user", "content": content}
        await self.connection.conversation.item.create(item=message)
        return (await self.until("conversation.item.done")).item.id

    async def ask(self, **response: Any) -> Event:
        """The response, when it is over."""
        wanted: Any = {"response": response} if response else {}
        await self.connection.response.create(**wanted)
        return await self.answer()

    async def answer(self) -> Event:
        return (await self.until("response.done")).response

    async def speak(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), PIECE):
            audio = base64.b64encode(pcm[at : at + PIECE]).decode()
            await self.connection.input_audio_buffer.append(audio=audio)

    def kinds(self) -> list[str]:
        return [event.type for event in self.log]

    def sound(self, item_id: str) -> bytes:
        """What came of an item's audio."""
        deltas = [event for event in self.log if event.type == "response.output_audio.delta"]
        return b"".join(base64.b64decode(event.delta) for event in deltas if event.item_id == item_id)


@asynccontextmanager
async def calling(server: Served, key: str = "none", **query: Any) -> AsyncGenerator[Caller]:
    """Query: `model`, or `extra_query` for the rest of it."""
    options = query or {"model": "tutor"}
    async with client(server, key) as openai, openai.realtime.connect(**options) as connection:
        caller = Caller(connection)
        await caller.until("session.created")
        yield caller
