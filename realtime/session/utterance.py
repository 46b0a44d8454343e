"""What the learner said from onset to endpoint, as far as it is known."""

from dataclasses import dataclass, field

import anyio

from realtime.errors import EngineError
from realtime.talk.agreement import Agreement
from realtime.talk.transcript import Transcript


@dataclass(slots=True, eq=False)
class Utterance:
    """Positions are samples of the session's input audio."""

    item_id: str
    start: int
    end: int | None = None  # known once it is committed
    agreement: Agreement = field(default_factory=Agreement)
    revision: int = 0  # the newest recognition asked for
    transcript: Transcript | None = None  # of the whole, once that recognition is here
    failure: EngineError | None = None
    announced: bool = False  # the client was told that the learner speaks
    tentative: bool = False  # the client shows words that may still change
    recognition: anyio.CancelScope | None = None

    @property
    def known(self) -> bool:
        return self.transcript is not None or self.failure is not None

    def abandon(self) -> None:
        """Stop the recognition that is under way."""
        if self.recognition is not None:
            self.recognition.cancel()
