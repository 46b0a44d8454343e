"""What makes a lesson good for a learner's ear and mouth, beyond its form; each breach names its place."""

import re
from collections import Counter
from collections.abc import Iterator

from realtime.talk.transcript import Transcript, Word
from realtime.tutor.guide import MOST_EXPECTED, offered
from realtime.tutor.lesson import Lesson, Mistake, Step, fill_example, sentences, slots_in, unguarded_slots
from realtime.tutor.marked import Fault, Where
from realtime.tutor.matching import Found, Nearly, find
from realtime.tutor.spoken import tokens

FIRST_SENTENCE_WORDS = 8
SENTENCE_WORDS = 14
LINE_SENTENCES = 2
ANSWER_WORDS = 14


def faults(lesson: Lesson) -> Iterator[Fault]:
    yield from _line_faults(("opening", "en"), lesson.opening.en)
    yield from _line_faults(("end", "en"), lesson.end.en)
    yield from _line_faults(("topic",), f"Let's go on with {lesson.topic}.", 1)
    yield from _slot_faults(lesson)
    yield from _twice(("steps",), [step.id for step in lesson.steps], "id")
    for at, step in enumerate(lesson.steps):
        yield from _step_faults(lesson, step, ("steps", at))


def _step_faults(lesson: Lesson, step: Step, where: Where) -> Iterator[Fault]:
    yield from _line_faults((*where, "say", "en"), step.say.en)
    if not re.search(r"[?.!]$", step.say.es):
        yield Fault((*where, "say", "es"), "must be a whole sentence")
    if step.react is not None:
        yield from _line_faults((*where, "react"), step.react, 1)
    yield from _line_faults((*where, "hint", "en"), step.hint.en, 1, SENTENCE_WORDS)
    for at, text in enumerate(step.right):
        yield from _answer_faults((*where, "right", at), text)
        if len(sentences(text)) != 1 or not text.endswith((".", "?", "!")):
            yield Fault((*where, "right", at), "must be one sentence with its mark at the end")
    for at, mistake in enumerate(step.mistakes):
        yield from _answer_faults((*where, "mistakes", at, "said"), mistake.said)
        yield from _mistake_faults(lesson, step, mistake, at, (*where, "mistakes", at))
    yield from _twice((*where, "right"), [_key(text) for text in step.right], "answer")
    yield from _twice((*where, "mistakes"), [_key(mistake.said) for mistake in step.mistakes], "mistake")
    if (count := len(offered(lesson, step))) > MOST_EXPECTED:
        yield Fault(
            (*where, "right"), f"{count} sentences are too many ({MOST_EXPECTED}); take fewer with a slot"
        )


def _line_faults(
    where: Where, line: str, most: int = LINE_SENTENCES, first_words: int = FIRST_SENTENCE_WORDS
) -> Iterator[Fault]:
    """Lines are heard once, by beginners: few sentences, all short, the first one very short."""
    for text in _both_ways(line):
        said = sentences(text)
        if not said or not text.rstrip().endswith((".", "?", "!")):
            yield Fault(where, "must end like a sentence")
        elif len(said) > most:
            yield Fault(where, f"has {len(said)} sentences; at most {most}")
        elif len(said[0].split()) > first_words:
            yield Fault(where, f"its first sentence has more than {first_words} words: {said[0]}")
        elif long := next((one for one in said if len(one.split()) > SENTENCE_WORDS), None):
            yield Fault(where, f"has a sentence of more than {SENTENCE_WORDS} words: {long}")
    for name in unguarded_slots(line):
        yield Fault(where, f"{{{name}}} may be unknown: write [with {{{name}}}|without]")


def _answer_faults(where: Where, text: str) -> Iterator[Fault]:
    if len(slots_in(text)) > 1:
        yield Fault(where, "an answer may hold one slot only")
    if re.search(r"\d", text):
        yield Fault(where, "numbers are written in words, as they are spoken")
    if re.search(r"[\[\]|]", text):
        yield Fault(where, "an answer holds no choice [..|..]")
    if len(text.split()) > ANSWER_WORDS:
        yield Fault(where, f"has more than {ANSWER_WORDS} words")


def _mistake_faults(lesson: Lesson, step: Step, mistake: Mistake, at: int, where: Where) -> Iterator[Fault]:
    if set(slots_in(mistake.better)) - set(slots_in(mistake.said)):
        yield Fault((*where, "better"), "holds a slot that is not in what was said")
        return
    if any(name not in lesson.slots for name in slots_in(mistake.said)):
        return  # named by _slot_faults
    said = _heard(lesson, step, mistake.said)
    if not isinstance(said, Found) or said.kind == "right":
        yield Fault((*where, "said"), "is a right answer too, or cannot be told from one")
    elif said.at != at:
        yield Fault((*where, "said"), "cannot be told from another mistake")
    better = _heard(lesson, step, mistake.better)
    if not isinstance(better, Found) or better.kind != "right":
        yield Fault(
            (*where, "better"), "is none of the right answers, so a learner who repeats it would not pass"
        )


def _heard(lesson: Lesson, step: Step, text: str) -> Found | Nearly | None:
    said, _ = fill_example(text, lesson, {})
    words = tuple(Word(word, 0, 0) for word in said.split())
    return find(lesson, step, tokens(Transcript(words)))


def _slot_faults(lesson: Lesson) -> Iterator[Fault]:
    """Every slot is known, and a line uses none that no answer before it could have filled."""
    filled: set[str] = set()
    for at, step in enumerate(lesson.steps):
        where: Where = ("steps", at)
        for key, text in (("en", step.say.en), ("es", step.say.es)):
            yield from _unfilled((*where, "say", key), text, filled)
        for place, text in _answers(step):
            for name in slots_in(text):
                if name not in lesson.slots:
                    yield Fault((*where, *place), f"the slot {{{name}}} is not among the lesson's slots")
                filled.add(name)
        yield from _unfilled((*where, "react"), step.react or "", filled)
    yield from _unfilled(("end", "en"), lesson.end.en, filled)


def _answers(step: Step) -> Iterator[tuple[Where, str]]:
    for at, text in enumerate(step.right):
        yield ("right", at), text
    for at, mistake in enumerate(step.mistakes):
        yield ("mistakes", at, "said"), mistake.said


def _unfilled(where: Where, line: str, filled: set[str]) -> Iterator[Fault]:
    for name in slots_in(line):
        if name not in filled:
            yield Fault(where, f"no answer so far could have filled the slot {{{name}}}")


def _both_ways(line: str) -> tuple[str, str]:
    """The line with its choices taken one way and the other, slots as one word each."""
    parts = r"\[([^\[\]|]*)\|([^\[\]|]*)\]"
    return re.sub(parts, r"\1", line), re.sub(parts, r"\2", line)


def _twice(where: Where, names: list[str], what: str) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            last = len(names) - 1 - names[::-1].index(name)
            yield Fault((*where, last), f"the {what} `{name}` is given twice")


def _key(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))
