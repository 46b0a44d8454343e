"""A right answer is found however it is dressed, and nothing else is taken for one."""

from collections.abc import Callable

import pytest

from realtime.tutor.lesson import Lesson, Step
from realtime.tutor.matching import SLOT_SURE, Found, Nearly, find
from realtime.tutor.spoken import plain, tokens
from tests.tutor.said import LESSONS, every_step, heard, spoken_with, step_named

INTRODUCING = LESSONS["introducing"]
CAFE = LESSONS["cafe"]


def found(lesson: Lesson, step: Step, text: str, score: float | None = None) -> Found | Nearly | None:
    return find(lesson, step, tokens(heard(text, score=score)))


@pytest.mark.parametrize(
    "form", [str, lambda text: f"So... uh, {text.upper()} Thank you!"], ids=["plain", "dressed"]
)
def test_every_right_answer_is_right(form: Callable[[str], str]) -> None:
    for lesson, step in every_step():
        for right in step.right:
            for text, _ in spoken_with(lesson, right):
                answer = found(lesson, step, form(text))
                assert isinstance(answer, Found), (lesson.id, step.id, text)
                assert answer.kind == "right", (lesson.id, step.id, text)


def test_every_mistake_is_itself() -> None:
    for lesson, step in every_step():
        for n, mistake in enumerate(step.mistakes):
            for text, slots in spoken_with(lesson, mistake.said):
                wanted = Found("mistake", n, tuple(slots.items()))
                assert found(lesson, step, text) == wanted, (lesson.id, step.id, text)


def test_a_mistake_with_a_word_lost_or_added_is_right_only_if_it_says_a_right_answer() -> None:
    for lesson, step in every_step():
        answers = {plain(text) for right in step.right for text, _ in spoken_with(lesson, right)}
        for mistake in step.mistakes:
            [(text, _), *_] = spoken_with(lesson, mistake.said)
            words = text.split()
            for n in range(len(words)):
                for changed in ([*words[:n], *words[n + 1 :]], [*words[:n], "very", *words[n:]]):
                    answer = found(lesson, step, " ".join(changed))
                    if isinstance(answer, Found) and answer.kind == "right":
                        # Losing a word can repair a mistake ("for to travel").
                        assert plain(" ".join(changed)) in answers, (lesson.id, step.id, changed)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("My name is Ana.", "Ana"),
        ("my name is jose", "Jose"),
        ("I'm María", "Maria"),
        ("My name is Xochitl", None),
        ("I'm Juan Sebastián Elcano", None),
    ],
)
def test_a_name(text: str, value: str | None) -> None:
    answer = found(INTRODUCING, step_named(INTRODUCING, "name"), text)
    assert isinstance(answer, Found)
    assert answer.kind == "right"
    assert answer.slots == (("name", value),)


@pytest.mark.parametrize(
    "text", ["I'm happy", "I'm very hungry", "My name is my name", "Xochitl", "name Xochitl"]
)
def test_no_name(text: str) -> None:
    answer = found(INTRODUCING, step_named(INTRODUCING, "name"), text)
    assert not isinstance(answer, Found)


def test_a_word_that_was_not_surely_heard_is_not_guessed() -> None:
    step = step_named(INTRODUCING, "name")
    sure = found(INTRODUCING, step, "my name is carlos", score=SLOT_SURE)
    unsure = found(INTRODUCING, step, "my name is carlos", score=SLOT_SURE - 0.01)
    assert isinstance(sure, Found)
    assert isinstance(unsure, Found)
    assert sure.slots == (("name", "Carlos"),)
    assert unsure.slots == (("name", None),)


@pytest.mark.parametrize("text", ["I'm 21", "I'm 21 years old.", "I am twenty-one years old", "twenty one"])
def test_numbers_are_numbers_however_they_are_written(text: str) -> None:
    answer = found(INTRODUCING, step_named(INTRODUCING, "age"), text)
    assert isinstance(answer, Found)
    assert (answer.kind, answer.slots) == ("right", (("age", "twenty one"),))


@pytest.mark.parametrize(
    "text", ["I have 21 years", "I have twenty-one years.", "Well, I have 21 years, yes"]
)
def test_a_mistake_may_be_written_in_any_way_too(text: str) -> None:
    answer = found(INTRODUCING, step_named(INTRODUCING, "age"), text)
    assert isinstance(answer, Found) or text.endswith("yes")
    assert not isinstance(answer, Found) or (answer.kind, answer.slots) == (
        "mistake",
        (("age", "twenty one"),),
    )


@pytest.mark.parametrize(
    "text",
    [
        "I like a coffee please",  # "like" for "would like" is grammar
        "I'd liked a coffee",
        "would I like a coffee",
        "I'd not like a coffee",
        "I'd like two coffees a coffee",
    ],
)
def test_grammar_is_not_overlooked(text: str) -> None:
    answer = found(CAFE, step_named(CAFE, "drink"), text)
    assert not (isinstance(answer, Found) and answer.kind == "right")


@pytest.mark.parametrize(
    "text",
    [
        "Hello! I'd really like a coffee, please.",
        "Good morning, I'd like a coffee, thank you very much.",
        "Yes. A coffee, please, sir.",
        "I would like a cappuccino please",
        "Excuse me, can I have an orange juice?",
    ],
)
def test_courtesy_and_small_words_do_no_harm(text: str) -> None:
    answer = found(CAFE, step_named(CAFE, "drink"), text)
    assert isinstance(answer, Found)
    assert answer.kind == "right"


def test_a_courtesy_set_off_by_a_comma_may_be_left_out() -> None:
    table, enjoy = step_named(CAFE, "table"), step_named(CAFE, "enjoy")
    assert found(CAFE, table, "A table for two persons, please.") == Found("mistake", 0)
    answer = found(CAFE, enjoy, "everything is very good")
    assert isinstance(answer, Found)
    assert answer.kind == "right"


def test_no_is_not_a_courtesy() -> None:
    lesson = LESSONS["asking_the_way"]
    answer = found(lesson, step_named(lesson, "bridge"), "No, I know it.")
    assert not (isinstance(answer, Found) and answer.kind == "right")


def test_what_was_nearly_said_is_neither_right_nor_off_the_script() -> None:
    step = step_named(LESSONS["greetings"], "where_from")
    assert isinstance(found(LESSONS["greetings"], step, "I from Spain"), Nearly)


def test_in_a_tie_it_is_not_right() -> None:
    step = step_named(CAFE, "hungry")
    # As far from "Yes, I'm hungry" as from "Yes, I have hungry".
    answer = found(CAFE, step, "yes I hungry")
    assert not (isinstance(answer, Found) and answer.kind == "right")


@pytest.mark.parametrize("text", ["", "purple elephants dance on my roof", "no", "the the the the"])
def test_nothing_of_the_lesson(text: str) -> None:
    assert found(CAFE, step_named(CAFE, "drink"), text) is None
