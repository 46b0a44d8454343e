"""Corrections: every rule by its own examples, and what holds for any text."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.tutor.correction_rules import Rule, load_rules
from realtime.tutor.corrections import MOST_IN_A_SENTENCE, corrections
from realtime.tutor.fixed import lines
from realtime.tutor.lesson import expand
from realtime.tutor.lessons import load_lessons
from realtime.tutor.marked import LessonError

RULES = load_rules().by_id


EXAMPLES = [(name, said, better) for name, rule in RULES.items() for said, better in rule.examples.items()]


@pytest.mark.parametrize(("rule", "said", "better"), EXAMPLES)
def test_a_mistake_is_corrected_by_its_rule(rule: str, said: str, better: str) -> None:
    assert [(found.rule, found.sentence) for found in corrections(said)] == [(rule, better)]


@pytest.mark.parametrize("said", [said for rule in RULES.values() for said in rule.fine])
def test_what_only_looks_like_a_mistake_is_left_alone(said: str) -> None:
    assert corrections(said) == ()


@pytest.mark.parametrize("better", [better for _, _, better in EXAMPLES])
def test_what_is_corrected_is_right(better: str) -> None:
    assert corrections(better) == ()


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda said: said.replace("'", "’")])
def test_case_and_the_shape_of_apostrophes_do_not_matter(change: Callable[[str], str]) -> None:
    for rule, said, _ in EXAMPLES:
        assert [found.rule for found in corrections(change(said))] == [rule], said


def test_marks_at_the_end_do_not_matter_but_of_a_question() -> None:
    for rule, said, _ in EXAMPLES:
        if not said.endswith("?"):
            bare = said.rstrip(".!")
            assert [found.rule for found in corrections(bare)] == [rule], bare
            assert [found.rule for found in corrections(f"{bare}.")] == [rule], bare


def test_there_are_rules_enough_and_each_explains_itself_in_both_languages() -> None:
    assert len(RULES) >= 60
    for name, rule in RULES.items():
        assert rule.en != rule.es, name
        assert max(len(rule.en), len(rule.es)) <= 120, name


def test_a_correction_says_what_was_said_where_and_why() -> None:
    (found,) = corrections("Well, I think that it depends of you, my friend.")
    assert (found.said, found.better, found.start, found.end) == ("depends of", "depends on", 22, 32)
    assert found.sentence == "Well, I think that it depends on you, my friend."
    assert found.note == {"en": RULES["depend-of"].en, "es": RULES["depend-of"].es}


def test_hesitations_lie_inside_what_was_said() -> None:
    (found,) = corrections("I um have uh twenty years")
    assert found.sentence == "I am twenty years old"


def test_each_sentence_is_corrected_by_itself() -> None:
    found = corrections("I have 20 years. I am agree! is raining")
    assert [one.sentence for one in found] == ["I am 20 years old.", "I agree!", "it is raining"]
    assert [one.rule for one in found] == ["age-have", "am-agree", "it-is-dropped"]


def test_of_many_mistakes_the_surest_are_told() -> None:
    said = "what you want because he don't like it and it depends of the people"
    assert len(corrections(said)) == MOST_IN_A_SENTENCE
    unsure = "I like the football and I am agree and it depends of you"
    assert [one.rule for one in corrections(unsure)] == ["am-agree", "depend-of"]
    assert [one.rule for one in corrections("I like the football and I am agree")] == [
        "the-general",
        "am-agree",
    ]


def test_two_corrections_stand_in_one_sentence() -> None:
    both = corrections("he don't know nothing")
    assert [one.rule for one in both] == ["he-dont", "double-negative"]
    assert {one.sentence for one in both} == {"he doesn't know anything"}


def test_shouting_is_answered_alike() -> None:
    assert corrections("I AM AGREE")[0].sentence == "I AGREE"


# The words that the rules are about, in any order, are nearer to what a rule takes than any other text.
WORDS = sorted({word for _, said, better in EXAMPLES for word in (*said.split(), *better.split())})
SAID = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from([*WORDS, ",", "?", ".", "\n", "İ", "ß"]), max_size=40).map(" ".join),
)


@given(SAID)
def test_any_text_is_taken(text: str) -> None:
    found = corrections(text)
    assert all(text[one.start : one.end] == one.said for one in found)
    assert all(one.said != one.better for one in found)
    assert all(one.better in one.sentence for one in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
def test_a_sentence_has_few_corrections_and_one_corrected_form(text: str) -> None:
    said = " ".join(text.replace("?", "").replace(".", "").replace("!", "").split())
    found = corrections(said)
    assert len(found) <= MOST_IN_A_SENTENCE
    assert all(one.sentence != said for one in found)
    assert len({one.sentence for one in found}) <= 1


def test_long_text_costs_no_more_by_the_word() -> None:
    """5,000 words without a mark: processor time grows as the text does."""
    words = [
        word for _, said, _ in EXAMPLES for word in said.rstrip(".?!").split() if word[-1] not in ".?!"
    ] * 8
    assert len(words) > 5000
    short, long = (_cost(" ".join(words[:count])) for count in (500, 5000))
    assert long < 30 * short


def test_no_words_cost_much_though_they_nearly_fit_again_and_again() -> None:
    for _, said, _ in EXAMPLES:
        words = said.rstrip(".?!").split()[:-1]
        assert _cost(" ".join(words * 30)) < 1, said


def _cost(text: str) -> float:
    began = process_time()
    corrections(text)
    return process_time() - began


def test_what_the_lessons_say_and_take_for_right_is_never_corrected() -> None:
    loaded = load_lessons()
    right = [
        text
        for lesson in loaded.values()
        for step in lesson.steps
        for written in (*step.right, *(mistake.better for mistake in step.mistakes))
        for text in (written, *expand(written, lesson)[:2], expand(written, lesson)[0].upper())
    ]
    said = [*right, *lines(loaded.values())]
    assert len(said) > 500
    assert [(text, corrections(text)) for text in said if corrections(text)] == []


# a folder of rules


RULE = """
{name}:
  en: Say it.
  es: Dilo.
  cases:
    - said: "{said}"
      better: "{better}"
  examples: {{a: b, c: d}}
  fine: [e, f]
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RULE.format(name="a", said="[x:nonsense]", better="y"), "nonsense"),
        (RULE.format(name="a", said="x", better="[y]"), "nothing is kept"),
        (RULE.format(name="a", said="[v:base]", better="[sung v]"), "sung"),
        (RULE.format(name="a", said="(x", better="y"), "unterminated"),
        (RULE.format(name="a", said="x", better="y").replace("  es:", "  fr:"), "a.es"),
    ],
)
def test_a_faulty_rule_is_named_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    with pytest.raises(LessonError, match=rf"rules.yaml, line \d+: .*{reason}"):
        load_rules(tmp_path)


def test_a_rule_is_written_once(tmp_path: Path) -> None:
    for file in ("one.yaml", "two.yaml"):
        (tmp_path / file).write_text(RULE.format(name="a", said="x", better="y"))
    with pytest.raises(LessonError, match=r"two\.yaml, line 2: another file has the rule `a`"):
        load_rules(tmp_path)


def test_a_rule_keeps_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULE.format(name="a", said="x", better="y"))
    loaded = load_rules(tmp_path)
    assert list(loaded.by_id) == ["a"]
    assert isinstance(loaded.by_id["a"], Rule)
    assert loaded.patterns[0].better({}) == "y"
