"""The fixed lines are all that a lesson says to a learner whose own words it does not repeat."""

import random

import pytest

from realtime.talk.transcript import Transcript
from realtime.tutor import guide
from realtime.tutor.fixed import lines
from realtime.tutor.guide import Progress
from realtime.tutor.lesson import Lesson, fill_example
from realtime.tutor.phrases import CONTROLS
from tests.tutor.said import LESSONS, heard


def _walk(lesson: Lesson, dice: random.Random) -> list[str]:
    """What is said to a learner who answers at random, rightly, wrongly, or not at all."""
    progress, line = guide.begin(lesson)
    said = [line.text]
    for _ in range(60):
        progress, line = guide.step(lesson, progress, _answer(lesson, progress, dice))
        said.append(line.text)
    return said


def _answer(lesson: Lesson, progress: Progress, dice: random.Random) -> Transcript:
    step = guide.step_at(lesson, progress)
    kind = dice.choice(("right", "right", "right", "mistake", "near", "control", "noise", "silence"))
    sentence = dice.choice(step.right)
    match kind:
        case "mistake":
            sentence = dice.choice(step.mistakes).said
        case "control":
            sentence = dice.choice(dice.choice(list(CONTROLS.values())))
        case "noise":
            return heard("the weather in china", dice.choice((None, 0.1, 0.4, 0.9)))
        case "silence":
            return Transcript()
    words = fill_example(sentence, lesson, {})[0].split()
    if kind == "near":
        words[dice.randrange(len(words))] = "window"
    return heard(" ".join(words), score=0.1)  # so unsurely that no word of it is repeated


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.id)
def test_nothing_else_is_said_on_any_way_through_a_lesson(lesson: Lesson) -> None:
    fixed, dice = set(lines([lesson])), random.Random(7)
    said = {line for _ in range(20) for line in _walk(lesson, dice)}
    assert len(said) > 40
    assert said - fixed == set()


def test_no_slot_is_left_open() -> None:
    assert not [line for line in lines(LESSONS.values()) if set(line) & set("{}[]|")]
