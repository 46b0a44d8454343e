"""Capitals for what was heard."""

from realtime.talk.transcript import Transcript, Word
from realtime.tutor.lessons import load_lessons
from realtime.tutor.spelling import capitals, spelled

GREETINGS = load_lessons()["greetings"]
NAME = GREETINGS.slots["name"].values[0]


def heard(text: str) -> Transcript:
    return Transcript(tuple(Word(word, 0, 0, 0.9) for word in text.split()), 0.8)


def test_names_of_the_lesson_and_i_have_capitals() -> None:
    said = spelled(heard(f"hi i'm {NAME.lower()} and i am fine"), capitals(GREETINGS))
    assert said.text == f"hi I'm {NAME} and I am fine"
    assert said.on_script == 0.8
    assert {word.score for word in said.words} == {0.9}


def test_outside_a_lesson_only_i_is_known() -> None:
    assert spelled(heard(f"i am {NAME.lower()}"), capitals(None)).text == f"I am {NAME.lower()}"
