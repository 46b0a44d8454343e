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
    yield from _scene_faults(lesson)
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
    for place, text in _right(step):
        yield from _answer_faults((*where, *place), text)
        if len(sentences(text)) != 1 or not text.endswith((".", "?", "!")):
            yield Fault((*where, *place), "must be one sentence with its mark at the end")
    for at, mistake in enumerate(step.mistakes):
        yield from _answer_faults((*where, "mistakes", at, "said"), mistake.said)
        yield from _mistake_faults(lesson, step, mistake, at, (*where, "mistakes", at))
    yield from _twice(
        (*where, "scenes" if step.scenes else "right"), [_key(text) for text in step.right], "answer"
    )
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


def _scene_faults(lesson: Lesson) -> Iterator[Fault]:
    """One choice at most, and each of its scenes is played after it."""
    for at, step in enumerate(lesson.steps):
        where: Where = ("steps", at)
        if step.scenes and at != lesson.choice:
            yield Fault((*where, "scenes"), "a lesson has one step with scenes at most")
        elif step.scenes and step.scene:
            yield Fault((*where, "scene"), "the step with the scenes is in none of them")
        elif step.scene and step.scene not in lesson.scenes:
            known = ", ".join(lesson.scenes) or "none"
            yield Fault((*where, "scene"), f"there is no scene `{step.scene}` to choose (there are: {known})")
        elif step.scene and lesson.choice is not None and at < lesson.choice:
            yield Fault((*where, "scene"), "comes before the step where its scene is chosen")
    for scene in lesson.scenes:
        if lesson.choice is not None and not any(step.scene == scene for step in lesson.steps):
            yield Fault(("steps", lesson.choice, "scenes", scene), f"the scene `{scene}` has no step")


def _slot_faults(lesson: Lesson) -> Iterator[Fault]:
    """Every slot is known, and a line uses none that no answer before it could have filled: in a scene's step
    those of other scenes."""
    filled: set[tuple[str, str | None]] = set()  # each with the scene where it was
    for at, step in enumerate(lesson.steps):
        where: Where = ("steps", at)
        known = {name for name, scene in filled if step.scene is None or scene in (None, step.scene)}
        for key, text in (("en", step.say.en), ("es", step.say.es)):
            yield from _unfilled((*where, "say", key), text, known)
        for place, text in _answers(step):
            for name in slots_in(text):
                if name not in lesson.slots:
                    yield Fault((*where, *place), f"the slot {{{name}}} is not among the lesson's slots")
                known.add(name)
                filled.add((name, step.scene))
        yield from _unfilled((*where, "react"), step.react or "", known)
    yield from _unfilled(("end", "en"), lesson.end.en, {name for name, _ in filled})


def _answers(step: Step) -> Iterator[tuple[Where, str]]:
    yield from _right(step)
    for at, mistake in enumerate(step.mistakes):
        yield ("mistakes", at, "said"), mistake.said


def _right(step: Step) -> Iterator[tuple[Where, str]]:
    """The right answers where they are written."""
    for scene, texts in step.scenes.items():
        yield from ((("scenes", scene, at), text) for at, text in enumerate(texts))
    if not step.scenes:
        yield from ((("right", at), text) for at, text in enumerate(step.right))


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
