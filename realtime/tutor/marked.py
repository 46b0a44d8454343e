"""YAML that remembers its lines, so that a fault found later can name where it was written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from realtime.errors import SettingsError

Where = tuple[str | int, ...]
Plain = str | list["Plain"] | dict[str, "Plain"]


class Fault(Exception):
    """What is wrong, and where in the document: the way there from the root."""

    def __init__(self, where: Where, reason: str) -> None:
        super().__init__(reason)
        self.where = where
        self.reason = reason


class LessonError(SettingsError):
    """A file of the lessons that cannot be used: which, at what line, and why."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        super().__init__(f"{file.name}, line {line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Marked:
    """A document as plain values, and the line at which each of them begins."""

    file: Path
    data: dict[str, Plain]
    lines: dict[Where, int] = field(default_factory=dict[Where, int])

    def error(self, where: Where, reason: str) -> LessonError:
        """The error at the nearest place above that has a line: what is missing has none."""
        known = next(w for w in (where[:n] for n in range(len(where), -1, -1)) if w in self.lines)
        return LessonError(self.file, self.lines[known], reason)


def read_marked(file: Path) -> Marked:
    """Every scalar stays text: YAML would otherwise take an answer "yes" for a truth value."""
    try:
        root = yaml.SafeLoader(file.read_text(encoding="utf-8")).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise LessonError(file, mark.line + 1 if mark else 1, error.problem or "is no YAML") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LessonError(file, 1, f"is no YAML: {error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise LessonError(file, 1, "holds no mapping of names to values")
    lines = dict(_walk(root, (), root.start_mark.line + 1))
    try:
        data = _plain(root)
    except _Unreadable as error:
        raise LessonError(file, error.line, error.reason) from error
    assert isinstance(data, dict)
    return Marked(file, data, lines)


class _Unreadable(Exception):
    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.line = node.start_mark.line + 1
        self.reason = reason


def _walk(node: yaml.Node, where: Where, line: int) -> Iterator[tuple[Where, int]]:
    yield where, line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            # A mapping begins on the line after its key; the key is where one looks.
            yield from _walk(value, (*where, str(key.value)), key.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield from _walk(value, (*where, at), value.start_mark.line + 1)


def _plain(node: yaml.Node) -> Plain:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    assert isinstance(node, yaml.MappingNode)
    plain: dict[str, Plain] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _Unreadable(key, "a name must be plain text")
        if key.value in plain:
            raise _Unreadable(key, f"`{key.value}` is given twice")
        plain[str(key.value)] = _plain(value)
    return plain
