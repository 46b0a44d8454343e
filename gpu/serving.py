"""What the routes share: errors as OpenAI's clients expect them, and work that ends with its request."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import anyio
from anyio import CancelScope
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from gpu import metrics
from gpu.errors import ApiError, BadRequest, TooLarge
from gpu.workers import Rank

LATEST_DUE_MS = 60_000
Asked = TypeVar("Asked")


def error_response(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), error.status)


async def refused(_: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such route, a broken form) in the same form as ours."""
    assert isinstance(error, HTTPException)
    return error_response(ApiError(error.status_code, "invalid_request", str(error.detail)))


async def failed(_: Request, error: Exception) -> Response:
    return error_response(ApiError(500, "internal_error", type(error).__name__))


async def answer(
    request: Request, read: Callable[[], Awaitable[Asked]], work: Callable[[Asked], Awaitable[Response]]
) -> Response:
    """What the work makes of what was read; cancelled when the client leaves."""
    response = Response(status_code=499)  # seen by nobody but the metrics
    try:
        asked = await read()
        async with anyio.create_task_group() as tasks:
            # Not before all is read: news of the client's leaving comes on the same line as the body.
            tasks.start_soon(_cancel_when_closed, request.receive, tasks.cancel_scope, request.url.path)
            response = await _worked(work, asked)
            tasks.cancel_scope.cancel()
    except ClientDisconnect:
        metrics.CLOSED.labels(request.url.path).inc()
    except ApiError as error:
        return error_response(error)
    return response


async def _worked(work: Callable[[Asked], Awaitable[Response]], asked: Asked) -> Response:
    try:
        return await work(asked)
    except ApiError as error:
        return error_response(error)


class Stream(Response):
    """Chunks as they are made; their generator, and what it reads, are closed when the client leaves."""

    def __init__(self, chunks: AsyncGenerator[bytes], media_type: str, source: AsyncGenerator[Any]) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self._chunks = chunks
        self._source = source  # a generator that was never begun closes nothing
        self.init_headers({"cache-control": "no-cache"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks, aclosing(self._source), aclosing(self._chunks):
            tasks.start_soon(_cancel_when_closed, receive, tasks.cancel_scope, scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()


async def _cancel_when_closed(receive: Receive, scope: CancelScope, route: str) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    metrics.CLOSED.labels(route).inc()
    scope.cancel()


def bounded(request: Request, limit_bytes: int) -> Request:
    """The same request, whose body raises TooLarge beyond the limit."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit_bytes:
            await _discard(request.receive, 3 * limit_bytes)
            raise TooLarge(limit_bytes)
        return message

    return Request(request.scope, receive)


async def _discard(receive: Receive, most_bytes: int) -> None:
    """A client still sending would see a broken pipe instead of the answer, so most of the rest is read."""
    more = True
    while more and most_bytes > 0:
        message = await receive()
        most_bytes -= len(message.get("body", b""))
        more = message.get("more_body", False)


def rank_of(request: Request, default_due_ms: int) -> Rank:
    kind = request.headers.get("x-tutor-kind", "final")
    if kind not in ("partial", "final"):
        raise BadRequest("invalid_header", "X-Tutor-Kind is neither partial nor final.", "X-Tutor-Kind")
    try:
        due_ms = int(request.headers.get("x-tutor-due-ms", default_due_ms))
    except ValueError as error:
        raise BadRequest("invalid_header", "X-Tutor-Due-Ms is no whole number.", "X-Tutor-Due-Ms") from error
    return Rank.of(partial=kind == "partial", due_ms=min(max(due_ms, 0), LATEST_DUE_MS))
