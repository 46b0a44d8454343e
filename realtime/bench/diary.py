"""What one learner has lived through, in seconds of this process's monotonic clock. Judged afterwards."""

from dataclasses import dataclass, field
from typing import Literal

Speech = Literal["line", "interruption", "backchannel", "cough"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A pause inside a sentence."""

    ms: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Hole:
    """The player ran dry, and the tutor went on. `inside`: in the middle of a clip (of a reply, where the
    server announces no clips); else between two clips."""

    ms: float
    inside: bool


@dataclass(slots=True)
class Reply:
    """`first_s`: its first audio is played; `loud_s`: the first of it that can be heard. `ends_s`: what has
    come of it is played. `cut_s`: the server took it back."""

    id: str
    item_id: str
    first_s: float | None = None
    loud_s: float | None = None
    ends_s: float = 0.0
    got_s: float = 0.0  # of audio
    done: bool = False
    cut_s: float | None = None
    holes: list[Hole] = field(default_factory=list[Hole])

    @property
    def over_s(self) -> float:
        """When it fell silent; as far as is known."""
        return self.ends_s if self.cut_s is None else self.cut_s

    def sounds(self, now_s: float) -> bool:
        """It has begun, and neither ended nor been cut; a hole in it is part of it."""
        if self.first_s is None or self.cut_s is not None:
            return False
        return not self.done or self.ends_s > now_s


@dataclass(slots=True)
class Said:
    """From the first sample of speech to the last. `over`: the reply that was sounding when it began."""

    what: Speech
    start_s: float
    end_s: float
    gaps: tuple[Gap, ...] = ()
    over: Reply | None = None
    unanswered: bool = False


@dataclass(slots=True)
class Diary:
    """`ended_s`: when the server ended the learner's turn, by its item. `late_ms`: of the learner's own
    frames. `refused`, `broken`: why the connection was, before and after the talk had begun."""

    planned: int = 0
    said: list[Said] = field(default_factory=list[Said])
    replies: list[Reply] = field(default_factory=list[Reply])
    ended_s: dict[str, float] = field(default_factory=dict[str, float])
    ducks_s: list[float] = field(default_factory=list[float])
    errors: list[str] = field(default_factory=list[str])
    late_ms: list[float] = field(default_factory=list[float])
    refused: str = ""
    broken: str = ""
