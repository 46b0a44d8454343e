"""Whether a chat model's answer is a tutor's: pure functions over text, each with a limit that is stated.

A judge that reads words cannot see sense. What it fails is worth a look; what it passes is not thereby good.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from realtime.tutor.lesson import sentences
from realtime.tutor.spoken import plain

FIRST_WORDS = 8
SENTENCES = 3
ENGLISH = 0.7

_MARKUP = re.compile(
    r"[*_#`~|<>\[\]{}\\]|\n|^\s*\d+[.)]\s|^\s*[-•]\s"
    "|[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff]|:-?[)(DP]"
)
_INVITATIONS = (
    "tell me",
    "say",
    "try",
    "now you",
    "your turn",
    "repeat",
    "let us",
    "answer",
    "go on",
)
_ENGLISH = frozenset(
    plain("""
    a an and or but is are was were be am i you he she it we they my your the do does did have has had can
    could will would not what where when who how why to of in on at for with from about this that there yes
    no very good like let say tell please now
    """)
)
# Spanish, French, German, Italian and Portuguese; what English has too is left out.
_OTHERS = (
    frozenset(
        plain("""
        el la los las un una y o pero es son soy eres yo tu que de del en por para con se lo muy bien como
        cuando donde si mi le les des une et mais est sont je vous nous il elle ce qui dans pour avec sur pas
        der die das und oder aber ist sind ich du wir sie nicht mit auf ein eine zu von gli e ma sono sei io
        non per os as um uma mas sao eu voce nao com
        """)
    )
    - _ENGLISH
)

Grade = Literal["must", "should"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`must`: what no tutor may get wrong; `should`: style, of which a part may be missed."""

    name: str
    grade: Grade
    passed: bool
    found: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a learner says. `wanted`: one of these is in a good answer; `banned`: none of them is."""

    kind: str
    said: str
    wanted: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()


LIMITS = {
    "an answer": "only that there is one",
    "length": f"at most {SENTENCES} sentences, by their marks: a long one counts as one",
    "first sentence": f"at most {FIRST_WORDS} words, by spaces",
    "invitation": "the end is a question mark or begins like an invitation; a rhetorical question passes",
    "markup": "characters and emoji that nobody can speak; a list written out in words passes",
    "English": f"of the commonest words of six languages at least {ENGLISH:.0%} are English",
    "wanted": "one of a few words is there; said in another way it is missed, said in passing it passes",
    "subject": "none of a few words that go into the subject is there; said in other words it passes",
}


def judge(probe: Probe, answer: str) -> tuple[Judgement, ...]:
    """An empty answer fails, and is judged no further."""
    if not plain(answer):
        return (Judgement("an answer", "must", False, "nothing was said"),)
    said: list[Judgement] = [
        Judgement("an answer", "must", True),
        _judged("markup", "must", markup(answer)),
        _judged("English", "must", not_english(answer)),
        _judged("length", "should", too_long(answer)),
        _judged("first sentence", "should", long_start(answer)),
        _judged("invitation", "should", no_invitation(answer)),
    ]
    if probe.wanted:
        missing = "" if any(has(answer, words) for words in probe.wanted) else f"none of {probe.wanted}"
        said.append(Judgement("wanted", "must", not missing, missing))
    if probe.banned:
        said.append(_judged("subject", "must", first(probe.banned, lambda words: has(answer, words))))
    return tuple(said)


def markup(answer: str) -> str:
    found = _MARKUP.search(answer.strip())
    return repr(found[0]) if found else ""


def not_english(answer: str) -> str:
    words = plain(answer)
    english, others = (sum(word in known for word in words) for known in (_ENGLISH, _OTHERS))
    share = english / max(1, english + others)
    # A few words without any common one ("Okay, goodbye!") tell nothing.
    return f"{share:.0%} English" if share < ENGLISH and (english + others > 0 or len(words) > 6) else ""


def too_long(answer: str) -> str:
    count = len(sentences(answer))
    return f"{count} sentences" if count > SENTENCES else ""


def long_start(answer: str) -> str:
    words = len(sentences(answer)[0].split())
    return f"{words} words" if words > FIRST_WORDS else ""


def no_invitation(answer: str) -> str:
    last = sentences(answer)[-1]
    invites = last.rstrip("\"'”’ ").endswith("?") or has_start(last)
    return "" if invites else repr(last[-40:])


def has_start(sentence: str) -> bool:
    return any(plain(sentence)[: len(plain(start))] == plain(start) for start in _INVITATIONS)


def has(answer: str, phrase: str) -> bool:
    """The phrase's words in a row, contractions spoken out."""
    words, wanted = plain(answer), plain(phrase)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def first(phrases: tuple[str, ...], holds: Callable[[str], bool]) -> str:
    return next((repr(phrase) for phrase in phrases if holds(phrase)), "")


def _judged(name: str, grade: Grade, found: str) -> Judgement:
    return Judgement(name, grade, not found, found)
