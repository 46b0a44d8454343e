"""Bark as a voice: its clips guarded, trimmed, evened, and their words timed."""

import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import gpu
from gpu import metrics
from gpu.bark.clip import Fault, Take, timed
from gpu.bark.sentences import pieces, word_errors, words_of
from gpu.bark_process import BarkProcess, Greeting, due_ms
from gpu.embedded.names import OPENAI_VOICES
from gpu.errors import ApiError, BadRequest, WorkerLost
from gpu.pipe import Head
from gpu.voices import SAMPLE_RATE, Line, Sound, Words, later

VOICES_ROUTE = "/v1/audio/voices"
JOBS_PER_SLOT = 4  # those that wait for a slot are only as late as they would be elsewhere
MOST_WORD_ERRORS = 0.34  # one word in three: recognisers err too

Listen = Callable[[bytes, Line], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Bark:
    """Which Bark speaks, on what, and whether to learners who wait for it."""

    model: Path  # a folder
    python: Path  # of the environment that has torch
    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "float16", "bfloat16"] = "float32"
    slots: int = 4  # sentences at once
    live: Literal["auto", "always"] = "auto"  # auto: where it is faster than real time

    @property
    def command(self) -> list[str]:
        flags = ["--model", str(self.model), "--device", self.device, "--precision", self.precision]
        return [str(self.python), "-m", "gpu.bark.process", *flags, "--slots", str(self.slots)]

    @property
    def environment(self) -> dict[str, str]:
        """Its Python finds the package where this one did."""
        return {"PYTHONPATH": str(Path(str(gpu.__file__)).parents[1])}


class NotLive(ApiError):
    def __init__(self, reason: str) -> None:
        super().__init__(503, "voice_too_slow", reason)


class NotStarting(ApiError):
    def __init__(self, fault: str) -> None:
        super().__init__(503, "engine_failed", f"Bark does not start: {fault}")


class NothingSaid(ApiError):
    def __init__(self) -> None:
        super().__init__(503, "nothing_said", "Bark made no sound of this text, twice.")


class BarkVoice:
    """`listen`: the words of a clip, by the recogniser."""

    def __init__(self, process: BarkProcess, listen: Listen, *, live: Literal["auto", "always"]) -> None:
        self._process = process
        self._listen = listen
        self._live = live
        self._levels: dict[str, float] = {}  # of each voice's last clip, in decibels

    @property
    def model(self) -> str:
        return self._process.greeting.model if self._process.greeting else "bark"

    async def voices(self) -> tuple[str, ...]:
        return self._process.greeting.voices if self._process.greeting else ()

    @property
    def fault(self) -> str:
        """Why it cannot speak at all, as far as that is no passing thing; "" where it can."""
        return self._process.fault

    @property
    def too_slow(self) -> str:
        """Why it is no voice for live talk; "" where it is one, or cannot be told yet."""
        greeting = self._process.greeting
        if greeting is None or self._live == "always" or greeting.realtime_factor < 1:
            return ""
        return (
            f"{greeting.model} takes {greeting.realtime_factor:.1f} s for a second of speech here: "
            "too slow to talk with. It still speaks where nobody waits for it."
        )

    async def say(self, line: Line) -> AsyncGenerator[Sound]:
        greeting = self._greeting(line)
        voice = preset(line.voice, greeting.voices, greeting.refused)
        said_s, words = 0.0, ()
        for piece in pieces(line.text):
            made = self._checked(piece, voice, line) if line.exact else self._streamed(piece, voice, line)
            bytes_said, known = 0, words
            async with aclosing(made) as sounds:
                async for sound in sounds:
                    if isinstance(sound, bytes):
                        bytes_said += len(sound)
                        yield sound
                    else:
                        words = (*known, *later(list(sound.words), said_s))
                        yield Words(words)
            said_s += bytes_said / 2 / SAMPLE_RATE

    def _greeting(self, line: Line) -> Greeting:
        greeting = self._process.greeting
        if self.fault:
            raise NotStarting(self.fault)
        if greeting is None:
            raise WorkerLost("bark", "is not ready")
        if line.live and self.too_slow:
            raise NotLive(self.too_slow)
        return greeting

    async def _streamed(self, piece: str, voice: str, line: Line) -> AsyncGenerator[Sound]:
        """Sound as it is made. It cannot be taken back: only a take without any is followed by another."""
        for seed in seeds(voice, line):
            take, begun = Take(piece, self._levels.get(voice)), False
            async with aclosing(self._take(take, piece, voice, seed, line)) as sounds:
                async for sound in sounds:
                    if sound and not begun:
                        begun = True
                        yield Words(tuple(timed(words_of(piece))))
                    if sound:
                        yield sound
            self._judged(voice, take, take.fault)
            if begun:
                yield Words(tuple(timed(words_of(piece), take.sounded_s)))
                return
        raise NothingSaid

    async def _checked(self, piece: str, voice: str, line: Line) -> AsyncGenerator[Sound]:
        """The whole clip, once nothing is wrong with it; the better of two otherwise."""
        takes: list[tuple[Fault | None, Take, bytes]] = []
        for seed in seeds(voice, line):
            take = Take(piece, self._levels.get(voice))
            pcm = b"".join([sound async for sound in self._take(take, piece, voice, seed, line)])
            fault = take.fault or await self._misheard(piece, pcm, line)
            self._judged(voice, take, fault)
            takes.append((fault, take, pcm))
            if fault is None:
                break
        fault, take, pcm = min(takes, key=lambda one: badness(one[0]))
        if fault == "silent":
            raise NothingSaid
        yield Words(tuple(timed(words_of(piece), take.sounded_s)))
        yield pcm

    async def _take(self, take: Take, piece: str, voice: str, seed: int, line: Line) -> AsyncGenerator[bytes]:
        head = {
            "text": piece,
            "voice": voice,
            "seed": seed,
            "mode": "exact" if line.exact else "stream",
            "due_ms": due_ms(line.rank.due_at),
        }
        async with self._process.job(head) as messages:
            async for answered, pcm in messages:
                if answered.get("end"):
                    count(answered)
                yield take.hear(pcm)
                if take.over:
                    break
        yield take.finish()

    async def _misheard(self, piece: str, pcm: bytes, line: Line) -> Fault | None:
        if not line.checked or not words_of(piece):
            return None
        heard = await self._listen(pcm, line)
        return "misheard" if word_errors(piece, heard) > MOST_WORD_ERRORS else None

    def _judged(self, voice: str, take: Take, fault: Fault | None) -> None:
        metrics.TAKES.labels(fault or "good").inc()
        if fault in (None, "misheard"):
            self._levels[voice] = take.level_db


def count(end: Head) -> None:
    """What the engine says of a sentence that it said to its end."""
    for stage, passes in (end.get("passes") or {}).items():
        metrics.PASSES.labels(stage).inc(passes)
    if first := end.get("first_audio"):
        metrics.FIRST_SHARE.observe(first["semantic_drawn"] / max(1, first["semantic_total"]))


def badness(fault: Fault | None) -> int:
    """What was misheard may be right; silence says nothing."""
    order: Sequence[Fault | None] = (None, "misheard", "runaway", "short", "silent")
    assert set(order) == {None, *get_args(Fault)}
    return order.index(fault)


def preset(name: str, voices: Sequence[str], refused: Mapping[str, str]) -> str:
    """Bark's name of a voice, or one of OpenAI's, dealt out to the English ones. Raises BadRequest."""
    if name in voices:
        return name
    english = [voice for voice in voices if "en_speaker_" in voice] or list(voices)
    if name in OPENAI_VOICES:
        return english[list(OPENAI_VOICES).index(name) % len(english)]
    if name in refused:
        raise BadRequest("voice_unfit", f"Bark cannot use the voice {name!r}: {refused[name]}.", "voice")
    raise BadRequest("voice_not_found", f"Bark has no voice {name!r}: see GET {VOICES_ROUTE}.", "voice")


def seeds(voice: str, line: Line) -> tuple[int, int]:
    """For two attempts. A voice keeps its seed, and so its timbre, unless the request has one."""
    first = zlib.crc32(voice.encode()) if line.seed is None else line.seed
    return first, (first + 1) % 2**32
