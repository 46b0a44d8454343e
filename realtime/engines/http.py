"""What the engines' HTTP clients share: failures as our errors, and words as servers give them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel, ConfigDict, ValidationError

from realtime.errors import EngineDown, EngineRefused, EngineTimeout
from realtime.talk.transcript import Word

KEPT_S = 2  # an idle connection: uvicorn closes it after 5 s, and a request on its way then is lost
NO_LIMIT = 0  # as aiohttp has it; None would be a hundred


class Answer(BaseModel):
    """What an engine sends; what we do not know of it is left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class TimedWord(Answer):
    """Times in seconds."""

    word: str
    start: float
    end: float
    score: float | None = None

    def as_word(self) -> Word:
        return Word(self.word.strip(), round(self.start * 1000), round(self.end * 1000), self.score)


def engine_client() -> httpx.AsyncClient:
    """For as many talks as there are. aiohttp carries it, at half of what httpx's own transport costs."""
    limits = httpx.Limits(max_connections=NO_LIMIT, keepalive_expiry=KEPT_S)
    return httpx.AsyncClient(transport=_Transport(limits=limits))


class _Transport(AiohttpTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except aiohttp.ClientError as error:  # it knows none of httpx's for an answer that is no HTTP
            raise httpx.RemoteProtocolError(str(error)) from error


@asynccontextmanager
async def engine_errors(stage: str) -> AsyncGenerator[None]:
    try:
        yield
    except httpx.ConnectTimeout as error:  # or the connection was lost: the transport tells them not apart
        raise EngineDown(stage, f"no connection: {error}") from error
    except httpx.TimeoutException as error:
        raise EngineTimeout(stage, type(error).__name__) from error
    except httpx.HTTPError as error:
        raise EngineDown(stage, f"{type(error).__name__}: {error}") from error


@asynccontextmanager
async def streamed(
    client: httpx.AsyncClient, url: str, body: Any, headers: dict[str, str], patience: httpx.Timeout
) -> AsyncGenerator[httpx.Response]:
    """The answer, read as it comes. Leaving the block closes the stream, and that ends the work on it."""
    async with client.stream("POST", url, json=body, headers=headers, timeout=patience) as response:
        try:
            yield response
        finally:
            await response.aclose()
            untie(response)


def untie(response: httpx.Response) -> None:
    """Of an answer that is read. It and its stream hold each other, and what the learner said, until the
    collector comes; a server whose start is frozen waits long for it."""
    response.stream = httpx.ByteStream(b"")


async def check(stage: str, response: httpx.Response) -> None:
    """Raises EngineRefused with what the engine said."""
    if response.is_success:
        return
    await response.aread()
    status = response.status_code
    raise EngineRefused(stage, f"HTTP {status}: {_said(response)[:300]}", status)


class _Reason(Answer):
    message: str


class _Refusal(Answer):
    error: _Reason


def _said(response: httpx.Response) -> str:
    try:
        return _Refusal.model_validate_json(response.content).error.message
    except ValidationError:
        return response.text
