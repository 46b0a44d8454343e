"""What was said, in order. A frozen value; every change makes the next version."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["in_progress", "completed", "incomplete"]
PartKind = Literal["input_text", "input_audio", "output_text", "output_audio"]
ROOT = "root"


@dataclass(frozen=True, slots=True)
class Part:
    """`text` is None for speech whose transcript is not known (yet)."""

    kind: PartKind
    text: str | None


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]
    status: Status = "completed"

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts if part.text)


@dataclass(frozen=True, slots=True)
class Call:
    """The tutor's model asks the client to run a function; `arguments` is JSON."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class CallOutput:
    id: str
    call_id: str
    output: str
    status: Status = "completed"


Entry = Message | Call | CallOutput


class UnknownItem(LookupError):
    def __init__(self, item_id: str) -> None:
        super().__init__(f"no item {item_id!r} in the conversation")
        self.item_id = item_id


class DuplicateItem(ValueError):
    def __init__(self, item_id: str) -> None:
        super().__init__(f"item {item_id!r} is already in the conversation")
        self.item_id = item_id


@dataclass(frozen=True, slots=True)
class Conversation:
    """`version` changes with every change, so a reply made on an older one can be told."""

    entries: tuple[Entry, ...] = ()
    version: int = 0

    def find(self, item_id: str) -> Entry:
        """Raises UnknownItem."""
        return self.entries[self._index(item_id)]

    def before(self, item_id: str) -> str | None:
        """The id of the item before this one, None for the first. Raises UnknownItem."""
        index = self._index(item_id)
        return self.entries[index - 1].id if index else None

    @property
    def last_id(self) -> str | None:
        return self.entries[-1].id if self.entries else None

    @property
    def last_said(self) -> str:
        """What the tutor said last, "" for nothing."""
        messages = (one for one in reversed(self.entries) if isinstance(one, Message))
        return next((one.text for one in messages if one.role == "assistant"), "")

    def add(self, entry: Entry, after: str | None = None) -> "Conversation":
        """Append, or insert after an item (`root`: at the front). Raises DuplicateItem, UnknownItem."""
        if any(other.id == entry.id for other in self.entries):
            raise DuplicateItem(entry.id)
        at = len(self.entries) if after is None else 0 if after == ROOT else self._index(after) + 1
        return self._with((*self.entries[:at], entry, *self.entries[at:]))

    def change(self, item_id: str, new: Callable[[Entry], Entry]) -> "Conversation":
        """Raises UnknownItem."""
        index = self._index(item_id)
        return self._with((*self.entries[:index], new(self.entries[index]), *self.entries[index + 1 :]))

    def delete(self, item_id: str) -> "Conversation":
        """Raises UnknownItem."""
        index = self._index(item_id)
        return self._with(self.entries[:index] + self.entries[index + 1 :])

    def _with(self, entries: tuple[Entry, ...]) -> "Conversation":
        return Conversation(entries, self.version + 1)

    def _index(self, item_id: str) -> int:
        for index, entry in enumerate(self.entries):
            if entry.id == item_id:
                return index
        raise UnknownItem(item_id)


def transcribed(entry: Entry, text: str) -> Entry:
    """The entry with the transcript of its speech filled in."""
    if not isinstance(entry, Message):
        return entry
    parts = tuple(replace(part, text=text) if part.kind == "input_audio" else part for part in entry.parts)
    return replace(entry, parts=parts)
