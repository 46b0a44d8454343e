"""What a learner takes home: from how the lesson went, onto their own phone."""

import base64
import io
import json
from pathlib import Path

import pytest
import segno

from realtime.tutor.guide import Progress, begin, step
from realtime.tutor.lesson import Lesson
from realtime.tutor.summary import NOTES, Answered, Summary, summary
from realtime.tutor.takeaway import LEVEL, QUIET, qr_image, takeaway
from tests.tutor.said import LESSONS, heard

VISIT = LESSONS["visit"]
COFFEE = ("I'm fine, thank you.", "A coffee, please.")
MESSAGES = Path(__file__).parents[2] / "client_web" / "messages"
URL = "https://atom.museum.example"


def talk(*said: str, lesson: Lesson = VISIT, score: float | None = None) -> Summary:
    progress, _ = begin(lesson)
    answered: list[Answered] = []
    for text in said:
        before: Progress = progress
        progress, line = step(lesson, before, heard(text, score=score))
        answered.append((before.step, line))
    return summary(answered)


def test_a_mistake_that_was_mended_is_what_was_learnt() -> None:
    told = talk(*COFFEE, "put me a tea", "I'd like a tea, please.", "for to carry", "my dog is green")
    assert (told.manner, told.said, told.learnt) == ("mended", "Put me a tea", "I'd like a tea, please.")


def test_a_mistake_that_stayed_is_shown_well_said() -> None:
    told = talk(*COFFEE, "put me a tea", "my dog is green", "For here, please.")
    assert (told.manner, told.said, told.learnt) == ("shown", "Put me a tea", "I'd like a tea, please.")


def test_without_a_mistake_it_is_the_longest_good_sentence() -> None:
    told = talk(*COFFEE, "can i have an orange juice please", "To go, please.")
    assert (told.manner, told.said, told.learnt) == ("well", None, "Can I have an orange juice, please?")


def test_who_said_nothing_right_is_told_something_kind() -> None:
    assert talk("my dog is green") == Summary("tried", 0, 1)
    assert talk() == Summary("tried", 0, 0)


def test_a_question_counts_once_and_as_it_ended() -> None:
    told = talk("my dog is green", *COFFEE, "put me a tea", "put me a tea", "to go please")
    assert (told.right, told.answers) == (3, 4)


def test_a_name_that_was_not_surely_heard_is_not_told() -> None:
    friend = ("I'm fine.", "A new friend, please.", "my name is Carlos")
    assert talk(*friend).learnt == "My name is Carlos."
    assert "Carlos" not in str(talk(*friend, score=0.2))
    mistaken = talk(*friend[:2], "I call me Xochitl")
    assert (mistaken.learnt, mistaken.said) == ("A new friend, please.", None)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_phones_page_says_the_same_notes(language: str) -> None:
    words = json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
    assert {name: note[language] for name, note in NOTES.items()} == {
        name: words[f"learnt.note.{name}"] for name in NOTES
    }


# the code


SUMMARY = Summary("mended", 5, 6, "I'd like a coffee, señor.", "Put me a coffee")


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_the_link_holds_all_of_it_in_its_fragment(url: str) -> None:
    page, fragment = takeaway(SUMMARY, url).split("#")
    assert page == f"{URL}/learnt.html"
    assert not set("+/=") & set(fragment)
    held = json.loads(base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))
    assert held == ["I'd like a coffee, señor.", "Put me a coffee", 5, 6, "mended"]


def test_without_an_address_the_code_is_text() -> None:
    assert takeaway(SUMMARY, "").splitlines() == [
        "✓ I'd like a coffee, señor.", "✗ Put me a coffee", NOTES["mended"]["en"], NOTES["mended"]["es"],
    ]  # fmt: skip
    assert takeaway(Summary("tried", 0, 1), "").splitlines() == [*NOTES["tried"].values()]


def test_the_image_is_the_code_of_what_it_holds_and_scales() -> None:
    held = takeaway(SUMMARY, URL)
    kind, coded = qr_image(held).split(",")
    image = base64.b64decode(coded)
    file = io.BytesIO()
    code = segno.make(held, error=LEVEL, boost_error=False, micro=False)
    code.save(file, kind="svg", border=QUIET, light="#fff", omitsize=True, xmldecl=False)
    assert kind == "data:image/svg+xml;base64"
    assert image == file.getvalue()
    modules = code.symbol_size(border=QUIET)[0]
    assert f'viewBox="0 0 {modules} {modules}"'.encode() in image


def test_a_phone_need_not_resolve_many_modules() -> None:
    """At 12 cm a module of every code here is 1.8 mm wide at least, margin included."""
    sizes = []
    for lesson in LESSONS.values():
        for mistake in (mistake for asked in lesson.steps for mistake in asked.mistakes):
            held = takeaway(Summary("mended", 10, 10, mistake.better, mistake.said), URL)
            sizes.append(segno.make(held, error=LEVEL, boost_error=False).symbol_size(border=QUIET)[0])
    assert max(sizes) <= 65
