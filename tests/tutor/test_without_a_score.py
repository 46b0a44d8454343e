"""Lessons with a recogniser that writes well and gives no on-script score, as Whisper does."""

import pytest

from realtime.talk.transcript import Transcript, Word
from realtime.tutor.guide import begin, step, step_at
from realtime.tutor.lesson import fill_example
from tests.tutor.said import LESSONS

ELSEWHERE = "The weather in Madrid was terrible yesterday evening."


def written(text: str, score: float = 0.99) -> Transcript:
    """Capitals and marks as they are; each word with a probability."""
    words = tuple(Word(word, 300 * n, 300 * n + 250, score) for n, word in enumerate(text.split()))
    return Transcript(words, on_script=None)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_led_to_its_end_by_the_words_alone(name: str) -> None:
    lesson = LESSONS[name]
    progress, _ = begin(lesson)
    while not progress.finished:
        here = progress
        sentence, _ = fill_example(step_at(lesson, here).right[-1], lesson, dict(here.slots))
        away, line = step(lesson, here, written(ELSEWHERE))
        assert (line.verdict, away.step) == ("off_script", here.step)
        progress, line = step(lesson, away, written(sentence))
        assert line.verdict == "right", sentence
        assert progress.step == here.step + 1 or progress.finished
