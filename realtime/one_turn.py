"""`POST /v1/turn`: one spoken turn in one call. What is wrong is told with its status, before any answer."""

import json
from collections.abc import AsyncGenerator, Mapping
from itertools import count
from typing import Annotated, Any, Literal
from urllib.parse import quote

import anyio
from anyio import CancelScope
from pydantic import Field, Json, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from realtime import metrics
from realtime.admission import failure
from realtime.engines.protocols import VOICE_RATE
from realtime.engines.recording import Listener, Recording
from realtime.errors import EngineError, EngineRefused, EngineTimeout, LinkClosed, ProtocolError
from realtime.protocol.config import Config, Tree, merged
from realtime.session.one_turn import Brought, History, OneTurn, coded, enrolled, to_wav
from realtime.session.session import Engines
from realtime.settings import Settings
from realtime.tutor.lesson import Lesson
from realtime.tutor.persona import Level, MotherTongue, persona
from realtime.wire.codec import encode
from realtime.wire.model import Wire
from realtime.wire.server_events import ServerEvent

Form = Literal["wav", "pcm"]
SMALL_FIELDS = 512 * 2**10  # beside the file: a history of some hundred turns
UPLOAD_S = 60  # for a phone on a slow line; a place is kept for no longer
_RECORDED = (
    *("audio/", "video/webm", "video/mp4", "video/3gpp", "video/quicktime"),
    *("application/ogg", "application/octet-stream"),
)
_STATUS = {
    "upload_timeout": 408,
    "audio_too_large": 413,
    "unsupported_media_type": 415,
    "no_speech": 422,
    "too_many_turns": 429,
}
Fields = Mapping[str, str]


class Asks(Wire):
    """What is asked beside the recording; all of it may be left out."""

    lesson: str | None = None
    level: Level | None = None
    mother_tongue: MotherTongue | None = None
    voice: str | None = None
    speed: Annotated[float, Field(ge=0.25, le=1.5)] | None = None
    history: Json[History] = History()
    response_format: Form = "wav"


class Turns:
    """What the route works with. `places`: so many turns are spoken at a time, and the others come again."""

    def __init__(
        self, settings: Settings, engines: Engines, listener: Listener, lessons: Mapping[str, Lesson]
    ) -> None:
        self.settings = settings
        self.places = anyio.CapacityLimiter(settings.limits.turns)
        self._engines = engines
        self._listener = listener
        self._lessons = lessons

    def answer(self, start: Config) -> Response:
        """`start`: how this client's talks begin."""
        return Answer(self, start)

    def open(self, start: Config, recording: Recording, asks: Asks) -> OneTurn:
        """Raises ProtocolError for what cannot be."""
        settings, talk = self.settings, self.settings.talk
        level, tongue = asks.level or talk.level, asks.mother_tongue or talk.mother_tongue
        named = (start.prompt or {}).get("id")
        first = named if isinstance(named, str) and named in self._lessons else settings.first_lesson
        brought = Brought(recording, tuple(dict.fromkeys(("en", tongue))), asks.lesson, asks.history)
        course = enrolled(self._lessons, first, brought)
        if course.lesson is None and self._engines.chat is None:
            raise ProtocolError("no_chat_model", "free talk needs a chat server", param="lesson")
        own = start.instructions == persona(talk.level, talk.mother_tongue)
        changes: Tree = {
            "type": "realtime",
            "instructions": persona(level, tongue) if own else start.instructions,
            "output_modalities": ["audio"],
            "audio": {"output": _output(start, asks)},
            "tools": [],
            "tool_choice": "auto",
        }
        config = merged(start.model_copy(update={"type": "realtime"}), changes, tutor=False, root="turn")
        spoken_tokens = settings.engines.chat_max_tokens
        return OneTurn(self._engines, self._listener, course, config, brought, spoken_tokens)


def _output(start: Config, asks: Asks) -> Tree:
    """The audio of a turn is as the voice makes it, whatever the client's talks have."""
    output = start.audio.output
    return {
        "format": {"type": "audio/pcm", "rate": VOICE_RATE},
        "voice": asks.voice or output.voice,
        "speed": asks.speed or output.speed,
    }


class Answer(Response):
    """It reads its request itself, in a place of its own, and whatever is under way ends with its client."""

    def __init__(self, turns: Turns, start: Config) -> None:
        super().__init__()
        self._turns = turns
        self._start = start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._placed(Request(scope, receive), send)
        if answer is not None:
            await answer(scope, receive, send)

    async def _placed(self, request: Request, send: Send) -> Response | None:
        places = self._turns.places
        try:
            places.acquire_on_behalf_of_nowait(self)
        except anyio.WouldBlock:
            message = f"{round(places.total_tokens)} turns are being spoken already"
            return _refusal(ProtocolError("too_many_turns", message))
        try:
            return await self._made(request, send)
        except ProtocolError as error:
            return _refusal(error)
        except ClientDisconnect:
            return None
        finally:
            places.release_on_behalf_of(self)

    async def _made(self, request: Request, send: Send) -> Response | None:
        """None: it has been streamed, or nobody is there any more. Raises ProtocolError."""
        limits = self._turns.settings.limits
        recording, fields = await _read(request, limits.turn_bytes)
        asks = _asks(fields)
        turn = self._turns.open(self._start, recording, asks)
        wanted = request.headers.get("accept", "")
        stream = Stream(send, limits.send_s) if "text/event-stream" in wanted else None
        answer: Response | None = None
        async with anyio.create_task_group() as tasks:
            # Not before all is read: news of the client's leaving comes on the same line as the body.
            tasks.start_soon(_cancel_when_closed, request.receive, tasks.cancel_scope)
            answer = await _spoken(turn, stream)
            if answer is None and stream is None:
                answer = _whole(turn, asks.response_format, wanted)
            tasks.cancel_scope.cancel()
        return answer


async def _spoken(turn: OneTurn, stream: "Stream | None") -> Response | None:
    """Speak the turn. An answer where nothing came of it."""
    try:
        await turn.run(stream.tell if stream else _tell_nobody)
        if stream:
            await stream.tell(turn.done())
            await stream.end()
    except ProtocolError as error:
        return _refusal(error)
    except EngineError as error:
        metrics.engine_errors.labels(error.stage, error.code).inc()
        return _failed(error)
    except LinkClosed:
        pass
    return None


async def _tell_nobody(event: ServerEvent) -> None:
    """Whoever waits for the whole is told at the end."""


class Stream:
    """Server-sent events. It begins with the first of them, so what fails before has its status."""

    def __init__(self, send: Send, patience_s: float) -> None:
        self._send = send
        self._patience_s = patience_s
        self._numbers = count(1)
        self._begun = False

    async def tell(self, event: ServerEvent) -> None:
        """Raises LinkClosed when the client takes nothing any more."""
        if not self._begun:
            self._begun = True
            headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
            await self._put({"type": "http.response.start", "status": 200, "headers": headers})
        data = encode(event, f"event_{next(self._numbers)}")
        kind = event.model_dump(include={"type"})["type"]
        await self._put({"type": "http.response.body", "body": _frame(kind, data), "more_body": True})

    async def end(self) -> None:
        await self._put({"type": "http.response.body", "body": b"", "more_body": False})

    async def _put(self, message: Message) -> None:
        with anyio.move_on_after(self._patience_s) as waited:
            await self._send(message)
        if waited.cancelled_caught:
            raise LinkClosed("the client takes nothing")


def _frame(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()


# what is asked


async def _read(request: Request, limit_bytes: int) -> tuple[Recording, Fields]:
    """Nothing of it touches the disk. Raises ProtocolError, ClientDisconnect."""
    kind = request.headers.get("content-type", "")
    with anyio.move_on_after(UPLOAD_S):
        if kind.startswith("multipart/form-data"):
            return await _form(request, limit_bytes)
        if not kind.startswith(_RECORDED):
            message = f"{kind or 'no content type'}: send a form with `file`, or a recording by its own type"
            raise ProtocolError("unsupported_media_type", message, param="content-type")
        body = b"".join([chunk async for chunk in _bounded(request, limit_bytes)])
        return _recording(body, kind), dict(request.query_params)
    raise ProtocolError("upload_timeout", f"the recording did not come within {UPLOAD_S} s")


class InMemory(MultiPartParser):
    """Starlette's own moves a larger file to the disk."""

    spool_max_size = 2**30


async def _form(request: Request, limit_bytes: int) -> tuple[Recording, Fields]:
    body = _bounded(request, limit_bytes)
    parser = InMemory(request.headers, body, max_files=1, max_fields=20, max_part_size=SMALL_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ProtocolError("invalid_value", error.message, param="body") from error
    file = form.get("file")
    content, kind = b"", None
    if isinstance(file, UploadFile):
        content, kind = await file.read(), file.content_type
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    await form.close()
    return _recording(content, kind or "application/octet-stream"), fields


def _recording(file: bytes, kind: str) -> Recording:
    if not file:
        raise ProtocolError("missing_audio", "there is no recording in `file`", param="file")
    return Recording(file, kind)


async def _bounded(request: Request, limit_bytes: int) -> AsyncGenerator[bytes]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        # A client still sending would see a broken pipe instead of the answer, so some of the rest is read.
        if received > 4 * limit_bytes:
            break
        if received <= limit_bytes:
            yield chunk
    if received > limit_bytes:
        raise ProtocolError("audio_too_large", f"the upload is larger than {limit_bytes} bytes", param="file")


def _asks(fields: Fields) -> Asks:
    try:
        # An empty field of a form is one that was not filled in; an empty lesson is free talk.
        return Asks.model_validate({name: text for name, text in fields.items() if text or name == "lesson"})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(step) for step in first["loc"])
        raise ProtocolError("invalid_value", f"{name}: {first['msg']}", param=name) from error


# what is answered


def _whole(turn: OneTurn, form: Form, wanted: str) -> Response:
    return _audio(turn, form) if "audio/" in wanted else _json(turn, form)


def _json(turn: OneTurn, form: Form) -> Response:
    """A part of an answer says so by its status, and is there all the same."""
    body = {**turn.done().model_dump(mode="json", exclude={"type", "event_id"}), **_speech(turn, form)}
    if turn.error is None:
        return JSONResponse(body)
    told = json.loads(bytes(_failed(turn.error).body))
    return JSONResponse({**told, **body}, _status(turn.error))


def _speech(turn: OneTurn, form: Form) -> dict[str, Any]:
    return {"speech": coded(bytes(turn.pcm), form) if turn.pcm else None}


def _audio(turn: OneTurn, form: Form) -> Response:
    """The texts go along in headers, percent-encoded."""
    if turn.error is not None:
        return _failed(turn.error)
    done, pcm = turn.done(), bytes(turn.pcm)
    headers = {"Tutor-Input-Text": quote(done.input_text), "Tutor-Response-Text": quote(done.response_text)}
    kind = "audio/wav" if form == "wav" else "audio/pcm"
    return Response(to_wav(pcm) if form == "wav" else pcm, media_type=kind, headers=headers)


def _refusal(error: ProtocolError) -> Response:
    metrics.client_errors.labels(error.code).inc()
    answer = failure(_STATUS.get(error.code, 400), error.code, str(error), error.param)
    if error.code == "too_many_turns":
        answer.headers["retry-after"] = "2"
    return answer


def _failed(error: EngineError) -> Response:
    """An engine has failed; one that cannot read the file leaves the fault with whoever sent it."""
    status = _status(error)
    if status == 400:
        return failure(400, "invalid_audio", str(error), "file")
    return JSONResponse(
        {"error": {"message": str(error), "type": "server_error", "code": error.code, "param": None}}, status
    )


def _status(error: EngineError) -> int:
    if isinstance(error, EngineTimeout):
        return 504
    refusal = error.status if isinstance(error, EngineRefused) else None
    if refusal == 429:
        return 429
    return 400 if error.stage == "recognition" and refusal in (400, 413, 415, 422) else 502


async def _cancel_when_closed(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
