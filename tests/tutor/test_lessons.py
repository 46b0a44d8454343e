"""The lessons that come with the tutor are good ones, and a broken file says where it is broken."""

from pathlib import Path

import pytest

from realtime.tutor.lesson import Lesson, fill, sentences, slots_in
from realtime.tutor.lessons import LessonError, load_lessons
from tests.tutor.said import LESSONS

GOOD = """\
id: fruit
level: A1
title: {en: Fruit, es: Fruta}
aim: {en: Buy some fruit., es: Comprar fruta.}
topic: our fruit
opening:
  en: Welcome to the market!
  es: ¡Bienvenido al mercado!
slots:
  who: people
steps:
  - id: name
    say:
      en: What's your name?
      es: ¿Cómo te llamas?
    right:
      - My name is {who}.
      - I'm {who}.
      - It's {who}.
    mistakes:
      - said: me call {who}
        better: My name is {who}.
        en: Say "my name is".
        es: Di "my name is".
    hint:
      en: Say "My name is".
      es: Di "My name is".
  - id: apples
    say:
      en: Hello[, {who}|]! How many apples?
      es: ¿Cuántas manzanas?
    right:
      - Two apples, please.
      - Three apples, please.
      - I'd like two apples.
    mistakes:
      - said: put me two apples
        better: I'd like two apples.
        en: Say "I'd like".
        es: Di "I'd like".
    hint:
      en: Say a number.
      es: Di un número.
end:
  en: Well done!
  es: ¡Bien hecho!
vocabulary:
  - {en: apple, es: manzana}
  - {en: two, es: dos}
  - {en: three, es: tres}
"""
PEOPLE = "kind: {en: a name, es: un nombre}\nopen: true\nvalues: [Ana, Luis, Eva]\n"


def folder_with(tmp_path: Path, lesson: str, people: str = PEOPLE) -> Path:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "people.yaml").write_text(people, encoding="utf-8")
    (tmp_path / "fruit.yaml").write_text(lesson, encoding="utf-8")
    return tmp_path


VISIT = LESSONS["visit"]
WHOLE = [lesson for lesson in LESSONS.values() if lesson is not VISIT]


def test_the_eight_lessons_and_the_talk_for_a_visitor() -> None:
    assert sorted(LESSONS) == [
        "asking_the_way", "cafe", "daily_routine", "greetings",
        "introducing", "job_interview", "shopping", "visit", "weekend",
    ]  # fmt: skip
    assert {lesson.level for lesson in LESSONS.values()} == {"A1", "A2", "B1"}


@pytest.mark.parametrize("lesson", WHOLE, ids=lambda lesson: lesson.id)
def test_a_lesson_has_ten_exchanges(lesson: Lesson) -> None:
    assert (len(lesson.steps), lesson.length(None), lesson.scenes) == (10, 10, ())


def test_a_visitor_has_six_exchanges_in_one_of_three_scenes() -> None:
    assert [VISIT.length(scene) for scene in VISIT.scenes] == [6, 6, 6]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
def test_a_lesson_has_enough_to_say(lesson: Lesson) -> None:
    for step in lesson.steps:
        assert len(step.right) >= 3
        assert 2 <= len(step.mistakes) <= 4
        assert step.question.endswith((".", "?")), "the tutor asks, or invites to speak"
    assert len(lesson.vocabulary) >= 8


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
def test_what_the_tutor_says_is_short(lesson: Lesson) -> None:
    lines = [lesson.opening.en, lesson.end.en]
    lines += [text for step in lesson.steps for text in (step.say.en, step.react) if text]
    words = {name: listed.example for name, listed in lesson.slots.items()}
    for line in (fill(line, known) for line in lines for known in (words, {})):
        assert 1 <= len(sentences(line)) <= 2
        assert len(sentences(line)[0].split()) <= 8


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
def test_spanish_is_spanish(lesson: Lesson) -> None:
    for step in lesson.steps:
        assert step.say.es != step.say.en
        assert step.hint.es != step.hint.en
        assert all(mistake.es != mistake.en for mistake in step.mistakes)


def test_a_learner_of_a_lesson_is_called_by_name_somewhere() -> None:
    assert any("{name}" in (step.react or "") + step.say.en for step in LESSONS["greetings"].steps)
    assert all(slots_in(lesson.opening.en) == () for lesson in LESSONS.values())


def test_a_good_file_is_read(tmp_path: Path) -> None:
    lessons = load_lessons(folder_with(tmp_path, GOOD))
    assert list(lessons) == ["fruit"]
    assert lessons["fruit"].slots["who"].values == ("Ana", "Luis", "Eva")


ANOTHER = "        better: I'd like two apples.\n        en: Say it so.\n        es: Dilo así.\n"
SAID = "said: put me two apples"
BROKEN = {
    "no YAML": ("level: A1", "level: [A1", "did not find|expected"),
    "unknown level": ("level: A1", "level: C2", "level"),
    "missing Spanish": ("      es: ¿Cuántas manzanas?\n", "", "es.*[Ff]ield required"),
    "empty Spanish": ("es: ¿Cuántas manzanas?", 'es: ""', "at least 1"),
    "misspelt key": ("    hint:\n      en: Say a", "    hnit:\n      en: Say a", "hnit|hint"),
    "key given twice": ("topic: our fruit", "level: A2", "`level` is given twice"),
    "unknown word list": ("who: people", "who: planets", "no word list `planets`"),
    "unknown slot": ("- I'm {who}.", "- I'm {whom}.", "{whom} is not among"),
    "two slots in an answer": ("- I'm {who}.", "- I'm {who} and {who}.", "one slot only"),
    "slot that may be unknown": ("Hello[, {who}|]!", "Hello, {who}!", "may be unknown"),
    "slot used before it is filled": ("en: What's your name?", "en: Hi[, {who}|]!", "could have filled"),
    "duplicate step": ("id: apples", "id: name", "`name` is given twice"),
    "duplicate answer": ("- Three apples, please.", "- two apples please!", "given twice"),
    "too few answers": ("      - It's {who}.\n", "", "at least 3"),
    "mistake that is a right answer": (
        "said: put me two apples",
        "said: I'd like two apples",
        "a right answer",
    ),
    "mistake that sounds right": (
        "said: put me two apples",
        "said: I would like two apples",
        "cannot be told from one",
    ),
    "correction nobody may repeat": (
        "better: I'd like two apples.",
        "better: Give me two.",
        "none of the right",
    ),
    "mistake given twice": (SAID, f"{SAID}\n{ANOTHER}      - {SAID} please", "told from another"),
    "digit": ("- Three apples, please.", "- 3 apples, please.", "written in words"),
    "answer without its mark": ("- Three apples, please.", "- Three apples please", "its mark"),
    "half a sentence": ("How many apples?", "How", "must end like"),
    "too long a beginning": (
        "en: Welcome to the market!",
        "en: Welcome to the very big market of our old town!",
        "more than 8",
    ),
    "too many sentences": ("en: Welcome to the market!", "en: Hi! Welcome! Come in!", "3 sentences"),
}


SCENES = """\
  - id: choice
    say:
      en: Apples or pears?
      es: ¿Manzanas o peras?
    scenes:
      apple:
        - Apples, please.
        - Some apples.
      pear:
        - Pears, please.
        - Some pears.
    mistakes:
      - said: put me pears
        better: Some pears.
        en: Say "some pears".
        es: Di "some pears".
    hint:
      en: Say a fruit.
      es: Di una fruta.
  - id: apples
    scene: apple
    say:
      en: Hello! How many apples?
      es: ¿Cuántas manzanas?
    right:
      - Two apples.
      - Three apples.
      - With {who}.
    mistakes:
      - said: put me two apples
        better: Two apples.
        en: Say "two".
        es: Di "two".
    hint:
      en: Say a number.
      es: Di un número.
  - id: pears
    scene: pear
    say:
      en: How many pears?
      es: ¿Cuántas peras?
    right:
      - Two pears.
      - Three pears.
      - Four pears.
    mistakes:
      - said: put me two pears
        better: Two pears.
        en: Say "two".
        es: Di "two".
    hint:
      en: Say a number.
      es: Di un número.
"""
PARTED = f"{GOOD[: GOOD.index('  - id: name')]}{SCENES}{GOOD[GOOD.index('end:') :]}"


def test_a_lesson_with_scenes_is_read(tmp_path: Path) -> None:
    lesson = load_lessons(folder_with(tmp_path, PARTED))["fruit"]
    assert lesson.scenes == ("apple", "pear")
    assert [step.id for step in lesson.path("pear")] == ["choice", "pears"]
    assert lesson.steps[0].right == ("Apples, please.", "Some apples.", "Pears, please.", "Some pears.")


CHOICE = SCENES[: SCENES.index("  - id: apples")]
PEARS = SCENES[SCENES.index("  - id: pears") :]
# The lines count from where the file was changed.
BROKEN_SCENES = {
    "unknown scene": (
        "scene: pear\n",
        "scene: peach\n",
        0,
        "no scene `peach` to choose .there are: apple, pear",
    ),
    "scene without steps": ("    scene: pear\n", "", -29, "the scene `pear` has no step"),
    "right answers twice": ("    scenes:\n", "    right: [Yes., No.]\n    scenes:\n", -4, "no `right`"),
    "scenes that are none": ("      apple:\n", "      apple: x\n      plum:\n", 0, "scenes.apple"),
    "two choices": (
        "  - id: apples\n",
        CHOICE.replace("choice", "again") + "  - id: apples\n",
        4,
        "one step with scenes",
    ),
    "a choice in a scene": ("- id: choice\n", "- id: choice\n    scene: pear\n", 1, "in none of them"),
    "scene before the choice": (
        "steps:\n",
        "steps:\n" + PEARS.replace("id: pears", "id: early"),
        2,
        "before",
    ),
    "an answer for two scenes": ("- Pears, please.\n", "- Some apples.\n", -5, "given twice"),
    "an answer without its mark": ("- Some pears.\n", "- Some pears\n", 0, "its mark"),
    "a slot of another scene": ("How many pears?", "How many pears[, {who}|]?", 0, "could have filled"),
}


@pytest.mark.parametrize("broken", BROKEN_SCENES)
def test_a_scene_that_cannot_be_played_is_named_with_its_line(tmp_path: Path, broken: str) -> None:
    old, new, further, reason = BROKEN_SCENES[broken]
    assert PARTED.count(old) == 1
    line = PARTED[: PARTED.index(old)].count("\n") + 1 + further
    with pytest.raises(LessonError, match=reason) as caught:
        load_lessons(folder_with(tmp_path, PARTED.replace(old, new)))
    assert caught.value.line == line


# Named elsewhere than where it was changed: an open bracket where it is noticed, what is missing at its
# parent, a pair at its second half.
ELSEWHERE = {"no YAML": 1, "missing Spanish": -2, "too few answers": -3, "mistake given twice": 4}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, broken: str) -> None:
    old, new, reason = BROKEN[broken]
    assert GOOD.count(old) == 1
    line = GOOD[: GOOD.index(old)].count("\n") + 1 + ELSEWHERE.get(broken, 0)
    with pytest.raises(LessonError, match=reason) as caught:
        load_lessons(folder_with(tmp_path, GOOD.replace(old, new)))
    assert (caught.value.file.name, caught.value.line) == ("fruit.yaml", line)
    assert str(caught.value).startswith(f"fruit.yaml, line {line}: ")


def test_a_broken_word_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="values") as caught:
        load_lessons(folder_with(tmp_path, GOOD, "kind: {en: a name, es: un nombre}\nvalues: [Ana]\n"))
    assert (caught.value.file.name, caught.value.line) == ("people.yaml", 2)


def test_two_files_with_one_lesson(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD)
    (folder / "again.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(LessonError, match=r"fruit\.yaml, line 1: another file has the lesson `fruit`"):
        load_lessons(folder)


def test_a_folder_without_lessons(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="no lesson"):
        load_lessons(tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD)
    (folder / "fruit.yaml").write_bytes(b"\xff\xfe\x00id")
    with pytest.raises(LessonError, match=r"fruit\.yaml, line 1"):
        load_lessons(folder)
