"""What can be asked for: `GET /v1/models` in OpenAI's form, and `GET /v1/audio/voices`, an extension."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gpu.engines import Engines


async def models(request: Request) -> Response:
    engines: Engines = request.app.state.engines
    names = [*(voice.model for voice in engines.voices), engines.hears]
    return _listed(
        [{"id": name, "object": "model", "created": 0, "owned_by": "atom-tutor"} for name in names]
    )


async def voices(request: Request) -> Response:
    engines: Engines = request.app.state.engines
    return _listed(
        [
            {"id": name, "object": "voice", "model": voice.model}
            for voice in engines.voices
            for name in await voice.voices()
        ]
    )


def _listed(data: list[dict[str, Any]]) -> Response:
    return JSONResponse({"object": "list", "data": data})
