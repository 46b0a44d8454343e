"""The guide leads every learner through a lesson: kindly, forwards, and never praising what was not said."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.talk.transcript import Transcript, Word
from realtime.tutor.guide import (
    MOST_EXPECTED,
    PASSED_AFTER,
    Line,
    Progress,
    begin,
    expected,
    hint,
    is_possible,
    places,
    step,
    step_at,
)
from realtime.tutor.lesson import Lesson, fill_example, sentences, slots_in
from realtime.tutor.matching import ACCEPT_ON_SCRIPT, UNCLEAR_ON_SCRIPT
from realtime.tutor.phrases import CONTROLS, PRAISES
from realtime.tutor.spoken import as_spoken
from tests.tutor.said import LESSONS, at, every_step, heard, spoken_with, step_named

CAFE = LESSONS["cafe"]
GREETINGS = LESSONS["greetings"]
VISIT = LESSONS["visit"]
PATHS = [(lesson, scene) for lesson in LESSONS.values() for scene in lesson.scenes or (None,)]
DRINK = at(CAFE, step_named(CAFE, "drink"))
OFF_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "data" / "off_script.txt"
FRUITLESS = ("unclear", "off_script", "silence", None)


def first_answers(lesson: Lesson, scene: str | None) -> list[str]:
    right = [step.scenes.get(scene or "", step.right)[0] for step in lesson.path(scene)]
    return [fill_example(answer, lesson, {})[0] for answer in right]


# the way through


@pytest.mark.parametrize(
    ("lesson", "scene"), PATHS, ids=lambda one: one.id if one in LESSONS.values() else one
)
def test_right_answers_lead_to_a_kind_end(lesson: Lesson, scene: str | None) -> None:
    progress, line = begin(lesson)
    assert line.text.startswith(lesson.opening.en)
    for n, answer in enumerate(first_answers(lesson, scene)):
        assert progress.step == n
        assert not progress.finished
        progress, line = step(lesson, progress, heard(answer))
        assert line.verdict == "right"
    assert progress.finished
    assert line.text.endswith(sentences(lesson.end.en)[-1])
    assert not set("{}[]|") & set(line.text)


def test_every_right_answer_goes_on_and_keeps_what_it_filled() -> None:
    for lesson, here in every_step():
        for right in here.right:
            [(text, slots), *_] = spoken_with(lesson, right)
            before = at(lesson, here)
            after, line = step(lesson, before, heard(text))
            assert line.verdict == "right"
            assert after.step == before.step + 1 or after.finished
            assert dict(after.slots) == slots


def test_every_mistake_is_corrected_with_its_own_words_and_stays() -> None:
    for lesson, here in every_step():
        for mistake in here.mistakes:
            [(text, slots), *_] = spoken_with(lesson, mistake.said)
            after, line = step(lesson, at(lesson, here), heard(text))
            assert line.verdict == "mistake"
            assert line.better == fill_example(mistake.better, lesson, slots)[0]
            assert line.note == mistake.note()
            assert line.better in line.text
            assert after.step == at(lesson, here).step
            again, praised = step(lesson, after, heard(line.better or ""))
            assert praised.verdict == "right", "whoever repeats the correction has it right"
            assert again.step == after.step + 1 or again.finished


def test_a_correction_is_asked_for_once_only() -> None:
    asked, first = step(CAFE, DRINK, heard("put me a coffee"))
    assert first.text == "Almost. We say: I'd like a coffee, please. Can you say that?"
    assert (first.said, first.better) == ("Put me a coffee", "I'd like a coffee, please.")
    passed, second = step(CAFE, asked, heard("put me a coffee"))
    assert second.verdict == "mistake"
    assert passed.step == asked.step + 1
    assert second.text == "Good try. We say: I'd like a coffee, please. A small one or a large one?"
    _, third = step(CAFE, passed, heard("one little please"))
    assert third.text.startswith("Almost."), "at the next step a correction may be asked for again"


def test_a_name_is_used_and_an_unknown_one_is_not_guessed() -> None:
    here = at(GREETINGS, step_named(GREETINGS, "name"))
    known, line = step(GREETINGS, here, heard("My name is Carlos."))
    assert line.text.startswith("Thank you, Carlos. Nice to meet you, Carlos!")
    unsure, line = step(GREETINGS, here, heard("my name is carlos", on_script=0.9, score=0.2))
    assert line.text.startswith("Thank you. Nice to meet you!")
    assert unsure.slots == (("name", None),)
    assert (known.step, unsure.step) == (here.step + 1, here.step + 1)


def test_a_mistake_with_an_unknown_name_is_corrected_by_an_example() -> None:
    here = at(GREETINGS, step_named(GREETINGS, "name"))
    _, line = step(GREETINGS, here, heard("I call me Xochitl"))
    assert line.text == "Almost. We say, for example: My name is Ana. Can you say that?"
    assert line.said is None


# what is not an answer


@pytest.mark.parametrize("text", OFF_SCRIPT.read_text(encoding="utf-8").splitlines()[::6])
def test_off_the_script_leads_back_to_the_lesson(text: str) -> None:
    for lesson in LESSONS.values():
        for before in list(places(lesson))[::3]:
            after, line = step(lesson, before, heard(text))
            assert line.verdict == "off_script", before
            assert after.step == before.step
            assert line.text.endswith(_asked(lesson, before))


def _asked(lesson: Lesson, progress: Progress) -> tuple[str, ...]:
    question = step_at(lesson, progress).question
    return (question,) if not slots_in(question) else ("?", ".")


def test_spanish_is_led_back_to_english() -> None:
    _, line = step(CAFE, DRINK, heard("Quiero un café con leche, por favor"))
    assert line.verdict == "off_script"
    assert line.text == "In English, please. What would you like to drink?"


@pytest.mark.parametrize(
    ("on_script", "verdict"),
    [
        (None, "right"),
        (1.0, "right"),
        (ACCEPT_ON_SCRIPT, "right"),
        (ACCEPT_ON_SCRIPT - 0.01, "unclear"),
        (UNCLEAR_ON_SCRIPT, "unclear"),
        (UNCLEAR_ON_SCRIPT - 0.01, "off_script"),
        (0.0, "off_script"),
    ],
)
def test_words_are_believed_as_far_as_the_recogniser_is_sure(on_script: float | None, verdict: str) -> None:
    after, line = step(CAFE, DRINK, heard("i'd like a coffee please", on_script))
    assert line.verdict == verdict
    assert (after.step > DRINK.step) == (verdict == "right")


@pytest.mark.parametrize("text", ["", "...", "um", "Uh, hmm..."])
def test_silence_is_given_time(text: str) -> None:
    progress = DRINK
    for _ in range(10):
        progress, line = step(CAFE, progress, heard(text))
        assert line.verdict == "silence"
        assert line.text.startswith("Take your time.")
    assert progress.step == DRINK.step


def test_after_some_fruitless_tries_the_tutor_helps_and_then_goes_on() -> None:
    progress, texts = DRINK, []
    for _ in range(PASSED_AFTER + 1):
        assert progress.step == DRINK.step
        progress, line = step(CAFE, progress, heard("my dog is green"))
        assert line.verdict == "off_script"
        texts.append(line.text)
    assert "You can say: I'd like a coffee, please." in texts[1]
    assert progress.step == DRINK.step + 1
    assert progress.tries == 0
    assert not any(praise in text for praise in PRAISES for text in texts)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("repeat please", "Of course. What would you like to drink?"),
        ("Sorry, can you repeat that?", "What would you like to drink?"),
        ("I don't understand.", 'Say "I\'d like", your drink, and "please".'),
        ("Can you help me?", "You can say: I'd like a coffee, please. Now you!"),
        ("hello", "Hello! What would you like to drink?"),
        ("yes", "Can you say a little more?"),
        ("goodbye", "Or shall we go on?"),
    ],
)
def test_what_may_be_said_at_any_time(text: str, part: str) -> None:
    after, line = step(CAFE, DRINK, heard(text))
    assert part in line.text
    assert line.verdict is None
    assert after == DRINK


def test_whoever_does_not_understand_also_gets_it_in_spanish() -> None:
    _, line = step(CAFE, DRINK, heard("I don't understand"))
    assert line.note["es"].startswith("¿Qué te gustaría beber? ")


def test_a_question_can_be_skipped_without_praise() -> None:
    after, line = step(CAFE, DRINK, heard("next question please"))
    assert after.step == DRINK.step + 1
    assert (line.verdict, line.text) == (None, "No problem. A small one or a large one?")


def test_a_steps_own_answer_comes_before_what_may_be_said_at_any_time() -> None:
    _, line = step(GREETINGS, at(GREETINGS, step_named(GREETINGS, "goodbye")), heard("goodbye"))
    assert line.verdict == "right"


# scenes


CHOICE = at(VISIT, step_named(VISIT, "scene"))


@pytest.mark.parametrize(
    ("text", "scene", "question"),
    [
        ("A coffee, please.", "coffee", "Would you like coffee, tea or juice?"),
        ("I'd like a train", "train", "To the beach or to the mountains?"),
        ("um, the third one", "friend", "What's your name?"),
    ],
)
def test_an_answer_chooses_the_scene(text: str, scene: str, question: str) -> None:
    after, line = step(VISIT, CHOICE, heard(text))
    assert (after.scene, after.step, line.verdict) == (scene, CHOICE.step + 1, "right")
    assert line.text.endswith(question)
    assert step_at(VISIT, after).scene == scene


def test_a_mistake_chooses_the_scene_that_it_means() -> None:
    asked, _ = step(VISIT, CHOICE, heard("one friend new"))
    assert (asked.step, asked.scene) == (CHOICE.step, None)
    changed, _ = step(VISIT, asked, heard("A coffee, please."))
    assert changed.scene == "coffee"
    passed, line = step(VISIT, asked, heard("one friend new"))
    assert (passed.scene, line.verdict) == ("friend", "mistake")


@pytest.mark.parametrize("text", ["my dog is green", "next question please"])
def test_whoever_chooses_nothing_is_taken_to_the_first_scene(text: str) -> None:
    tried = replace(CHOICE, tries=PASSED_AFTER)
    after, line = step(VISIT, tried, heard(text))
    assert (after.scene, after.step) == ("coffee", CHOICE.step + 1)
    assert "last question" not in line.text
    assert line.text.endswith("Would you like coffee, tea or juice?")


def test_the_paths_part_and_meet_again() -> None:
    ends = {scene: [here.id for here in VISIT.path(scene)] for scene in VISIT.scenes}
    assert {steps[0] for steps in ends.values()} == {"how_are_you"}
    assert {steps[-1] for steps in ends.values()} == {"fun"}
    assert all(VISIT.length(scene) == len(steps) for scene, steps in ends.items())
    assert VISIT.length(None) == max(map(len, ends.values()))


def test_every_place_is_possible_and_no_other_is() -> None:
    for lesson in LESSONS.values():
        for place in places(lesson):
            assert is_possible(lesson, place)
            assert is_possible(lesson, replace(place, finished=True)) == (
                place.step == lesson.length(place.scene) - 1
            )
    for wrong in (
        replace(CHOICE, scene="coffee"),
        replace(CHOICE, step=CHOICE.step + 1),
        replace(CHOICE, step=CHOICE.step + 1, scene="moon"),
        replace(CHOICE, step=VISIT.length("coffee"), scene="coffee"),
    ):
        assert not is_possible(VISIT, wrong)


# the beginning and the end


def test_before_the_opening_only_a_right_answer_counts() -> None:
    fresh = Progress("cafe")
    opened, line = step(CAFE, fresh, heard("what is this"))
    assert (opened, line) == begin(CAFE)
    answered, line = step(CAFE, fresh, heard("A table for two, please."))
    assert (answered.step, answered.started, line.verdict) == (1, True, "right")


def test_after_the_end_one_may_start_again() -> None:
    over = Progress("cafe", step=9, started=True, finished=True)
    same, line = step(CAFE, over, heard("I'd like a coffee"))
    assert same == over
    assert line.text.endswith("Would you like to start again?")
    assert step(CAFE, over, heard("Yes, please!")) == begin(CAFE)
    assert step(CAFE, over, heard("no thank you"))[1].text.startswith("Goodbye!")
    assert hint(CAFE, over)[1]["es"].startswith("Hemos terminado")
    assert "yes please" in expected(CAFE, over)


# what the recogniser is told


def test_the_recogniser_is_told_of_everything_within_bounds() -> None:
    for lesson, here in every_step():
        sayings = expected(lesson, at(lesson, here))
        assert len(sayings) <= MOST_EXPECTED
        assert len(set(sayings)) == len(sayings)
        assert sayings == expected(lesson, at(lesson, here))
        assert {phrases[0] for phrases in CONTROLS.values()} <= set(sayings)
        for answer in (*here.right, *(mistake.said for mistake in here.mistakes)):
            for text, _ in spoken_with(lesson, answer):
                assert as_spoken(text) in sayings


def test_all_that_is_expected_is_understood() -> None:
    for lesson, here in every_step():
        for text in expected(lesson, at(lesson, here))[::20]:
            _, line = step(lesson, at(lesson, here), heard(text))
            assert line.verdict in ("right", "mistake", None), (lesson.id, here.id, text)


def test_a_hint_comes_in_both_languages_with_the_question() -> None:
    hints, asked = hint(GREETINGS, Progress("greetings", step=2, slots=(("name", "Ana"),), started=True))
    assert set(hints) == set(asked) == {"en", "es"}
    assert asked["en"] == "Nice to meet you, Ana! What do you answer?"
    assert asked["es"].startswith("¡Encantado de conocerte, Ana!")


# whatever is said

scores = st.none() | st.floats(0, 1)
lines = st.sampled_from(
    [text for lesson, here in every_step() for right in here.right for text, _ in spoken_with(lesson, right)]
    + [
        text
        for lesson, here in every_step()
        for m in here.mistakes
        for text, _ in spoken_with(lesson, m.said)
    ]
    + [phrase for phrases in CONTROLS.values() for phrase in phrases]
)
said = st.lists(st.builds(Word, st.text(max_size=8), st.just(0), st.just(0), scores), max_size=6)
anything = st.builds(Transcript, said.map(tuple), scores) | st.builds(heard, lines, scores, scores)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([*LESSONS.values()]), st.lists(anything, max_size=8))
def test_whatever_is_said_the_lesson_goes_forwards(lesson: Lesson, talk: list[Transcript]) -> None:
    progress, line = begin(lesson)
    _is_well_spoken(line)
    for transcript in talk:
        before = progress
        progress, line = step(lesson, before, transcript)
        _is_well_spoken(line)
        again = before.finished and progress == begin(lesson)[0]
        assert again or before.step <= progress.step <= before.step + 1
        assert is_possible(lesson, progress)
        assert again or progress.finished >= before.finished
        assert not (line.verdict in FRUITLESS and line.text.startswith(PRAISES))
        assert len(expected(lesson, progress)) <= MOST_EXPECTED


def _is_well_spoken(line: Line) -> None:
    assert 1 <= len(sentences(line.text)) <= 3, line.text
    assert len(sentences(line.text)[0].split()) <= 8, line.text
    assert not set("{}[]|") & set(line.text)
    assert line.text.endswith((".", "?", "!"))
    assert line.text[0].isupper()
