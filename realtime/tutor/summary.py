"""What a learner takes home from a lesson: how it went, one sentence, and a kind word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realtime.tutor.guide import Line

Manner = Literal["mended", "shown", "well", "tried"]
Answered = tuple[int, Line]  # at which step, and what became of it

# The phone's page says the same, from its own words (`learnt.note.*`).
NOTES: dict[Manner, dict[str, str]] = {
    "mended": {
        "en": "First it was not quite right, and then you said it well. That is how we learn.",
        "es": "Primero no salió del todo y después lo dijiste bien. Así se aprende.",
    },
    "shown": {
        "en": "Say it out loud once more. The next time it will be easy.",
        "es": "Dilo en voz alta una vez más. La próxima vez será fácil.",
    },
    "well": {
        "en": "You said this well. Use it again soon.",
        "es": "Lo dijiste bien. Úsalo otra vez pronto.",
    },
    "tried": {
        "en": "You were brave and spoke English. The next time it will be easier.",
        "es": "Has sido valiente y has hablado inglés. La próxima vez será más fácil.",
    },
}


@dataclass(frozen=True, slots=True)
class Summary:
    """`answers` counts the questions that were answered, `right` those that were answered well in the end.
    `learnt` is a good sentence, `said` what the learner said instead at first."""

    manner: Manner
    right: int
    answers: int
    learnt: str | None = None
    said: str | None = None

    @property
    def note(self) -> dict[str, str]:
        return NOTES[self.manner]


def summary(answered: Sequence[Answered]) -> Summary:
    """A mistake that was mended comes before one that was only shown, and that before what was said well: the
    last mistake, the longest good sentence, of equals the last. What was not surely heard is not told."""
    last = {step: line.verdict for step, line in answered}
    right = sum(verdict == "right" for verdict in last.values())
    mistakes = [(step, line) for step, line in answered if line.said and line.better]
    mended = [(step, line) for step, line in mistakes if last[step] == "right"]
    if mistakes:
        _, line = (mended or mistakes)[-1]
        return Summary("mended" if mended else "shown", right, len(last), line.better, line.said)
    good = max((line.answer for _, line in reversed(answered) if line.answer), key=_words, default=None)
    return Summary("well" if right else "tried", right, len(last), good)


def _words(sentence: str) -> int:
    return len(sentence.split())
