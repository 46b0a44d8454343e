"""The embedded engines as the server sees them: audio to words, text to sound."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import anyio

from gpu.decode import SAMPLE_RATE, Samples
from gpu.pipe import Head
from gpu.workers import Pool, Rank

PIECE_CHARACTERS = 400
SHORTEST_S = 0.1  # less is no word in any language


@dataclass(frozen=True, slots=True)
class Clip:
    pcm: bytes
    words: list[dict[str, Any]]


class Engines:
    def __init__(self, workers: int | None = None) -> None:
        self.recognition = Pool("recognition", "gpu.embedded.recognition", workers or os.cpu_count() or 2)
        self.voice = Pool("voice", "gpu.embedded.voice", 1)

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.recognition.run)
            tasks.start_soon(self.voice.run)

    async def wait_ready(self) -> None:
        await self.recognition.wait_ready()
        await self.voice.wait_ready()

    @property
    def missing(self) -> list[str]:
        return [pool.engine for pool in (self.recognition, self.voice) if not pool.ready]

    async def transcribe(self, audio: Samples, expected: list[str], prompt: str, rank: Rank) -> Head:
        """`{"words": [...], "on_script": ...}`; `prompt`: what was said before this audio."""
        if len(audio) < SHORTEST_S * SAMPLE_RATE:
            return {"words": [], "on_script": None}
        head: Head = {"expected": expected, "prompt": prompt, "partial": rank.partial}
        key = hashlib.sha256("\n".join((*expected, prompt)).encode()).hexdigest()
        (answer, _), *_ = await self.recognition.ask(head, audio.tobytes(), rank=rank, key=key)
        if unknown := answer.get("unknown"):
            (said, _), *_ = await self.voice.ask({"phonemes": unknown}, rank=rank)
            head["phonemes"] = said["phonemes"]
            (answer, _), *_ = await self.recognition.ask(head, audio.tobytes(), rank=rank, key=key)
        return answer

    async def speak(self, text: str, voice: str, speed: float, rank: Rank) -> Clip:
        """One piece of text, whole: so a client that reads slowly never holds the process."""
        head = {"text": text, "voice": voice, "speed": speed}
        (answer, pcm), *_ = await self.voice.ask(head, rank=rank)
        return Clip(pcm, answer["words"])


def in_pieces(text: str) -> list[str]:
    """Text in pieces of bounded length, ending where a sentence ends if one does, else between words."""
    pieces: list[str] = []
    rest = text.strip()
    while len(rest) > PIECE_CHARACTERS:
        window = rest[:PIECE_CHARACTERS]
        end = max(window.rfind(mark) for mark in (". ", "? ", "! "))
        if end < 0:
            end = window.rfind(" ")
        end = end if end > 0 else PIECE_CHARACTERS - 1
        pieces.append(rest[: end + 1].strip())
        rest = rest[end + 1 :].strip()
    return [*pieces, rest] if rest else pieces
