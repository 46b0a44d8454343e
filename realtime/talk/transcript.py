"""What the recogniser heard: words with their times, and how well they fit what was expected."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Word:
    """`start_ms` and `end_ms` count from the start of the audio that was recognised; `score` is how surely
    the word was said (0 to 1), None where the recogniser gives none."""

    text: str
    start_ms: int
    end_ms: int
    score: float | None = None

    def later(self, ms: int) -> "Word":
        return replace(self, start_ms=self.start_ms + ms, end_ms=self.end_ms + ms)


@dataclass(frozen=True, slots=True)
class Transcript:
    """`on_script` is how surely the whole is one of the sentences that were expected (0 to 1), None where the
    recogniser gives none."""

    words: tuple[Word, ...] = ()
    on_script: float | None = None

    def later(self, ms: int) -> "Transcript":
        """The same, counted from a time `ms` earlier."""
        return replace(self, words=tuple(word.later(ms) for word in self.words))

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)
