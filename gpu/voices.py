"""What speaks: a text in, its sound out as it is made, and the times of its words as they become known."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol

from gpu.bark.sentences import shown
from gpu.workers import Pool, Rank

SAMPLE_RATE = 24_000
PIECE_CHARACTERS = 400
CHUNK_BYTES = SAMPLE_RATE * 2 // 5  # 200 ms: small enough to start at once, large enough to be cheap


@dataclass(frozen=True, slots=True)
class Words:
    """The text's words so far, with their times in seconds: they stand in place of what was known before."""

    words: tuple[dict[str, Any], ...]


Sound = bytes | Words  # PCM16 mono at SAMPLE_RATE, in whole samples


@dataclass(frozen=True, slots=True)
class Line:
    """A text to be said, and how.

    `seed`: of what is drawn at random, None for the voice's own. `exact`: no sound before the whole is known
    to be right. `checked`: by the recogniser too. `live`: a learner waits for it.
    """

    text: str
    voice: str
    rank: Rank
    speed: float = 1.0
    seed: int | None = None
    exact: bool = False
    checked: bool = False
    live: bool = False


class Voice(Protocol):
    """`model`: what it is called in a request."""

    @property
    def model(self) -> str: ...

    async def voices(self) -> tuple[str, ...]:
        """Empty while it cannot work."""
        ...

    def say(self, line: Line) -> AsyncGenerator[Sound]:
        """Closing it stops the work. Raises ApiError."""
        ...


class EspeakVoice:
    model = "espeak-ng"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def voices(self) -> tuple[str, ...]:
        """Those without a variant, such as +f3."""
        (answer, _), *_ = await self._pool.ask({"voices": True})
        return tuple(answer["voices"])

    async def say(self, line: Line) -> AsyncGenerator[Sound]:
        """Piece after piece, each made whole: so a client that reads slowly never holds the process."""
        said_s, words = 0.0, ()
        for piece in in_pieces(shown(line.text)):
            head = {"text": piece, "voice": line.voice, "speed": line.speed}
            (answer, pcm), *_ = await self._pool.ask(head, rank=line.rank)
            words = (*words, *later(answer["words"], said_s))
            yield Words(words)
            for start in range(0, len(pcm), CHUNK_BYTES):
                yield pcm[start : start + CHUNK_BYTES]
            said_s += len(pcm) / 2 / SAMPLE_RATE


def later(words: list[dict[str, Any]], offset_s: float) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "word": word["word"],
            "start": round(word["start"] + offset_s, 3),
            "end": round(word["end"] + offset_s, 3),
        }
        for word in words
    )


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
