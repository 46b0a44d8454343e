"""What a lesson says that depends on no word of the learner's: every line, in every situation, once.

The guide itself is asked: at each step, after each number of tries, for each kind of answer. Where a line has
room for a learner's own word, it is the line that does without.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from realtime.talk.transcript import Transcript, Word
from realtime.tutor import guide
from realtime.tutor.guide import PASSED_AFTER
from realtime.tutor.lesson import Lesson, Step, fill_example
from realtime.tutor.matching import UNCLEAR_ON_SCRIPT
from realtime.tutor.phrases import CONTROLS

_NOISE = "blah"
_SPANISH = "hola buenos días señora"


def lines(lessons: Iterable[Lesson]) -> tuple[str, ...]:
    """In the order of the lessons, each once."""
    return tuple(dict.fromkeys(line for lesson in lessons for line in _lines(lesson)))


def _lines(lesson: Lesson) -> Iterator[str]:
    yield guide.begin(lesson)[1].text
    for begun in guide.places(lesson):
        step = guide.step_at(lesson, begun)
        yield from (guide.step(lesson, begun, heard)[1].text for heard in _once(lesson, step))
        answers = list(_answers(lesson, step))
        for tries, corrected in product(range(PASSED_AFTER + 1), (False, True)):
            here = replace(begun, tries=tries, corrected=corrected)
            yield from (guide.step(lesson, here, heard)[1].text for heard in answers)
    over = replace(list(guide.places(lesson))[-1], finished=True)
    for said in (*(phrases[0] for phrases in CONTROLS.values()), _NOISE):
        yield guide.step(lesson, over, _heard(said))[1].text


def _answers(lesson: Lesson, step: Step) -> Iterator[Transcript]:
    yield from (_heard(text) for text in _written(lesson, step))
    yield from (Transcript(), _heard(_NOISE), _heard(_SPANISH))
    yield from (_heard(_NOISE, on_script) for on_script in (0.0, UNCLEAR_ON_SCRIPT, 1.0))


def _once(lesson: Lesson, step: Step) -> Iterator[Transcript]:
    """What is answered alike after every number of tries: what may be said at any time (some of it is an
    answer of the step), and what is nearly an answer, so that the tutor asks whether it was meant."""
    yield from (_heard(phrase) for phrases in CONTROLS.values() for phrase in phrases)
    for text in _written(lesson, step):
        words = text.split()
        for at in range(len(words)):
            yield _heard(" ".join((*words[:at], _NOISE, *words[at + 1 :])))


def _written(lesson: Lesson, step: Step) -> list[str]:
    said = (*step.right, *(mistake.said for mistake in step.mistakes))
    return [fill_example(text, lesson, {})[0] for text in said]


def _heard(text: str, on_script: float | None = None) -> Transcript:
    """Heard so unsurely that the tutor repeats none of it."""
    return Transcript(tuple(Word(word, 0, 0, 0.0) for word in text.split()), on_script)
