"""What a talk needs of its engines, and no more."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.talk.tokens import Tokens
from realtime.talk.transcript import Transcript, Word

Samples = NDArray[np.int16]
SAMPLE_RATE = 16_000  # of audio to be recognised
VOICE_RATE = 24_000  # of synthesised audio


@dataclass(frozen=True, slots=True)
class Hearing:
    """One piece of audio to recognise: int16 [n] at 16 kHz.

    `prompt`: what the utterance said before this audio. `languages`: what may be spoken, the likeliest first.
    """

    audio: Samples
    kind: Literal["partial", "final"]
    expected: tuple[str, ...] = ()
    due_ms: int = 0
    prompt: str = ""
    languages: tuple[str, ...] = ("en",)


class Transcriber(Protocol):
    async def transcribe(self, hearing: Hearing) -> Transcript:
        """Raises EngineError. Cancelling stops the work."""
        ...


@dataclass(frozen=True, slots=True)
class Captioned:
    """Words of the clip with their times, as soon as they are known."""

    words: tuple[Word, ...]


Sound = bytes | Captioned  # PCM16 mono at VOICE_RATE, in whole samples


class Synthesizer(Protocol):
    def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AbstractAsyncContextManager[AsyncIterator[Sound]]:
        """Leaving the block stops the work. Raises EngineError, on entering or while it is read."""
        ...


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`messages` and `tools` in the form of OpenAI's chat completions."""

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: str | dict[str, Any] = "auto"
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CallDelta:
    """More of the function call number `index`; its id and name come with the first piece."""

    index: int
    call_id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatEnded:
    """`usage`: None where the server does not count."""

    reason: Literal["stop", "length"]
    usage: Tokens | None = None


ChatNews = str | CallDelta | ChatEnded


class ChatModel(Protocol):
    def reply(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ChatNews]]:
        """Leaving the block ends the generation. Raises EngineError, on entering or while it is read."""
        ...

    async def window(self) -> int | None:
        """How many tokens prompt and answer share; None where nobody says. Raises EngineError."""
        ...
