"""How many of the corrections are right, and how many mistakes are corrected, by rule.

    python -m benchmarks.corrections [--json] [--missed]

The sentences (tests/tutor/data/corrections.yaml) were written for this without a look at the rules: each
with the id of the mistake in it, or none. A correction is right if it is of that mistake. `--missed` lists
the wrong corrections and the mistakes that were not corrected; rules fitted with it are measured no more.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from realtime.tutor.correction_rules import load_rules
from realtime.tutor.corrections import corrections

SENTENCES = Path(__file__).parents[1] / "tests" / "tutor" / "data" / "corrections.yaml"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence, the rule that it breaks if it breaks one, and the rules that it is corrected by."""

    text: str
    rule: str | None
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one rule, or of all together: `wrong` counts its corrections of other sentences."""

    rule: str
    sentences: int
    corrected: int
    wrong: int

    @property
    def recall(self) -> float:
        return self.corrected / self.sentences if self.sentences else 0.0

    @property
    def precision(self) -> float:
        given = self.corrected + self.wrong
        return self.corrected / given if given else 1.0


def labelled(file: Path = SENTENCES) -> list[Labelled]:
    """Each sentence with what is made of it."""
    return [_labelled(row["text"], row["rule"]) for row in yaml.safe_load(file.read_text(encoding="utf-8"))]


def _labelled(text: str, rule: str | None) -> Labelled:
    return Labelled(text, rule, tuple(found.rule for found in corrections(text)))


def by_rule(sentences: Sequence[Labelled]) -> list[Scores]:
    """In the order of the rules."""
    there = Counter(one.rule for one in sentences if one.rule)
    right = Counter(rule for one in sentences for rule in set(one.found) if rule == one.rule)
    given = Counter(rule for one in sentences for rule in one.found)
    return [Scores(rule, there[rule], right[rule], given[rule] - right[rule]) for rule in load_rules().by_id]


def overall(scores: Sequence[Scores]) -> Scores:
    return Scores(
        "all",
        sum(one.sentences for one in scores),
        sum(one.corrected for one in scores),
        sum(one.wrong for one in scores),
    )


def print_report(sentences: Sequence[Labelled]) -> None:
    scores = by_rule(sentences)
    whole = overall(scores)
    fine = [one for one in sentences if one.rule is None]
    touched = sum(bool(one.found) for one in fine)
    given = whole.corrected + whole.wrong
    print(
        f"{len(sentences)} sentences, {whole.sentences} with a mistake; {given} corrections, "
        f"{whole.wrong} of them wrong: precision {whole.precision:.1%}, recall {whole.recall:.1%}. "
        f"Of {len(fine)} right sentences {touched} were corrected.\n"
    )
    print("| rule | sentences | corrected | recall | wrong |")
    print("| --- | --- | --- | --- | --- |")
    for one in (*scores, whole):
        print(f"| {one.rule} | {one.sentences} | {one.corrected} | {one.recall:.0%} | {one.wrong} |")


def print_missed(sentences: Sequence[Labelled]) -> None:
    for one in sentences:
        if any(rule != one.rule for rule in one.found) or (one.rule and one.rule not in one.found):
            print(f"{one.rule}: {one.text} -> {', '.join(one.found) or 'nothing'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="the scores of each rule, and of all")
    parser.add_argument("--missed", action="store_true", help="what was wrong, or not corrected")
    options = parser.parse_args()
    sentences = labelled()
    if options.json:
        scores = by_rule(sentences)
        print(json.dumps([asdict(one) for one in (*scores, overall(scores))]))
    elif options.missed:
        print_missed(sentences)
    else:
        print_report(sentences)


if __name__ == "__main__":
    main()
