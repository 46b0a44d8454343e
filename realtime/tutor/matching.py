"""Which of a step's sentences a learner said: right answers and typical mistakes, weighed against each other.

A sentence is its words before and after one slot at most. Only differences that no learner is judged by (a
"very" more or less, a spelling) may lie between what was heard and a right answer; a mistake may lie further
off, but must be nearer than every right answer. In doubt it is neither.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product
from typing import Literal

from realtime.tutor.lesson import Lesson, Step, slots_in
from realtime.tutor.ordinary import ORDINARY
from realtime.tutor.phrases import COURTESIES, OPENERS_ONLY
from realtime.tutor.spoken import Token, plain

Words = tuple[str, ...]
Filled = tuple[tuple[str, str | None], ...]

# Chosen with benchmarks/on_script.py; benchmarks/lessons.py shows what they come to.
ACCEPT_ON_SCRIPT = 0.5  # at least this surely one of the expected sentences: the words are believed
UNCLEAR_ON_SCRIPT = 0.3  # less than this: something else was said; between them, it is asked for again
SLOT_SURE = 0.95  # a slot's word heard less surely is not repeated: better no name than another's
WORDS_PER_SLIP = 4  # a right answer may have one small difference in so many words, a mistake one of any kind
WORDS_PER_NEAR = 4  # one difference in so many words: it was meant, but not said, or not heard
MOST_SLIPS = 3  # sentences further off are not weighed at all

ALIKE = 0.8
UNKNOWN_WORDS = 3  # an unknown name or place is at most so long
FRAME_WORDS = 2  # around an unknown word there must be so many known ones
_LIGHT = frozenset(
    plain("very really just quite too also then now today always usually about only so here there")
)
_CLOSINGS = COURTESIES - OPENERS_ONLY
_FAR = 99.0
_COURTESY = 0.01


@dataclass(frozen=True, slots=True)
class Found:
    """`at` is the place in `step.right` or `step.mistakes`. A slot with no value was filled by an
    unknown word."""

    kind: Literal["right", "mistake"]
    at: int
    slots: Filled = ()


@dataclass(frozen=True, slots=True)
class Nearly:
    """Close to this right answer, and not surely it."""

    at: int


@dataclass(frozen=True, slots=True)
class _Sentence:
    kind: Literal["right", "mistake"]
    at: int
    head: Words
    slot: str | None
    tail: Words

    def __len__(self) -> int:
        return len(self.head) + (self.slot is not None) + len(self.tail)


@dataclass(frozen=True, slots=True)
class _Fit:
    """`slips` counts the differences; `judged` says that a learner is judged by one of them."""

    sentence: _Sentence
    slips: float
    judged: bool
    slots: Filled

    @property
    def exact(self) -> bool:
        return self.slips < 1


def find(lesson: Lesson, step: Step, heard: Sequence[Token]) -> Found | Nearly | None:
    """What was said at this step; None when it was nothing of the lesson."""
    cores = [(core, _COURTESY * cut) for core, cut in _trimmed(heard)]
    fits = [
        fit
        for sentence in _sentences(step)
        for core, cost in cores
        for fit in _aligned(lesson, sentence, core, cost)
    ]
    right = min((fit for fit in fits if fit.sentence.kind == "right"), key=_closeness, default=None)
    wrong = min((fit for fit in fits if fit.sentence.kind == "mistake"), key=_closeness, default=None)
    if wrong and (right is None or wrong.slips < right.slips) and _is_mistake(wrong):
        return Found("mistake", wrong.sentence.at, wrong.slots)
    if right is None:
        return None
    if (wrong is None or right.slips < wrong.slips) and _is_right(right):
        return Found("right", right.sentence.at, right.slots)
    near = right.slips <= len(right.sentence) / WORDS_PER_NEAR
    return Nearly(right.sentence.at) if near else None


def _closeness(fit: _Fit) -> tuple[float, bool]:
    return fit.slips, any(value is None for _, value in fit.slots)


def _is_right(fit: _Fit) -> bool:
    return fit.exact or (not fit.judged and int(fit.slips) <= len(fit.sentence) // WORDS_PER_SLIP)


def _is_mistake(fit: _Fit) -> bool:
    return fit.exact or int(fit.slips) <= len(fit.sentence) // WORDS_PER_SLIP


def _sentences(step: Step) -> Iterator[_Sentence]:
    for at, right in enumerate(step.right):
        for text in dict.fromkeys((right, _bare(right))):
            yield _sentence("right", at, text)
    for at, mistake in enumerate(step.mistakes):
        for text in dict.fromkeys((mistake.said, _bare(mistake.said))):
            yield _sentence("mistake", at, text)


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    """Without courtesies set off by commas: "It's delicious" is as good as "Yes, it's delicious"."""
    parts = text.split(",")
    while len(parts) > 1 and plain(parts[0]) in COURTESIES:
        parts = parts[1:]
    while len(parts) > 1 and (not plain(parts[-1]) or plain(parts[-1]) in _CLOSINGS):
        parts = parts[:-1]
    return ",".join(parts)


@lru_cache(maxsize=4096)
def _sentence(kind: Literal["right", "mistake"], at: int, text: str) -> _Sentence:
    names = slots_in(text)
    if not names:
        return _Sentence(kind, at, plain(text), None, ())
    head, tail = text.split("{" + names[0] + "}")
    return _Sentence(kind, at, plain(head), names[0], plain(tail))


def _trimmed(heard: Sequence[Token]) -> Iterator[tuple[Sequence[Token], int]]:
    """The answer without courtesies around it, cut in every way, and how many words each cut leaves out."""
    words = tuple(token.text for token in heard)
    length = len(words)
    starts = [cut for cut in range(length + 1) if _made_of(words[:cut], COURTESIES)]
    ends = [cut for cut in range(length + 1) if _made_of(words[cut:], _CLOSINGS)]
    for start, end in product(starts, ends):
        if start < end or length == 0:
            yield heard[start:end], start + length - end


def _made_of(words: Words, courtesies: frozenset[Words]) -> bool:
    if not words:
        return True
    return any(
        words[:n] in courtesies and _made_of(words[n:], courtesies) for n in range(1, min(4, len(words)) + 1)
    )


def _aligned(lesson: Lesson, sentence: _Sentence, heard: Sequence[Token], trimmed: float) -> Iterator[_Fit]:
    words = tuple(token.text for token in heard)
    if sentence.slot is None:
        yield from _fit(sentence, ((sentence.head, words),), (), trimmed)
        return
    for start, end in _spans(len(words), max(lesson.slots[sentence.slot].longest, UNKNOWN_WORDS)):
        parts = ((sentence.head, words[:start]), (sentence.tail, words[end:]))
        value = lesson.slots[sentence.slot].written.get(words[start:end])
        if value is not None:
            sure = all(token.score is None or token.score >= SLOT_SURE for token in heard[start:end])
            yield from _fit(sentence, parts, ((sentence.slot, value if sure else None),), trimmed)
        elif all(meant == said for meant, said in parts) and _is_unknown_word(
            lesson, sentence, words[start:end]
        ):
            yield _Fit(sentence, trimmed, False, ((sentence.slot, None),))


def _spans(length: int, longest: int) -> Iterator[tuple[int, int]]:
    for start in range(length):
        for end in range(start + 1, min(start + longest, length) + 1):
            yield start, end


def _is_unknown_word(lesson: Lesson, sentence: _Sentence, words: Words) -> bool:
    """A name no list holds: between known words, and itself no everyday word."""
    assert sentence.slot is not None
    framed = len(sentence.head) + len(sentence.tail) >= FRAME_WORDS
    short = len(words) <= UNKNOWN_WORDS and all(len(word) > 1 for word in words)
    return framed and short and lesson.slots[sentence.slot].open and ORDINARY.isdisjoint(words)


def _fit(
    sentence: _Sentence, parts: tuple[tuple[Words, Words], ...], slots: Filled, trimmed: float
) -> Iterator[_Fit]:
    if sum(_least_distance(meant, said) for meant, said in parts) > MOST_SLIPS:
        return
    slips = sum(_distance(meant, said, _any_slip) for meant, said in parts)
    if slips <= MOST_SLIPS:
        judged = slips > 0 and sum(_distance(meant, said, _judged_slip) for meant, said in parts) >= _FAR
        yield _Fit(sentence, slips + trimmed, judged, slots)


def _least_distance(meant: Words, said: Words) -> int:
    """No more than the distance, and quickly known: words too many or too few, and strange words."""
    return max(
        abs(len(meant) - len(said)), len(set(said).difference(meant)), len(set(meant).difference(said))
    )


def _distance(meant: Words, said: Words, cost: Callable[[str, str], float]) -> float:
    """The least cost of turning one into the other; a word against "" is one too many or too few."""
    if meant == said:
        return 0
    row = [0.0]
    for word in said:
        row.append(row[-1] + cost("", word))
    for wanted in meant:
        above, row = row, [row[0] + cost(wanted, "")]
        for at, word in enumerate(said):
            same = above[at] + (0 if wanted == word else cost(wanted, word))
            row.append(min(same, above[at + 1] + cost(wanted, ""), row[at] + cost("", word)))
    return row[-1]


def _any_slip(_wanted: str, _word: str) -> float:
    return 1


def _judged_slip(wanted: str, word: str) -> float:
    if not wanted or not word:
        return 1 if (wanted or word) in _LIGHT else _FAR
    return 1 if _spelled_alike(wanted, word) else _FAR


def _spelled_alike(wanted: str, word: str) -> bool:
    """A slip of spelling. Not "works" for "work": an ending is grammar."""
    if min(len(wanted), len(word)) < 4 or wanted.startswith(word) or word.startswith(wanted):
        return False
    endings = wanted[:-1] == word[:-1] or wanted[:3] != word[:3]
    return not endings and SequenceMatcher(None, wanted, word).ratio() >= ALIKE
