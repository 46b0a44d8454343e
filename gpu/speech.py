"""`POST /v1/audio/speech`: text in, sound out as it is made, with the words' times if asked for as events."""

import base64
import io
import json
import wave
from collections.abc import AsyncGenerator
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from gpu import metrics
from gpu.engines import Clip, Engines, in_pieces
from gpu.errors import BadRequest
from gpu.serving import Stream, answer, bounded, rank_of
from gpu.workers import Rank

SAMPLE_RATE = 24_000
LARGEST_BODY_BYTES = 64 * 2**10
LONGEST_TEXT = 4096
CHUNK_BYTES = SAMPLE_RATE * 2 // 5  # 200 ms: small enough to start at once, large enough to be cheap
DUE_MS = 500


class Asked(BaseModel):
    input: str = Field(max_length=LONGEST_TEXT)
    voice: str | dict[str, Any] = "alloy"
    response_format: Literal["pcm", "wav"] = "wav"
    speed: float = Field(default=1, ge=0.25, le=4, allow_inf_nan=False)
    stream_format: Literal["audio", "sse"] = "audio"


class Speaker:
    """One request's text, spoken piece after piece."""

    def __init__(self, engines: Engines, asked: Asked, rank: Rank) -> None:
        self._engines = engines
        self.asked = asked
        self._rank = rank
        self._pieces = in_pieces(asked.input)

    async def clips(self) -> AsyncGenerator[Clip]:
        for piece in self._pieces:
            clip = await self._engines.speak(piece, str(self.asked.voice), self.asked.speed, self._rank)
            metrics.SPEECH_SECONDS.inc(len(clip.pcm) / 2 / SAMPLE_RATE)
            yield clip


async def speech(request: Request) -> Response:
    engines: Engines = request.app.state.engines

    async def read() -> Speaker:
        asked = _parse(await bounded(request, LARGEST_BODY_BYTES).body())
        return Speaker(engines, asked, rank_of(request, DUE_MS))

    async def work(speaker: Speaker) -> Response:
        asked, clips = speaker.asked, speaker.clips()
        # The first piece is made before the answer begins, so that an unknown voice still has its own status.
        first = await anext(clips)
        if asked.stream_format == "sse":
            return Stream(_events(first, clips), "text/event-stream")
        if asked.response_format == "pcm":
            return Stream(_plain(first, clips), "audio/pcm")
        return Response(
            _wav(first.pcm + b"".join([clip.pcm async for clip in clips])), media_type="audio/wav"
        )

    return await answer(request, read, work)


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


async def _plain(first: Clip, rest: AsyncGenerator[Clip]) -> AsyncGenerator[bytes]:
    for chunk in _chunks(first.pcm):
        yield chunk
    async for clip in rest:
        for chunk in _chunks(clip.pcm):
            yield chunk


async def _events(first: Clip, rest: AsyncGenerator[Clip]) -> AsyncGenerator[bytes]:
    said_s = 0.0
    clip: Clip | None = first
    while clip:
        yield _event({"type": "speech.words", "words": [_later(word, said_s) for word in clip.words]})
        for chunk in _chunks(clip.pcm):
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()})
        said_s += len(clip.pcm) / 2 / SAMPLE_RATE
        clip = await anext(rest, None)
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}  # this engine counts no tokens
    yield _event({"type": "speech.audio.done", "usage": usage})


def _later(word: dict[str, Any], offset_s: float) -> dict[str, Any]:
    return {
        "word": word["word"],
        "start": round(word["start"] + offset_s, 3),
        "end": round(word["end"] + offset_s, 3),
    }


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _chunks(pcm: bytes) -> list[bytes]:
    return [pcm[start : start + CHUNK_BYTES] for start in range(0, len(pcm), CHUNK_BYTES)]


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(pcm)
    return file.getvalue()
