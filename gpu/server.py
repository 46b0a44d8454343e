"""The speech server's application: routes, health, metrics, and the engines that live as long as it does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gpu import metrics
from gpu.bark_voice import Bark
from gpu.catalogue import models, voices
from gpu.engines import Engines, Whisper
from gpu.serving import failed, refused
from gpu.speech import speech
from gpu.transcriptions import transcriptions

START_LIMIT_S = 15
ROUTES = [
    Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]),
    Route("/v1/audio/speech", speech, methods=["POST"]),
    Route("/v1/audio/voices", voices),
    Route("/v1/models", models),
]


def create_app(
    workers: int | None = None, whisper: Whisper | None = None, bark: Bark | None = None
) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        app.state.engines = Engines(workers, whisper, bark)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.state.engines.run)
            # Listening means able to work; engines that cannot start are for /healthz to report.
            with anyio.move_on_after(START_LIMIT_S):
                await app.state.engines.wait_ready()
            yield
            tasks.cancel_scope.cancel()

    app = Starlette(
        routes=[*ROUTES, Route("/healthz", healthz), Route("/metrics", show_metrics)],
        lifespan=lifespan,
        exception_handlers={HTTPException: refused, Exception: failed},
    )
    app.add_middleware(Counted)
    return app


async def healthz(request: Request) -> Response:
    engines: Engines = request.app.state.engines
    missing = engines.missing
    if missing:
        reason = f"no process is ready for: {', '.join(missing)}"
        return JSONResponse({"status": "unavailable", "reason": reason}, 503)
    well = {
        "status": "ok",
        "engines": {"recognition": engines.hears, "speech": engines.voices[0].model},
        "live_voice": engines.voices[0].model,
    }
    if engines.bark and engines.bark.fault:
        well |= {"status": "degraded", "reason": f"Bark does not start: {engines.bark.fault}"}
    elif engines.bark and engines.bark.too_slow:
        well |= {"live_voice": engines.espeak.model, "reason": engines.bark.too_slow}
    return JSONResponse(well)


async def show_metrics(_: Request) -> Response:
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


class Counted:
    """Counts requests by route and status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known = {route.path for route in ROUTES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._known:
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.REQUESTS.labels(scope["path"], str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counted)
