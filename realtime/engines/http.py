"""What the engines' HTTP clients share: failures as our errors, and words as servers give them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from realtime.errors import EngineDown, EngineRefused, EngineTimeout
from realtime.talk.transcript import Word


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


@asynccontextmanager
async def engine_errors(stage: str) -> AsyncGenerator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise EngineTimeout(stage, type(error).__name__) from error
    except httpx.HTTPError as error:
        raise EngineDown(stage, f"{type(error).__name__}: {error}") from error


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
