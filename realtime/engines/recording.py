"""A recording as a client's recorder made it, and who can make words of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from realtime.talk.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole audio file. `content_type` is what its sender says of it, and only a hint to the decoder."""

    file: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Listened:
    transcript: Transcript
    duration_s: float


class Listener(Protocol):
    async def listen(
        self, recording: Recording, expected: Sequence[str], languages: Sequence[str]
    ) -> Listened:
        """`languages`: what may be spoken, the likeliest first. Raises EngineError. Cancelling stops it."""
        ...
