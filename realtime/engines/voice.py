"""Synthesis over the OpenAI-compatible route: text up, PCM down as it is made.

Our own speech server streams server-sent events with the words' times; a stock server that answers with plain
audio is read as plain audio.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import httpx
import pybase64

from realtime.engines.http import Answer, TimedWord, check, engine_errors, streamed
from realtime.engines.protocols import Captioned, Sound
from realtime.errors import EngineRefused
from realtime.settings import Engines

STAGE = "speech"


class Event(Answer):
    """OpenAI's events of streamed speech, and our `speech.words`."""

    type: str
    audio: str | None = None
    words: tuple[TimedWord, ...] = ()
    error: Any = None


class HttpSynthesizer:
    """`mode`, `seed`: as our own server takes them; None says nothing of them. `live`: a learner waits."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        engines: Engines,
        *,
        mode: Literal["stream", "exact"] | None = None,
        seed: int | None = None,
        live: bool = True,
    ) -> None:
        self._client = client
        self._url = f"{base_url}/audio/speech"
        self._engines = engines
        self._own = {name: value for name, value in (("mode", mode), ("seed", seed)) if value is not None}
        self._live = live

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        body = {
            "model": self._engines.speech_model,
            "input": text,
            "voice": voice,
            "speed": speed,
            "response_format": "pcm",
            "stream_format": "sse",
            **self._own,
        }
        headers = {"Authorization": f"Bearer {self._engines.api_key}"}
        if self._live:
            headers |= {"X-Tutor-Live": "1", "X-Tutor-Due-Ms": str(due_ms)}
        timeout = httpx.Timeout(self._engines.speech_stall_timeout_s)
        async with (
            engine_errors(STAGE),
            streamed(self._client, self._url, body, headers, timeout) as response,
        ):
            await check(STAGE, response)
            async with aclosing(_sounds(response)) as sounds:
                yield sounds


async def _sounds(response: httpx.Response) -> AsyncGenerator[Sound]:
    """Whole samples only, however the server cuts its audio."""
    spoken = response.headers.get("content-type", "").startswith("text/event-stream")
    rest = b""
    async for sound in _events(response) if spoken else response.aiter_bytes():
        if isinstance(sound, Captioned):
            yield sound
            continue
        rest += sound
        whole = len(rest) & ~1
        if whole:
            yield rest[:whole]
        rest = rest[whole:]


async def _events(response: httpx.Response) -> AsyncGenerator[Sound]:
    async for line in _lines(response):
        data = line[5:].strip() if line.startswith(b"data:") else b""
        if data and data != b"[DONE]" and (sound := _event(data)):
            yield sound


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes]:
    """httpx's own are text: most of it is base64, and the parser takes bytes. A lone CR ends none."""
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
    yield rest


def _event(data: bytes) -> Sound | None:
    try:
        event = Event.model_validate_json(data)
        if event.type == "speech.audio.delta" and event.audio is not None:
            return pybase64.b64decode(event.audio, validate=True)
    except ValueError as error:
        raise EngineRefused(STAGE, f"an event that is no speech: {error}") from error
    match event.type:
        case "speech.words":
            return Captioned(tuple(word.as_word() for word in event.words))
        case "error" | "speech.audio.delta":
            raise EngineRefused(STAGE, f"an event that is no speech: {event.error}")
        case _:
            return None
