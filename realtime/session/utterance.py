"""What the learner said from onset to endpoint, as far as it is known."""

from dataclasses import dataclass, field, replace

import anyio

from realtime.errors import EngineError
from realtime.session.stages import Cue
from realtime.talk.agreement import Agreement, plain, settle
from realtime.talk.transcript import Transcript, Word


@dataclass(slots=True, eq=False)
class Utterance:
    """Positions are samples of the session's input audio."""

    item_id: str
    start: int
    end: int | None = None  # known once it is committed
    agreement: Agreement = field(default_factory=Agreement)
    expected: tuple[str, ...] = ()  # the sentences that its recognition was told of
    told: int = 0  # so many words the client has been told as settled
    revision: int = 0  # the newest recognition asked for
    transcript: Transcript | None = None  # of the whole, once that recognition is here
    guess: Transcript | None = None  # what the newest partial makes of all of it, where that may be used
    words: tuple[Word, ...] = ()  # of the whole, too; what was committed on the way stands
    failure: EngineError | None = None
    announced: bool = False  # the client was told that the learner speaks
    tentative: bool = False  # the client shows words that may still change
    recognition: anyio.CancelScope | None = None
    cue: Cue = field(default_factory=Cue)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def guessed(self) -> bool:
        """The guess was right."""
        return bool(self.words) and self.guess is not None and plain(self.guess.words) == plain(self.words)

    @property
    def known(self) -> bool:
        return self.transcript is not None or self.failure is not None

    def conclude(self, heard: Transcript) -> None:
        """The last recognition is here, of as much as was still to be heard."""
        self.words = settle(self.agreement, heard.words).committed
        self.transcript = replace(heard, words=self.words) if self.agreement.left else heard

    def abandon(self) -> None:
        """Stop the recognition that is under way."""
        if self.recognition is not None:
            self.recognition.cancel()
