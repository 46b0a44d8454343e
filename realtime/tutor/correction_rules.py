"""The rules of the corrections: a mistake as a pattern over words, and what is said instead.

A pattern is a regular expression over plain words: lower case, one space between words, contractions apart
("i 'm"), START before a sentence and END (or ASK, of a question) after it. In it `[class]` is any word of a
class, `[name:class]` keeps that word for the better ones, and a plain bracket keeps nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from realtime.tutor.inflection import (
    COMPARED,
    Form,
    comparative,
    forms,
    like_verb,
    superlative,
    verb_in,
)
from realtime.tutor.marked import LessonError, Marked, Plain, read_marked

_HERE = Path(__file__).parent / "corrections"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Tables = Mapping[str, Mapping[str, str]]
Words = Mapping[str, str]  # what a pattern kept, by name

_NOT_FAR = 80  # characters: so far back a `not_after` looks


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Case(_Written):
    """One way to make the mistake.

    `after` and `before` stand around `said` and are left as they are; `not_after` and `not_before` must not.
    `where` must be found somewhere in the sentence, `unless` must not.
    """

    said: Text
    better: Text
    after: Text | None = None
    before: Text | None = None
    not_after: Text | None = None
    not_before: Text | None = None
    where: Text | None = None
    unless: Text | None = None


class Rule(_Written):
    """`examples` are sentences with the mistake, corrected; `fine` are sentences that only look like it.

    `likely`: right nearly always, but to be left out where surer corrections fill the room."""

    en: Text
    es: Text
    cases: tuple[Case, ...] = Field(min_length=1)
    examples: dict[str, Text] = Field(min_length=2)
    fine: tuple[Text, ...] = Field(min_length=2)
    sure: Literal["sure", "likely"] = "sure"


@dataclass(frozen=True, slots=True)
class Kept:
    """A word that a pattern kept: as the learner's text has it, and as a plain word."""

    written: str
    plain: str
    perfect: bool = False  # after "have": "I have made"


Better = Callable[[Mapping[str, Kept]], str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A case, ready to be looked for."""

    rule: str
    found: re.Pattern[str]
    better: Better
    not_after: re.Pattern[str] | None
    where: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def matches(self, words: str) -> Iterator[re.Match[str]]:
        if self.where and not self.where.search(words):
            return
        if self.unless and self.unless.search(words):
            return
        for match in self.found.finditer(words):
            at = match.start("said")
            if not (self.not_after and self.not_after.search(words[max(0, at - _NOT_FAR) : at])):
                yield match


@dataclass(frozen=True, slots=True)
class Rules:
    by_id: Mapping[str, Rule]
    patterns: tuple[Pattern, ...]


@cache
def load_rules(folder: Path = _HERE) -> Rules:
    """All rules of a folder (each file maps ids to rules), and the word classes in its `words/`."""
    classes, tables = _read_words(folder / "words")
    by_id: dict[str, Rule] = {}
    patterns: list[Pattern] = []
    for file in sorted(folder.glob("*.yaml")):
        marked = read_marked(file)
        for name, plain in marked.data.items():
            if name in by_id:
                raise marked.error((name,), f"another file has the rule `{name}` already")
            by_id[name] = rule = _rule(marked, name, plain)
            for at, case in enumerate(rule.cases):
                try:
                    patterns.append(_compiled(name, case, classes, tables))
                except (KeyError, re.error) as error:
                    raise marked.error((name, "cases", at), f"`{name}`: {error}") from error
    if not by_id:
        raise LessonError(folder, 1, "holds no rule (*.yaml)")
    return Rules(by_id, tuple(patterns))


def _rule(marked: Marked, name: str, plain: Plain) -> Rule:
    try:
        return Rule.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = (name, *(key for key in first["loc"] if key != "[key]"))
        raise marked.error(where, f"`{'.'.join(map(str, where))}`: {first['msg']}") from error


# word classes


def _read_words(folder: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """A class is alternatives with `|` between them; a table maps words to others, and is a class, too."""
    classes = _inflected()
    tables: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob("*.yaml")):
        for name, value in read_marked(file).data.items():
            if isinstance(value, dict):
                tables[name] = {word: str(other) for word, other in value.items()}
                classes[name] = _any_of(tables[name])
            else:
                classes[name] = re.sub(r"\s*\|\s*", "|", str(value).strip())
    return classes, tables


def _inflected() -> dict[str, str]:
    of_verbs: tuple[Form, ...] = ("base", "third", "past", "participle", "gerund")
    return {
        **{form: _any_of(forms(form)) for form in of_verbs},
        "adjective": _any_of(COMPARED),
        "comparative": _any_of(word for word, _ in COMPARED.values()),
        "superlative": _any_of(word for _, word in COMPARED.values()),
    }


def _any_of(words: Iterator[str] | tuple[str, ...] | Mapping[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# patterns

_CLASS = re.compile(r"\[(?:([a-z]+):)?([a-z_]+)\]")
_GROUP = re.compile(r"\((?!\?)")


def _regex(text: str, classes: Mapping[str, str]) -> str:
    def kept(match: re.Match[str]) -> str:
        opened = f"(?P<{match[1]}>" if match[1] else "(?:"
        return f"{opened}{_regex(classes[match[2]], classes)})"

    # The text between classes first, lest a group that a class opens is opened twice.
    parts, at = list[str](), 0
    for match in _CLASS.finditer(text):
        parts += [_GROUP.sub("(?:", text[at : match.start()]), kept(match)]
        at = match.end()
    return "".join((*parts, _GROUP.sub("(?:", text[at:])))


def _compiled(rule: str, case: Case, classes: Mapping[str, str], tables: Tables) -> Pattern:
    def regex(text: str | None) -> str | None:
        return None if text is None else f"(?:{_regex(text, classes)})"

    def anywhere(text: str | None) -> re.Pattern[str] | None:
        return re.compile(rf" {regex(text)}(?!\S)") if text else None

    after = f"{regex(case.after)} " if case.after else ""
    said = rf"(?P<said>{_regex(case.said, classes)})(?!\S)"
    before = rf"(?= {regex(case.before)}(?!\S))" if case.before else ""
    not_before = rf"(?! {regex(case.not_before)}(?!\S))" if case.not_before else ""
    not_after = re.compile(rf" {regex(case.not_after)} $") if case.not_after else None
    found = re.compile(rf" {after}{said}{before}{not_before}")
    better = _better(case.better, frozenset(found.groupindex), tables)
    return Pattern(rule, found, better, not_after, anywhere(case.where), anywhere(case.unless))


# the better words

_SLOT = re.compile(r"\[([^\]]+)\]")
_SINGULAR = re.compile(
    r"(?:he|she|it|this|that|(?:\w+body|\w+one)|(?:my|your|his|her|our|their|the|a|an) "
    r"(?:\w+ )*(?!children|parents|people|men|women|police)(?:boss|\w*[^s\W]))"
)


def _better(text: str, names: frozenset[str], tables: Tables) -> Better:
    """The words with their slots filled: `[x]` is what was kept, `[f x]` is it inflected or looked up, and
    `[verb as x]` is the verb in the form of x."""
    parts: list[str | Better] = []
    at = 0
    for slot in _SLOT.finditer(text):
        parts += [text[at : slot.start()], _slot(slot[1].split(), names, tables)]
        at = slot.end()
    parts.append(text[at:])
    return lambda kept: " ".join(
        "".join(part if isinstance(part, str) else part(kept) for part in parts).split()
    )


def _slot(written: list[str], names: frozenset[str], tables: Tables) -> Better:
    name = written[-1]
    if name not in names:
        raise KeyError(f"nothing is kept as [{name}]")
    match written:
        case [_]:
            return lambda kept: kept[name].written if name in kept else ""
        case [verb, "as", _]:
            return lambda kept: like_verb(verb, kept[name].plain, kept[name].perfect)
        case [function, _] if function in tables:
            return lambda kept: tables[function][kept[name].plain]
        case [function, _]:
            inflect = _FUNCTIONS[function]
            return lambda kept: inflect(kept[name].plain)
        case _:
            raise KeyError(" ".join(written))


def is_singular(subject: str) -> bool:
    """He, she, it: what takes "is" and "does"."""
    return _SINGULAR.fullmatch(subject) is not None


def _by_subject(first: str, singular: str, other: str) -> Callable[[str], str]:
    return lambda subject: first if subject == "i" else singular if is_singular(subject) else other


def _form(form: Form) -> Callable[[str], str]:
    return lambda word: verb_in(word, form)


_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "base": _form("base"),
    "third": _form("third"),
    "past": _form("past"),
    "participle": _form("participle"),
    "gerund": _form("gerund"),
    "comparative": comparative,
    "superlative": superlative,
    "be": _by_subject("am", "is", "are"),
    "was": _by_subject("was", "was", "were"),
    "have": _by_subject("have", "has", "have"),
    "do": _by_subject("do", "does", "do"),
    "don't": _by_subject("don't", "doesn't", "don't"),
    "agree": _by_subject("agree", "agrees", "agree"),
    "disagree": _by_subject("disagree", "disagrees", "disagree"),
}
