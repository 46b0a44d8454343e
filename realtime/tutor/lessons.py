"""The lessons on disk: each file read, checked and named with line and reason when it cannot be used."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from realtime.tutor.lesson import Lesson, WordList
from realtime.tutor.marked import LessonError, Marked, Where, read_marked
from realtime.tutor.rules import faults

__all__ = ["Lesson", "LessonError", "load_lessons"]

_HERE = Path(__file__).parent
T = TypeVar("T", bound=BaseModel)


def load_lessons(folder: Path | None = None) -> dict[str, Lesson]:
    """All lessons of a folder, by id, in the order of their file names; `words/` in it may add word lists."""
    folder = folder or _HERE / "lessons"
    lists = _load_lists(_HERE / "words") | _load_lists(folder / "words")
    lessons: dict[str, Lesson] = {}
    for file in sorted(folder.glob("*.yaml")):
        marked = read_marked(file)
        lesson = _lesson(marked, lists)
        if lesson.id in lessons:
            raise marked.error(("id",), f"another file has the lesson `{lesson.id}` already")
        lessons[lesson.id] = lesson
    if not lessons:
        raise LessonError(folder, 1, "holds no lesson (*.yaml)")
    return lessons


def _load_lists(folder: Path) -> dict[str, WordList]:
    return {file.stem: _valid(WordList, read_marked(file)) for file in sorted(folder.glob("*.yaml"))}


def _lesson(marked: Marked, lists: dict[str, WordList]) -> Lesson:
    slots = marked.data.get("slots", {})
    if not isinstance(slots, dict):
        raise marked.error(("slots",), "must give each slot the name of its word list")
    for slot, name in slots.items():
        if name not in lists:
            known = ", ".join(lists)
            raise marked.error(("slots", slot), f"there is no word list `{name}` (there are {known})")
    filled = {slot: lists[str(name)] for slot, name in slots.items()}
    lesson = _valid(Lesson, marked, {"slots": filled})
    for fault in faults(lesson):
        raise marked.error(fault.where, fault.reason)
    return lesson


def _valid(model: type[T], marked: Marked, more: dict[str, object] | None = None) -> T:
    try:
        return model.model_validate({**marked.data, **(more or {})})
    except ValidationError as error:
        # A misspelt key is also a missing one: the misspelling is what the author wants to hear of.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        where = _written(first["loc"])
        raise marked.error(where, f"`{'.'.join(map(str, where))}`: {first['msg']}") from error


def _written(where: tuple[int | str, ...]) -> Where:
    return tuple(key for key in where if key != "[key]")
