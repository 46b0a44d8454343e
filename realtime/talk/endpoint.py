"""How long a silence ends an utterance: by its words, by what the tutor asked and by earlier pauses.

Pure; docs/turn.md holds the table. A recogniser's words may be wrong, so all of this only stretches or
shortens the wait that the session asked for: none is an answer by itself.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from realtime.talk.transcript import Word

Ending = Literal["hanging", "dictating", "short", "open", "complete"]
Question = Literal["closed", "narrow", "wide", "none"]

STRETCH: dict[Ending, float] = {"hanging": 3.0, "dictating": 2.0, "short": 1.6, "open": 1.0, "complete": 0.6}
SHORTEST_MS = 300  # a stop between two sentences is this long: no wait is made shorter than that
LONGEST_MS = 2_500
AFTER_PAUSE_MS = 300  # beyond the learner's own pauses
PAUSE_MS = 250  # shorter gaps are no pauses: a stop consonant, a breath
PAUSE_FADES = 0.9  # what is left of a pause after an utterance
SCRIPT_SURE = 0.8
MISHEARD = 0.34  # of the words of an expected sentence
THING_WORDS = 3  # name a thing that was asked for
FEW_WORDS = 4  # are no tale
TOLD_WORDS = 10  # are one
SENTENCE_WORDS = 3
NUMBER_DIGITS = 9  # a telephone number has no fewer


def _list(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENDS_NOTHING = _list(
    # what joins
    "and or but because if while whose than as until although"
    # what stands before a noun
    " a an the my your our their every"
    # who does something
    " i'm he's she's it's we're they're you're i'd i'll i've we've they've"
    # looking for words
    " um uh er erm"
)
_SOUNDS = _list("um uh er erm ah eh hmm mm")
_STARTS = _list("well oh so")
_HANGING = _ENDS_NOTHING | _list(  # but a question may end in one of these: "What is it like?"
    "when which who that like so then also since"
    " i he she we they"
    " his its this these those some any each another other many much more"
    # prepositions
    " to of in on at by for from with without into onto about between near under over behind during after"
    " before through around across along against towards opposite"
    # what they have not yet done
    " that's there's be been might must"
    " don't doesn't didn't can't couldn't isn't aren't wasn't weren't won't not"
    " want wants wanted need needs needed love loves prefer get got take took make made buy bought"
    " went go goes going come comes came visited bring brought gave give said say says tell told became"
    " very really always usually never often just only maybe perhaps almost"
    # looking for words
    " ah eh hmm mm well mean"
)
_SEARCHING = re.compile(
    r"(you know|i mean|let me (think|see)|(how|what) (do|can) (you|i|we) (say|call)|how to say|"
    r"what('s| is) the word|^((yes|no) )?i (think|guess))$"
)
_CORRECTING = re.compile(r"(.\bsorry|(?<!^)\bno)$")
_CLOSING = re.compile(
    r"\b(please|thanks|thank you|too|either|i don't know|i don't remember|not really|of course|that's all|"
    r"that's it|very much|very well|so so|(think|hope|guess) so|(hope|guess|afraid|course) not|"
    r"i('m| am)( so| very)? sorry)$"
)
_LETTERS = _list("a i")  # that mostly are words
_DIGITS = _list("oh zero one two three four five six seven eight nine double")
_HELPERS = _list("do does did am is are was were can could will would shall should may have has had")
_YES, _NO = _list("yes yeah yep sure of"), _list("no nope never")  # "of course"
_YES_NO = _YES | _NO | _list("maybe ok okay sometimes always usually often")
_ASKING = _list("do does did can could will would should have has")
_WHO = _list("i you he she it we they")
_ASKED_LAST = _HELPERS | _list("this that these those like mean want need go going come")
_OWN = _list("my the our his her")
_TWICE = _list("no yes very really bye")
_WIDE = re.compile(
    r"^(why|how (was|were|did)|what (happen|do you think|do you do|did|will|are you|would you do))|"
    r"\b(tell me|describe|explain|talk about)\b"
)
_COUNTED = re.compile(r"^(when|what time|how (old|many|much|long|far|often|tall|big))\b")
_NARROW = _list("who whose where when which what what's how")
_DICTATION = re.compile(r"\b(number|spell|spelled|spelt|written|address|code)\b")
_REPEAT = re.compile(r"\b(?:repeat after me|say after me|repeat|say)\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)


def ending(
    words: Sequence[Word], *, expected: tuple[str, ...], asked: str, on_script: float | None
) -> Ending:
    """How an utterance of these words ends.

    `expected`: the lesson's sentences; `asked`: what the tutor said last; `on_script`: the recogniser's own
    certainty that the words are one of those expected.
    """
    text = " ".join(word.text for word in words).strip()
    said = _fluent(_plain(text))
    if not said:
        return "open"
    question = _question(asked)
    sure = on_script is None or on_script >= SCRIPT_SURE
    by_script = _by_script(said, _scripts((*expected, *_to_repeat(asked))))
    if by_script and (sure or by_script == "hanging"):
        return by_script
    if _dictates(said, question):
        return "open" if sum(map(_is_digit, said)) >= NUMBER_DIGITS else "dictating"
    if _hangs(said, text, question):
        return "hanging"
    return _answers(said, text, question)


def wait_ms(base_ms: int, how: Ending, pause_ms: float) -> int:
    """The silence after which it ends, given the configured one and how long this learner's pauses are."""
    wait = base_ms * STRETCH[how]
    if how != "complete":
        wait = max(wait, min(pause_ms + AFTER_PAUSE_MS, 2 * base_ms) if pause_ms else 0)
    return round(min(max(wait, min(base_ms, SHORTEST_MS)), max(base_ms, LONGEST_MS)))


def paused(pause_ms: float, now_ms: int) -> float:
    """How long this learner's pauses are, after one more of them: the longest counts."""
    return max(pause_ms, now_ms) if PAUSE_MS <= now_ms <= LONGEST_MS else pause_ms


def faded(pause_ms: float) -> float:
    """The same after an utterance more: who has not paused for long in many of them no longer does."""
    return PAUSE_FADES * pause_ms


def _fluent(said: tuple[str, ...]) -> tuple[str, ...]:
    """Without the sounds of hesitation and the words said twice; the last ones tell how it ends."""
    words = [word for word in said[:-1] if word not in _SOUNDS] + list(said[-1:])
    while len(words) > 1 and words[0] in _STARTS and not _is_spelt(words[1]):
        del words[0]
    kept = [a for a, b in pairwise(words[:-1]) if a != b or _is_spelt(a)]
    return (*kept, *words[-2:])


def _hangs(said: tuple[str, ...], text: str, question: str) -> bool:
    """Recognisers end nearly everything with a full stop; a question mark and three dots they mean, though a
    question that has begun gets its mark, too."""
    plain, last, answers = " ".join(said), said[-1], said[0] in _YES_NO
    marked = text.endswith("?")
    begins_to_ask = _begins_to_ask(said, marked=marked)
    if marked and last not in _ENDS_NOTHING and not begins_to_ask:
        return False
    if answers and plain in _YES_NO and _kind(question) == "closed":
        return False
    if text.endswith(("...", "…", ",", "-")) or _SEARCHING.search(plain):
        return True
    if _answers_shortly(said) or _CLOSING.search(plain) or (_asks(said) and not begins_to_ask):
        return False
    if not answers and _CORRECTING.search(plain):
        return True
    stutters = said[-2:-1] == (last,) and last not in _TWICE
    begins = begins_to_ask or (answers and said[1:] == ("it",)) or _takes_up(said, question)
    return stutters or begins or last in _HELPERS | _HANGING


def _begins_to_ask(said: tuple[str, ...], *, marked: bool) -> bool:
    """ "What does it" and "Can you", but not "I did it"; with a question mark "Can you?" is all."""
    (subject, before, last), first = ("", "", *said)[-3:], said[0]
    begins = first in _NARROW or (not marked and (len(said) == 2 or first in _YES_NO))
    begins = begins and before in _ASKING and last in _WHO and subject not in _WHO
    return begins and (first, last) != ("who", "it")


def _asks(said: tuple[str, ...]) -> bool:
    """ "What does it mean", but neither "What I mean" nor "What is the name of"."""
    first, last = said[0], said[-1]
    inverted = len(said) > 2 and first in _NARROW and said[1] in _HELPERS
    return inverted and (last in _ASKED_LAST or (first, last) == ("where", "from"))


def _answers_shortly(said: tuple[str, ...]) -> bool:
    """ "Yes, I am" and "No, I don't" may be all; "No, I am" is not, nor is "I am"."""
    first, last = said[0], said[-1]
    if first in _NO and last == "not":
        return 3 <= len(said) <= 4
    denies = last.endswith("n't")
    agrees = first in _YES_NO and first not in (_YES if denies else _NO)
    short = len(said) <= 3 or (len(said) == 4 and said[-2] in _WHO)
    return agrees and short and (denies or last in _HELPERS)


def _takes_up(said: tuple[str, ...], question: str) -> bool:
    """ "My favourite food" or "I live", of one who was asked for it: what it is must follow."""
    asked = {*question.split(), "was"}
    begins = said[0] in _OWN or (said[0] in _WHO and _kind(question) == "narrow")
    return len(said) > 1 and begins and "or" not in asked and set(said[1:]) <= asked


def _dictates(said: tuple[str, ...], question: str) -> bool:
    """A telephone number or a spelling: two digits or two letters at the end, or a group of digits."""
    if len(said[-1]) > 2 and said[-1].isdigit():
        return True
    if _DICTATION.search(question):
        return said[-1] in _LETTERS or _is_spelt(said[-1]) or sum(map(_is_spelt, said)) > 1
    last = said[-2:]
    letters = all(len(word) == 1 and word.isalpha() for word in last) and not set(last) <= _LETTERS
    return len(last) == 2 and (all(map(_is_digit, last)) or letters)


def _is_spelt(word: str) -> bool:
    return _is_digit(word) or (len(word) == 1 and word.isalpha() and word not in _LETTERS)


def _is_digit(word: str) -> bool:
    return word in _DIGITS or (word.isdigit() and len(word) == 1)


def _answers(said: tuple[str, ...], text: str, question: str) -> Ending:
    """A word or three name the thing that was asked for; who says more tells of it, and may go on."""
    if _CLOSING.search(" ".join(said)):
        return "complete"
    kind, number = _kind(question), len(said)
    if kind == "wide":
        return "complete" if number >= TOLD_WORDS else "short" if number <= FEW_WORDS else "open"
    if kind == "narrow":
        spells = _DICTATION.search(question)  # what was not heard as letters or digits was misheard
        tells = THING_WORDS < number < TOLD_WORDS and not text.endswith("?") and not _COUNTED.search(question)
        return "open" if spells or tells or said[0] in _YES_NO else "complete"
    if kind == "closed":
        return "complete" if number >= SENTENCE_WORDS or (number > 1 and said[0] in _YES_NO) else "open"
    return "complete" if number >= SENTENCE_WORDS and text.endswith((".", "!", "?")) else "open"


def _kind(question: str) -> Question:
    """What answer the question wants: a yes or no, a thing, a tale."""
    if _WIDE.search(question):
        return "wide"
    first = question.partition(" ")[0]
    return "closed" if first in _HELPERS else "narrow" if first in _NARROW else "none"


def _question(asked: str) -> str:
    """The last sentence, where it is one that wants an answer."""
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s+", asked.strip()) if one.strip()]
    return " ".join(_plain(sentences[-1])) if sentences else ""


def _to_repeat(asked: str) -> tuple[str, ...]:
    found = _REPEAT.search(asked)
    return (found.group(1),) if found else ()


def _by_script(said: tuple[str, ...], sentences: frozenset[tuple[str, ...]]) -> Ending | None:
    """By the expected sentences that are nearest: one of them is over, or goes on from there, or both."""
    ends = {len(one) == len(said) for one in sentences if one[: len(said)] == said}
    nearest = 0.0 if ends else MISHEARD * len(said)
    for sentence in sentences:
        if not nearest or len(set(said).difference(sentence)) > nearest:  # of hundreds, few are like it
            continue
        wrong, whole = _nearest(said, sentence)
        if wrong < nearest:
            ends, nearest = {whole}, wrong
        elif wrong == nearest:
            ends.add(whole)
    if not ends:
        return None
    return "open" if len(ends) == 2 else "complete" if True in ends else "hanging"


def _nearest(said: tuple[str, ...], sentence: tuple[str, ...]) -> tuple[int, bool]:
    """Words that differ from the beginning of the sentence that is nearest, and whether that is all of it."""
    near = sentence[: len(said) + 2]
    row = list(range(len(near) + 1))
    for n, word in enumerate(said, 1):
        before, row[0] = row[0], n
        for at, other in enumerate(near, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    wrong, _, _, begun = min(
        (wrong, near[at - 1 : at] != said[-1:], abs(at - len(said)), at) for at, wrong in enumerate(row)
    )
    return wrong, begun == len(sentence)


@lru_cache(maxsize=64)
def _scripts(expected: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(_fluent(_plain(one)) for one in expected)


def _plain(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[\w']+", text.lower().replace("’", "'")))
