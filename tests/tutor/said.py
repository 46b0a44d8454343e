"""What a learner says, for the tests of the tutor."""

from collections.abc import Iterator

from realtime.talk.transcript import Transcript, Word
from realtime.tutor.guide import Progress, places, step_at
from realtime.tutor.lesson import Lesson, Step, fill, slots_in
from realtime.tutor.lessons import load_lessons

LESSONS = load_lessons()


def heard(text: str, on_script: float | None = None, score: float | None = None) -> Transcript:
    words = text.split()
    return Transcript(
        tuple(Word(word, 300 * n, 300 * n + 250, score) for n, word in enumerate(words)), on_script
    )


def at(lesson: Lesson, step: Step) -> Progress:
    return next(place for place in places(lesson) if step_at(lesson, place) is step)


def step_named(lesson: Lesson, name: str) -> Step:
    return next(step for step in lesson.steps if step.id == name)


def every_step() -> Iterator[tuple[Lesson, Step]]:
    for lesson in LESSONS.values():
        for step in lesson.steps:
            yield lesson, step


def spoken_with(lesson: Lesson, sentence: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The sentence with the first and the last word of its slot's list, and what fills the slot."""
    names = slots_in(sentence)
    if not names:
        yield sentence, {}
        return
    words = lesson.slots[names[0]]
    for value in (words.values[0], words.values[-1]):
        yield fill(sentence, {names[0]: value}), {names[0]: value}
