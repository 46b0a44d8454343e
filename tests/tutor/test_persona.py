"""The tutor's instructions hold what the tutor must always do."""

from itertools import product

import pytest

from realtime.tutor.persona import Level, MotherTongue, persona
from tests.tutor.said import LESSONS


@pytest.mark.parametrize(("level", "tongue"), [*product(("A1", "A2", "B1"), ("en", "es"))])
def test_every_talk_has_the_same_tutor(level: Level, tongue: MotherTongue) -> None:
    prompt = persona(level, tongue)
    for promise in (
        "English teacher",
        "one to three short sentences",
        "first sentence has at most eight words",
        "End with a question",
        "Speak only English",
        "change the subject",
        "Never pretend that you understood",
        "no emoji",
    ):
        assert promise in prompt
    assert f"level {level}" in prompt
    assert ("Spanish" in prompt) == (tongue == "es")


def test_what_never_changes_comes_first() -> None:
    prompts = [persona("A1", "es"), persona("B1", "en", LESSONS["cafe"])]
    shared = next(n for n, pair in enumerate(zip(*prompts, strict=False)) if pair[0] != pair[1])
    assert shared > len(prompts[0]) * 0.6


def test_a_lesson_gives_its_questions_and_words() -> None:
    prompt = persona("A1", "es", LESSONS["cafe"])
    assert "What would you like to drink?" in prompt
    assert "a glass of water" in prompt
    assert "Let's go on with our coffee." in prompt
    assert "no lesson" not in prompt
    for lesson in LESSONS.values():
        assert not set("{}[]|") & set(persona(lesson.level, "es", lesson))
