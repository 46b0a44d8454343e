"""Corrections on sentences that the rules were not written with."""

import pytest

from benchmarks.corrections import Labelled, by_rule, labelled, overall
from realtime.tutor.correction_rules import load_rules


@pytest.fixture(scope="module")
def sentences() -> list[Labelled]:
    return labelled()


def test_there_are_sentences_enough_right_and_wrong(sentences: list[Labelled]) -> None:
    assert len({one.text for one in sentences}) >= 400
    assert sum(one.rule is None for one in sentences) >= 150
    assert {one.rule for one in sentences if one.rule} == set(load_rules().by_id)


def test_a_correction_is_nearly_always_right(sentences: list[Labelled]) -> None:
    whole = overall(by_rule(sentences))
    assert whole.precision >= 0.95, [one for one in sentences if any(rule != one.rule for rule in one.found)]


def test_most_mistakes_are_corrected(sentences: list[Labelled]) -> None:
    whole = overall(by_rule(sentences))
    assert whole.recall >= 0.6


def test_scores_tell_right_from_wrong_and_from_missed() -> None:
    said = [
        Labelled("a", "age-have", ("age-have",)),
        Labelled("b", "age-have", ()),
        Labelled("c", None, ("age-have",)),
        Labelled("d", "am-agree", ("am-agree", "age-have")),
    ]
    scores = {one.rule: one for one in by_rule(said)}
    age = scores["age-have"]
    assert (age.sentences, age.corrected, age.wrong) == (2, 1, 2)
    assert (age.recall, age.precision) == (0.5, 1 / 3)
    whole = overall(list(scores.values()))
    assert (whole.sentences, whole.corrected, whole.wrong) == (3, 2, 2)
