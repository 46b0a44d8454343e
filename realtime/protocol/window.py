"""What of a talk the chat model is given, once it no longer fits the model's window.

Old turns are left out whole and many at once, behind a summary of what they said: between two such steps
the prompt only grows at its end, and a server that caches prefixes goes on reading little of it anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from realtime.protocol.config import Tree
from realtime.talk.conversation import Call, CallOutput, Entry, Message
from realtime.talk.tokens import Tokens

KEPT = 0.5  # of the room for the talk is what a step leaves filled
FULL = 0.9  # of it: from here on a summary is written, so that it is there before the room is used up
MARGIN = 0.05  # of the window: what is counted is not what the server counts
FRAME = 16  # characters that a chat template puts around a message, roughly


@dataclass(frozen=True, slots=True)
class Kept:
    """`left_out`: ids of entries that the model is given no more; `summary`: what they said, in its words."""

    left_out: frozenset[str] = frozenset()
    summary: str = ""

    def of(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(entry for entry in entries if entry.id not in self.left_out)

    def without(self, entries: Sequence[Entry]) -> "Kept":
        return replace(self, left_out=self.left_out | {entry.id for entry in entries})


@dataclass(frozen=True, slots=True)
class Measure:
    """Tokens for characters. The server's own count of one prompt is the measure for the next."""

    tokens_per_character: float = 0.25

    def after(self, characters: int, usage: Tokens | None) -> "Measure":
        """What the server counted of so many characters."""
        return Measure(usage.read / characters) if usage and usage.read and characters else self

    def refused(self, characters: int, window: int) -> "Measure":
        """So many were more than the window holds."""
        return Measure(max(self.tokens_per_character, window / characters))

    def tokens(self, characters: int) -> int:
        return round(characters * self.tokens_per_character)

    def room(self, window: int, answer: int | None, fixed: int) -> float:
        """Characters of the talk beside the answer and `fixed` ones (instructions, summary, tools)."""
        tokens = window * (1 - MARGIN) - answer_limit(answer, window)
        return tokens / self.tokens_per_character - fixed


def answer_limit(wanted: int | None, window: int) -> int:
    """An answer of any length is promised a quarter; no answer is given more than half."""
    return min(wanted or window // 4, window // 2)


def retention(truncation: str | Tree) -> float | None:
    """How much a step keeps, as the session asks for it; None where nothing may be left out."""
    if isinstance(truncation, str):
        return None if truncation == "disabled" else KEPT
    given = truncation.get("retention_ratio")
    return min(max(cast(float, given), 0.0), FULL) if isinstance(given, int | float) else KEPT


def fitted(kept: Kept, entries: Sequence[Entry], room: float, retained: float) -> Kept:
    """What is given of the talk when all of it must fit the room, in characters."""
    here = kept.of(entries)
    return kept if length(here) <= room else kept.without(oldest(here, room * retained))


def outgrown(kept: Kept, entries: Sequence[Entry], room: float, retained: float) -> tuple[Entry, ...]:
    """What the next step would leave out, once it is near."""
    here = kept.of(entries)
    return oldest(here, room * retained) if length(here) > room * FULL else ()


def length(entries: Sequence[Entry]) -> int:
    """Characters."""
    return sum(FRAME + _length(entry) for entry in entries)


def _length(entry: Entry) -> int:
    match entry:
        case Message():
            return len(entry.text)
        case Call(name=name, arguments=arguments):
            return len(name) + len(arguments)
        case CallOutput(output=output):
            return len(output)


def turns(entries: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """A turn begins where the learner takes the word; what was there before they did is one, too."""
    found: list[list[Entry]] = []
    learner_speaks = False
    for entry in entries:
        learner_spoke, learner_speaks = learner_speaks, _is_learner(entry)
        if not found or (learner_speaks and not learner_spoke):
            found.append([])
        found[-1].append(entry)
    return [tuple(turn) for turn in found]


def _is_learner(entry: Entry) -> bool:
    return isinstance(entry, Message) and entry.role == "user"


def oldest(entries: Sequence[Entry], most: float) -> tuple[Entry, ...]:
    """The turns to leave out so that at most so many characters stay; the last one always stays."""
    out: tuple[Entry, ...] = ()
    left = length(entries)
    for turn in turns(entries)[:-1]:
        if left <= most:
            break
        out += turn
        left -= length(turn)
    return out
