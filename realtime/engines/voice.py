"""Synthesis over the OpenAI-compatible route: text up, PCM down as it is made.

Our own speech server streams server-sent events with the words' times; a stock server that answers with plain
audio is read as plain audio.
"""

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx

from realtime.engines.http import check, engine_errors
from realtime.engines.protocols import Captioned, Sound
from realtime.errors import EngineRefused
from realtime.settings import Engines
from realtime.talk.transcript import Word

STAGE = "speech"


class HttpSynthesizer:
    def __init__(self, client: httpx.AsyncClient, base_url: str, engines: Engines) -> None:
        self._client = client
        self._url = f"{base_url}/audio/speech"
        self._engines = engines

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
        }
        headers = {"X-Tutor-Due-Ms": str(due_ms), "Authorization": f"Bearer {self._engines.api_key}"}
        timeout = httpx.Timeout(self._engines.speech_stall_timeout_s)
        async with (
            engine_errors(STAGE),
            self._client.stream("POST", self._url, json=body, headers=headers, timeout=timeout) as response,
        ):
            await check(STAGE, response)
            async with aclosing(_sounds(response)) as sounds:
                yield sounds


async def _sounds(response: httpx.Response) -> AsyncGenerator[Sound]:
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        async for line in response.aiter_lines():
            if line.startswith("data:") and (sound := _event(line[5:].strip())):
                yield sound
        return
    rest = b""
    async for chunk in response.aiter_bytes():
        rest += chunk
        whole = len(rest) & ~1
        if whole:
            yield rest[:whole]
        rest = rest[whole:]


def _event(data: str) -> Sound | None:
    if data == "[DONE]":
        return None
    try:
        event: dict[str, Any] = json.loads(data)
        match event.get("type"):
            case "speech.audio.delta":
                return base64.b64decode(event["audio"])
            case "speech.words":
                return Captioned(tuple(_word(word) for word in event["words"]))
            case "error":
                raise EngineRefused(STAGE, str(event.get("error")))
            case _:
                return None
    except (KeyError, TypeError, ValueError) as error:
        raise EngineRefused(STAGE, f"an event that is no speech: {error!r}") from error


def _word(word: dict[str, Any]) -> Word:
    return Word(word["word"], round(word["start"] * 1000), round(word["end"] * 1000))
