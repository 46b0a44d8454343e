"""Where a reply's time goes: when each stage of it was reached, counted from the end of the learner's speech.

A held reply is made before its utterance has ended for sure, so stages are times of the clock, and are
counted from the end of speech only when they are told.
"""

from dataclasses import dataclass, field
from typing import get_args

import anyio

from realtime.wire.server_events import Kind, Stage

STAGES: tuple[Stage, ...] = get_args(Stage)
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(slots=True, eq=False)
class Cue:
    """What a reply answers: speech that ended by itself (`voice`) or by the client's `commit`, or a `request`
    that nobody spoke. `at_s`: its end; `reached`: what belongs to it, whichever reply follows."""

    kind: Kind = "request"
    at_s: float = field(default_factory=anyio.current_time)
    reached: dict[Stage, float] = field(default_factory=dict[Stage, float])

    def end(self, silent_ms: float | None) -> None:
        """The endpoint, after so much silence; None: the client says that the speech ends here."""
        now_s = anyio.current_time()
        self.kind = "commit" if silent_ms is None else "voice"
        self.at_s = now_s - (silent_ms or 0) / 1000
        if silent_ms is not None:
            self.reached["endpoint"] = now_s

    def know(self) -> None:
        """The words are known; what a later recognition says of the utterance goes before."""
        self.reached["transcript"] = anyio.current_time()


class Stages:
    """Of one reply. `cue` is settled when the reply begins to be its learner's."""

    def __init__(self) -> None:
        self.cue = Cue()
        self._at_s: dict[Stage, float] = {}

    def mark(self, stage: Stage) -> None:
        """It is reached now; the first time counts."""
        if stage not in self._at_s:
            self._at_s[stage] = anyio.current_time()

    @property
    def played(self) -> bool:
        """It is known when the client began to play."""
        return "first_audio_played" in self._at_s

    def play(self, played_ms: float) -> bool:
        """The client has played so much. True when that says, for the first time, when it began to.

        Nothing can be played before it was sent, whatever a client says.
        """
        out_s = self._at_s.get("first_audio_out")
        if played_ms <= 0 or out_s is None or self.played:
            return False
        self._at_s["first_audio_played"] = max(out_s, anyio.current_time() - played_ms / 1000)
        return True

    @property
    def lasted_ms(self) -> int:
        return round((anyio.current_time() - self.cue.at_s) * 1000)

    def report(self) -> dict[Stage, int]:
        """Milliseconds; what was known before the end of speech cost no time."""
        at_s = self.cue.reached | self._at_s
        return {
            stage: max(0, round((at_s[stage] - self.cue.at_s) * 1000)) for stage in STAGES if stage in at_s
        }
