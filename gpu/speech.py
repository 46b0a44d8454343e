"""`POST /v1/audio/speech`: text in, sound out as it is made, with the words' times if asked for as events."""

import base64
import io
import json
import time
import wave
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from gpu import metrics
from gpu.engines import Engines
from gpu.errors import ApiError, BadRequest
from gpu.serving import Stream, answer, bounded, rank_of
from gpu.voices import SAMPLE_RATE, Line, Sound, Voice, Words

LARGEST_BODY_BYTES = 64 * 2**10
LONGEST_TEXT = 4096
DUE_MS = 500


class Asked(BaseModel):
    """OpenAI's fields, and those of Bark: `seed`, `mode`, and `check` by the recogniser."""

    input: str = Field(max_length=LONGEST_TEXT)
    model: str = ""
    voice: str | dict[str, Any] = "alloy"
    response_format: Literal["pcm", "wav"] = "wav"
    speed: float = Field(default=1, ge=0.25, le=4, allow_inf_nan=False)
    stream_format: Literal["audio", "sse"] = "audio"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    mode: Literal["stream", "exact"] = "stream"
    check: bool = False


async def speech(request: Request) -> Response:
    engines: Engines = request.app.state.engines

    async def read() -> Asked:
        return _parse(await bounded(request, LARGEST_BODY_BYTES).body())

    async def work(asked: Asked) -> Response:
        voice = engines.voice_of(asked.model)
        sounds = _measured(voice, _line(asked, request))
        # Nothing is answered before there is some sound, so that an unknown voice still has its own status.
        first = await anext(sounds, b"")
        if asked.stream_format == "sse":
            return Stream(_events(first, sounds), "text/event-stream", sounds)
        if asked.response_format == "pcm":
            return Stream(_plain(first, sounds), "audio/pcm", sounds)
        pcm = b"".join([chunk async for chunk in _plain(first, sounds)])
        return Response(_wav(pcm), media_type="audio/wav")

    return await answer(request, read, work)


def _line(asked: Asked, request: Request) -> Line:
    return Line(
        asked.input,
        str(asked.voice),
        rank_of(request, DUE_MS),
        speed=asked.speed,
        seed=asked.seed,
        exact=asked.mode == "exact" or asked.check,
        checked=asked.check,
        live=request.headers.get("x-tutor-live") == "1",
    )


async def _measured(voice: Voice, line: Line) -> AsyncGenerator[Sound]:
    asked_at, begun = time.monotonic(), False
    async with aclosing(voice.say(line)) as sounds:
        async for sound in sounds:
            if isinstance(sound, bytes):
                if not begun:
                    begun = True
                    metrics.FIRST_SOUND.labels(voice.model).observe(time.monotonic() - asked_at)
                metrics.SPEECH_SECONDS.inc(len(sound) / 2 / SAMPLE_RATE)
            yield sound


def _parse(body: bytes) -> Asked:
    try:
        asked = Asked.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join(str(place) for place in first["loc"])
        raise BadRequest("invalid_request", f"{param}: {first['msg']}", param) from error
    if not asked.input.strip():
        raise BadRequest("empty_input", "There is nothing to say in `input`.", "input")
    if (
        asked.stream_format == "sse"
        and asked.response_format == "wav"
        and "response_format" in asked.model_fields_set
    ):
        raise BadRequest("unknown_format", "Events carry pcm, not wav.", "response_format")
    return asked


async def _plain(first: Sound, rest: AsyncGenerator[Sound]) -> AsyncGenerator[bytes]:
    if isinstance(first, bytes):
        yield first
    async for sound in rest:
        if isinstance(sound, bytes):
            yield sound


async def _events(first: Sound, rest: AsyncGenerator[Sound]) -> AsyncGenerator[bytes]:
    yield _told(first)
    try:
        async for sound in rest:
            yield _told(sound)
    except ApiError as error:
        yield _event({"type": "error", **error.body()})
        return
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}  # no engine here counts tokens
    yield _event({"type": "speech.audio.done", "usage": usage})


def _told(sound: Sound) -> bytes:
    if isinstance(sound, Words):
        return _event({"type": "speech.words", "words": sound.words})
    return _event({"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(pcm)
    return file.getvalue()
