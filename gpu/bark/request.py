"""What one sentence to be spoken is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Request:
    """The same request gives the same sound, whatever else is spoken beside it."""

    text: str  # one sentence, at most 13 s of speech
    voice: str  # a preset's name, such as "v2/en_speaker_6"
    seed: int
    # stream: sound while the sentence is made; codebooks 2 to 7 are drawn before all of it is known.
    # exact: as the original, with the first sound after the last coarse token.
    mode: Literal["stream", "exact"] = "stream"
    due_at: float = 0.0  # monotonic seconds: when it must play by
    most_semantic: int = 768  # tokens, 49.9 a second: what a runaway is stopped at
