"""The engines as the server sees them: audio to words, text to sound."""

import hashlib
import logging
import os
from dataclasses import dataclass

import anyio
import numpy as np
import soxr

from gpu import metrics
from gpu.bark.sentences import shown
from gpu.bark_process import BarkProcess
from gpu.bark_voice import JOBS_PER_SLOT, Bark, BarkVoice
from gpu.batcher import Batcher
from gpu.decode import SAMPLE_RATE, Samples
from gpu.errors import ApiError
from gpu.pipe import Head
from gpu.voices import SAMPLE_RATE as VOICE_RATE
from gpu.voices import EspeakVoice, Line, Voice
from gpu.workers import Pool, Rank

log = logging.getLogger(__name__)

WHISPER_START_LIMIT_S = 300  # a large model from a slow disk, then its first window
WHISPER_JOB_LIMIT_S = 180  # the longest upload on a laptop
SHORTEST_S = 0.1  # less is no word in any language


@dataclass(frozen=True, slots=True)
class Whisper:
    """Which Whisper hears instead of pocketsphinx, and on what."""

    model: str
    device: str = "cpu"
    precision: str = "int8"
    batch: int = 8  # windows

    @property
    def flags(self) -> list[str]:
        flags = ["--model", self.model, "--device", self.device, "--precision", self.precision]
        return [*flags, "--batch", str(self.batch)]


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance and what is known about it; `prompt`: what was said before this audio."""

    audio: Samples
    expected: list[str]
    prompt: str = ""
    languages: tuple[str, ...] = ("en",)


class Engines:
    def __init__(
        self, workers: int | None = None, whisper: Whisper | None = None, bark: Bark | None = None
    ) -> None:
        self.voice = Pool("voice", "gpu.embedded.voice", 1)
        self.espeak = EspeakVoice(self.voice)
        self.bark: BarkVoice | None = None
        self.bark_process: BarkProcess | None = None
        if bark:
            most_jobs = JOBS_PER_SLOT * bark.slots
            self.bark_process = BarkProcess(bark.command, bark.environment, most_jobs=most_jobs)
            self.bark = BarkVoice(self.bark_process, self._listen, live=bark.live)
        self.batcher: Batcher | None = None
        if whisper is None:
            self.hears = "pocketsphinx"
            self.recognition = Pool("recognition", "gpu.embedded.recognition", workers or os.cpu_count() or 2)
        else:
            self.hears = f"whisper {whisper.model}"
            self.recognition = Pool(
                "recognition",
                "gpu.whisper.recognition",
                1,
                *whisper.flags,
                job_limit_s=WHISPER_JOB_LIMIT_S,
                start_limit_s=WHISPER_START_LIMIT_S,
            )
            self.batcher = Batcher(self.recognition, whisper.batch)

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.recognition.run)
            tasks.start_soon(self.voice.run)
            if self.batcher:
                tasks.start_soon(self.batcher.run)
            if self.bark_process:
                tasks.start_soon(self.bark_process.run)
                tasks.start_soon(self._tell_when_slow)

    async def wait_ready(self) -> None:
        await self.recognition.wait_ready()
        await self.voice.wait_ready()
        if self.bark_process:
            await self.bark_process.wait_ready()

    @property
    def missing(self) -> list[str]:
        """What is awaited. A Bark that does not start is not: nobody knows whether it ever will."""
        gone = [pool.engine for pool in (self.recognition, self.voice) if not pool.ready]
        awaits_bark = self.bark_process and not self.bark_process.ready and not self.bark_process.fault
        return [*gone, "bark"] if awaits_bark else gone

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The one that speaks unless another is named comes first."""
        if self.bark is None:
            return (self.espeak,)
        return (self.espeak, self.bark) if self.bark.fault else (self.bark, self.espeak)

    def voice_of(self, model: str) -> Voice:
        """By its name. Any other name, such as OpenAI's, is of the first. Raises ApiError."""
        if model == self.espeak.model:
            return self.espeak
        if not model.startswith("bark"):
            return self.voices[0]
        if self.bark is None:
            raise ApiError(404, "model_not_found", "Bark does not run here: see GET /v1/models.", "model")
        return self.bark

    async def _tell_when_slow(self) -> None:
        assert self.bark_process and self.bark
        await self.bark_process.wait_ready()
        if self.bark.too_slow:
            log.warning("%s", self.bark.too_slow)

    async def _listen(self, pcm: bytes, line: Line) -> str:
        """What the recogniser finds in a clip that was made."""
        audio = soxr.resample(np.frombuffer(pcm, np.int16), VOICE_RATE, SAMPLE_RATE)
        heard = await self.transcribe(Utterance(audio, [shown(line.text)]), line.rank)
        return " ".join(word["word"] for word in heard["words"])

    async def transcribe(self, asked: Utterance, rank: Rank) -> Head:
        """`{"words": [...], "on_script": ..., "language": ...}`."""
        if len(asked.audio) < SHORTEST_S * SAMPLE_RATE:
            return {"words": [], "on_script": None, "language": asked.languages[0]}
        if self.batcher:
            return await self._hear_together(self.batcher, asked, rank)
        return await self._hear(asked.audio, asked.expected, asked.prompt, rank)

    async def _hear_together(self, batcher: Batcher, asked: Utterance, rank: Rank) -> Head:
        head: Head = {
            "samples": len(asked.audio),
            "prompt": asked.prompt,
            "expected": asked.expected,
            "languages": asked.languages,
            "partial": rank.partial,
        }
        answer = await batcher.ask(head, asked.audio.tobytes(), rank)
        for why in answer["dropped"]:
            metrics.DROPPED.labels(why).inc()
        return answer

    async def _hear(self, audio: Samples, expected: list[str], prompt: str, rank: Rank) -> Head:
        head: Head = {"expected": expected, "prompt": prompt, "partial": rank.partial}
        key = hashlib.sha256("\n".join((*expected, prompt)).encode()).hexdigest()
        (answer, _), *_ = await self.recognition.ask(head, audio.tobytes(), rank=rank, key=key)
        if unknown := answer.get("unknown"):
            (said, _), *_ = await self.voice.ask({"phonemes": unknown}, rank=rank)
            head["phonemes"] = said["phonemes"]
            (answer, _), *_ = await self.recognition.ask(head, audio.tobytes(), rank=rank, key=key)
        return {**answer, "language": "en"}
