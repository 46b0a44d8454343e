"""The three engine borders in one process, with scripted texts, delays and faults: for tests and benchmarks.

    python -m benchmarks.scripted_engines --port N [--transcript TEXT]... [--reply TEXT]... [--token-ms 10]

Serves `/v1/audio/transcriptions`, `/v1/chat/completions` and `/v1/audio/speech`. Transcripts and replies are
taken in order, over and over. Without replies the answer repeats what was said. `tool_choice: required` or a
last message that says "call NAME" is answered by calls of tools, with arguments that fit their schemas. The
output of a tool is read back. `POST /script` changes any field of Script while it runs; `GET /script` shows
them with counts. A request whose prompt holds a `scripted_hearing.Saying` is answered with as much of that as
its sound has voice for, in place of the next transcript.
"""

import argparse
import asyncio
import base64
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Literal, cast, get_args

import numpy as np
import uvicorn
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.scripted_hearing import heard, known, samples

RATE = 24_000
Json = dict[str, Any]
Fault = Literal[
    "", "refuse", "break", "stall"
]  # an HTTP 500; the stream breaks off midway; it goes on for ever


class Script(BaseModel):
    model_config = ConfigDict(extra="forbid")

    transcripts: list[str] = Field(default_factory=lambda: ["hello there"])
    replies: list[str] = Field(default_factory=list[str])
    word_score: float | None = None  # how surely each word was heard; None: the recogniser does not say
    recognition_ms: float = 80
    first_token_ms: float = 100
    token_ms: float = 10
    first_byte_ms: float = 100
    speech_rate: float = 10  # times real time
    word_ms: float = 300  # of synthesised speech
    recognition_fault: Fault = ""
    chat_fault: Fault = ""
    speech_fault: Fault = ""


class Engine:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.counts = {"recognised": 0, "chatted": 0, "spoken": 0, "open": 0}
        self.requests: list[Json] = []  # bodies of the last chat requests

    async def transcribe(self, request: Request) -> Response:
        form = await request.form()
        turn = self.counts["recognised"]
        if request.headers.get("x-tutor-kind") != "partial":
            self.counts["recognised"] += 1
        await asyncio.sleep(self.script.recognition_ms / 1000)
        if self.script.recognition_fault == "refuse":
            return _refusal()
        if self.script.recognition_fault == "stall":
            await asyncio.sleep(3600)
        prompt, file = form.get("prompt"), form.get("file")
        said = known(prompt) if isinstance(prompt, str) else None
        if said and isinstance(file, UploadFile):
            words = heard(*said, *samples(await file.read()))
            text = " ".join(word["word"] for word in words)
        else:
            text = self.script.transcripts[turn % len(self.script.transcripts)]
            words = [
                {"word": word, "start": n * 0.3, "end": n * 0.3 + 0.3, "score": self.script.word_score}
                for n, word in enumerate(text.split())
            ]
        verbose = form.get("response_format") == "verbose_json"
        return JSONResponse(
            {"text": text, **({"words": words, "duration": 0.3 * len(words)} if verbose else {})}
        )

    async def chat(self, request: Request) -> Response:
        body: Json = await request.json()
        self.requests = [*self.requests[-19:], body]
        if self.script.chat_fault == "refuse":
            return _refusal()
        return StreamingResponse(self._counted(self._chunks(body)), media_type="text/event-stream")

    async def speak(self, request: Request) -> Response:
        body: Json = await request.json()
        self.counts["spoken"] += 1
        if self.script.speech_fault == "refuse":
            return _refusal()
        sse = body.get("stream_format") == "sse"
        stream = self._speech_events(body["input"]) if sse else self._speech(body["input"])
        kind = "text/event-stream" if sse else "audio/pcm"
        return StreamingResponse(self._counted(stream), media_type=kind)

    async def show(self, request: Request) -> Response:
        return JSONResponse({**self.script.model_dump(), "counts": self.counts, "requests": self.requests})

    async def change(self, request: Request) -> Response:
        self.script = Script.model_validate({**self.script.model_dump(), **await request.json()})
        return await self.show(request)

    async def _counted(self, stream: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
        """`open` falls when a client closes its stream: that is the cancellation."""
        self.counts["open"] += 1
        try:
            async for chunk in stream:
                yield chunk
        finally:
            self.counts["open"] -= 1
            await stream.aclose()

    async def _chunks(self, body: Json) -> AsyncGenerator[bytes]:
        turn = self.counts["chatted"]
        self.counts["chatted"] += 1
        deltas, reason = _answer(self.script, turn, body)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        if limit is not None and len(deltas) > limit:
            deltas, reason = deltas[:limit], "length"
        await asyncio.sleep(self.script.first_token_ms / 1000)
        for at, delta in enumerate(deltas):
            if self.script.chat_fault and at == len(deltas) // 2:
                await _fail(self.script.chat_fault)
            yield _chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await asyncio.sleep(self.script.token_ms / 1000)
        yield _chunk({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        if (body.get("stream_options") or {}).get("include_usage"):
            asked = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
            usage = {
                "prompt_tokens": asked,
                "completion_tokens": len(deltas),
                "total_tokens": asked + len(deltas),
            }
            yield _chunk({"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    async def _speech(self, text: str) -> AsyncGenerator[bytes]:
        """A tone for each word, streamed at the script's speed."""
        await asyncio.sleep(self.script.first_byte_ms / 1000)
        words = text.split()
        for at, _ in enumerate(words):
            if self.script.speech_fault and at == len(words) // 2:
                await _fail(self.script.speech_fault)
            yield _tone(self.script.word_ms, 220 + 20 * (at % 8))
            await asyncio.sleep(self.script.word_ms / 1000 / self.script.speech_rate)

    async def _speech_events(self, text: str) -> AsyncGenerator[bytes]:
        word_s = self.script.word_ms / 1000
        words = [
            {"word": word, "start": n * word_s, "end": (n + 1) * word_s}
            for n, word in enumerate(text.split())
        ]
        yield _chunk({"type": "speech.words", "words": words})
        async for pcm in self._speech(text):
            yield _chunk({"type": "speech.audio.delta", "audio": _base64(pcm)})
        yield _chunk({"type": "speech.audio.done"})


def _answer(script: Script, turn: int, body: Json) -> tuple[list[Json], str]:
    """The deltas of a chat answer, and why it ends."""
    messages: list[Json] = body["messages"]
    tools: list[Json] = body.get("tools") or []
    wanted = _wanted_tools(messages, tools, body.get("tool_choice", "auto"))
    if wanted:
        return _calls(wanted), "tool_calls"
    last = messages[-1]
    if last["role"] == "tool":
        text = f"The answer is {last['content']}."
    elif script.replies:
        text = script.replies[turn % len(script.replies)]
    else:
        text = f"You said: {_text_of(last)}"
    return [{"content": word if at == 0 else f" {word}"} for at, word in enumerate(text.split())], "stop"


def _wanted_tools(messages: list[Json], tools: list[Json], choice: Any) -> list[Json]:
    functions: list[Json] = [tool["function"] for tool in tools]
    if choice == "none" or not functions:
        return []
    if isinstance(choice, dict):
        name = cast(Json, choice)["function"]["name"]
        return [function for function in functions if function["name"] == name]
    if choice == "required":
        return functions[:1]
    last = messages[-1]
    said = _text_of(last) if last["role"] == "user" else ""
    return [function for function in functions if f"call {function['name']}" in said]


def _calls(functions: list[Json]) -> list[Json]:
    """Streamed as servers do: the name first, then the arguments in pieces."""
    deltas: list[Json] = []
    for index, function in enumerate(functions):
        call_id = f"call_{time.monotonic_ns():x}_{index}"
        head = {"name": function["name"], "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": head}]})
        arguments = json.dumps(fitting(function.get("parameters") or {"type": "object"}))
        for at in range(0, len(arguments), 8):
            piece = {"arguments": arguments[at : at + 8]}
            deltas.append({"tool_calls": [{"index": index, "function": piece}]})
    return deltas


def fitting(schema: Json) -> Any:
    """A small value that fits a JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return fitting(schema[key][0])
    match schema.get("type"):
        case "string":
            return "Madrid"
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return float(schema.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            return [fitting(schema.get("items") or {"type": "string"})]
        case _:
            properties: Json = schema.get("properties") or {}
            required = schema.get("required") or list(properties)
            return {name: fitting(properties.get(name, {"type": "string"})) for name in required}


def _text_of(message: Json) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in cast(list[Json], content))


async def _fail(fault: Fault) -> None:
    if fault == "break":
        raise ConnectionAbortedError("the script breaks the stream off here")
    if fault == "stall":
        await asyncio.sleep(3600)


def _gone(request: Request, error: Exception) -> Response:
    """Nobody waits for the answer any more."""
    return Response(status_code=499)


def _refusal() -> Response:
    error = {"message": "the script refuses", "type": "server_error", "code": "scripted", "param": None}
    return JSONResponse({"error": error}, 500)


def _chunk(event: Json) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def _base64(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


def _tone(ms: float, hertz: float) -> bytes:
    at = np.arange(round(RATE * ms / 1000)) / RATE
    return (np.sin(2 * np.pi * hertz * at) * 6000).astype(np.int16).tobytes()


def create_app(script: Script) -> Starlette:
    engine = Engine(script)
    return Starlette(
        routes=[
            Route("/v1/audio/transcriptions", engine.transcribe, methods=["POST"]),
            Route("/v1/chat/completions", engine.chat, methods=["POST"]),
            Route("/v1/audio/speech", engine.speak, methods=["POST"]),
            Route("/script", engine.show, methods=["GET"]),
            Route("/script", engine.change, methods=["POST"]),
            Route("/healthz", engine.show),
        ],
        exception_handlers={ClientDisconnect: _gone},
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--transcript", action="append", dest="transcripts")
    parser.add_argument("--reply", action="append", dest="replies")
    for name, field in Script.model_fields.items():
        if field.annotation is float:
            parser.add_argument(f"--{name.replace('_', '-')}", type=float, dest=name)
        elif field.annotation is Fault:
            parser.add_argument(f"--{name.replace('_', '-')}", choices=get_args(Fault), dest=name)
    flags = vars(parser.parse_args())
    port = flags.pop("port")
    script = Script.model_validate({name: value for name, value in flags.items() if value is not None})
    uvicorn.run(create_app(script), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
