"""What the engines' HTTP clients share: failures as our errors."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from realtime.errors import EngineDown, EngineRefused, EngineTimeout


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
    raise EngineRefused(stage, f"HTTP {response.status_code}: {response.text[:300]}")
