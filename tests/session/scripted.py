"""Engines that do what a test says, when it says so, and count what of theirs is alive."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import numpy as np

from realtime.engines.protocols import (
    VOICE_RATE,
    Captioned,
    ChatEnded,
    ChatNews,
    ChatRequest,
    Hearing,
    Samples,
    Sound,
)
from realtime.errors import EngineError
from realtime.talk.tokens import Tokens
from realtime.talk.transcript import Transcript, Word

WORD_MS = 100
CLIP_MS = 305  # 300 ms of sound, and the edge by which it ends
STEP, MOST = 200, 160  # no call is so soft that it passes for silence


def heard(text: str, on_script: float | None = 0.9) -> Transcript:
    return Transcript(_words(text), on_script)


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, n * WORD_MS, (n + 1) * WORD_MS, 0.9) for n, word in enumerate(text.split()))


@dataclass(eq=False)
class Gate:
    """Work that reaches it waits until it is opened."""

    reached: anyio.Event = field(default_factory=anyio.Event)
    opened: anyio.Event = field(default_factory=anyio.Event)

    def open(self) -> None:
        self.opened.set()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.opened.wait()


Outcome = Transcript | Exception


class Ears:
    """A transcriber. What is heard comes from `finals` and `partials` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.finals: list[Outcome | Gate] = [heard("tea please")]
        self.partials: list[Outcome | Gate] = [Transcript()]
        self.asked: list[Hearing] = []
        self.alive = 0

    async def transcribe(self, hearing: Hearing) -> Transcript:
        self.asked.append(hearing)
        self.alive += 1
        try:
            outcomes = self.finals if hearing.kind == "final" else self.partials
            outcome = _next(outcomes)
            while isinstance(outcome, Gate):
                await outcome.pass_through()
                outcome = _next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        finally:
            self.alive -= 1


def _next(outcomes: list[Outcome | Gate]) -> Outcome | Gate:
    return outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]


@dataclass(frozen=True)
class Clip:
    """`steps` in order, an int being milliseconds of sound; `entering` comes before the stream begins,
    `leaving` before it is closed, even where it is cancelled. `hertz`: the sound is this tone."""

    steps: Sequence[int | Gate | EngineError] = (300,)
    entering: Gate | EngineError | None = None
    leaving: Gate | None = None
    hertz: float = 0


class Voice:
    """A synthesizer. `clips` is how each call goes, one after the other, the last one for ever.

    The sound of call n has the sample value n * STEP, so a test knows whose sound it hears.
    """

    def __init__(self) -> None:
        self.clips: list[Clip] = [Clip()]
        self.said: list[str] = []
        self.alive = 0

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        self.said.append(text)
        clip = self.clips.pop(0) if len(self.clips) > 1 else self.clips[0]
        self.alive += 1
        try:
            if clip.entering is not None:
                await _meet(clip.entering)
            yield self._sounds(clip, text, len(self.said))
        finally:
            if clip.leaving is not None:
                with anyio.move_on_after(5, shield=True):
                    await clip.leaving.pass_through()
            self.alive -= 1

    async def _sounds(self, clip: Clip, text: str, number: int) -> AsyncGenerator[Sound]:
        yield Captioned(_words(text))
        for step in clip.steps:
            if isinstance(step, int):
                sound = np.full(step * VOICE_RATE // 1000, min(number, MOST) * STEP, np.int16)
                yield (_tone(len(sound), clip.hertz) if clip.hertz else sound).tobytes()
            else:
                await _meet(step)


def _tone(samples: int, hertz: float) -> Samples:
    return (6000 * np.sin(2 * np.pi * hertz * np.arange(samples) / VOICE_RATE)).astype(np.int16)


Answer = Sequence[ChatNews | Gate | EngineError]


class Chat:
    """A chat model. `answers` is how each reply goes, one after the other, the last one for ever."""

    def __init__(self, tokens: int | None = None) -> None:
        self.tokens = tokens
        self.answers: list[Answer] = [("Of ", "course.", ChatEnded("stop", Tokens(3, 2)))]
        self.asked: list[ChatRequest] = []
        self.alive = 0

    @asynccontextmanager
    async def reply(self, request: ChatRequest) -> AsyncGenerator[AsyncIterator[ChatNews]]:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.alive += 1
        try:
            yield self._written(answer)
        finally:
            self.alive -= 1

    async def window(self) -> int | None:
        return self.tokens

    async def _written(self, answer: Answer) -> AsyncGenerator[ChatNews]:
        for step in answer:
            if isinstance(step, Gate | EngineError):
                await _meet(step)
            else:
                yield step


async def _meet(step: Gate | EngineError) -> None:
    if isinstance(step, EngineError):
        raise step
    await step.pass_through()
