"""A voice, and another that speaks in its place where it cannot: in the same talk, before a first sound."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from realtime import metrics
from realtime.engines.protocols import Sound, Synthesizer
from realtime.errors import EngineError, EngineRefused

OVERLOADED = 429


class StandIn:
    """Each text is asked of `voice` first: it may be too slow to be live, overloaded, or just starting again.

    `speaker`: who speaks instead of a preset of Bark's; OpenAI's names mean something to both.
    """

    def __init__(self, voice: Synthesizer, other: Synthesizer, speaker: str) -> None:
        self._voice = voice
        self._other = other
        self._speaker = speaker

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        async with AsyncExitStack() as stack:
            try:
                spoken = self._voice.synthesize(text, voice=voice, speed=speed, due_ms=due_ms)
                sounds = await stack.enter_async_context(spoken)
            except EngineError as error:
                if not may_be_replaced(error):
                    raise
                metrics.stand_ins.labels(error.code).inc()
                name = self._speaker if "_speaker_" in voice else voice
                spoken = self._other.synthesize(text, voice=name, speed=speed, due_ms=due_ms)
                sounds = await stack.enter_async_context(spoken)
            yield sounds


def may_be_replaced(error: EngineError) -> bool:
    """Not where the request itself is wrong: another voice would not say it either."""
    if isinstance(error, EngineRefused) and error.status is not None:
        return error.status >= 500 or error.status == OVERLOADED
    return True
