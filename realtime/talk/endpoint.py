"""How long a silence ends an utterance: by its words, by what the tutor asked and by earlier pauses.

Pure; docs/turn.md holds the table. A recogniser's words may be wrong, so all of this only stretches or
shortens the wait that the session asked for: none is an answer by itself.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from realtime.talk.transcript import Word

Ending = Literal["hanging", "dictating", "short", "open", "complete"]

STRETCH: dict[Ending, float] = {"hanging": 2.5, "dictating": 1.8, "short": 1.4, "open": 1.0, "complete": 0.7}
SHORTEST_MS = 300  # a stop between two sentences is this long: no wait is made shorter than that
LONGEST_MS = 2_500
AFTER_PAUSE_MS = 200  # beyond the learner's own pauses
PAUSE_FADES = 0.75
SCRIPT_SURE = 0.8


def _list(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HANGING = _list(
    "and or but because if when while which who whose than as like"
    " a an the my your his its our their these some every"
    " to of in on at by for from with without into about between near under"
    " be been might must i'm he's she's it's we're they're i'd i'll i've very really"
    " um uh er erm hmm eh mm"
)
_DIGITS = _list("oh zero one two three four five six seven eight nine double")
_HELPERS = _list("do does did am is are was were can could will would shall should may have has had")
_YES_NO = _list("yes no yeah yep nope sure of maybe")
_TELLING = ("tell me", "describe", "explain", "why")
_REPEAT = re.compile(r"\b(?:repeat after me|say after me|repeat|say)\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)


def ending(
    words: Sequence[Word], *, expected: tuple[str, ...], asked: str, on_script: float | None
) -> Ending:
    """How an utterance of these words ends.

    `expected`: the lesson's sentences; `asked`: what the tutor said last; `on_script`: the recogniser's own
    certainty that the words are one of those expected.
    """
    text = " ".join(word.text for word in words).strip()
    said = _plain(text)
    if not said:
        return "open"
    if _is_script(said, expected) and (on_script is None or on_script >= SCRIPT_SURE):
        return "complete"
    if (target := _to_repeat(asked)) and target[: len(said)] == said:
        return "complete" if said == target else "hanging"
    if _dictates(said):
        return "dictating"
    if _hangs(said, text):
        return "hanging"
    return _answers(said, text, _question(asked))


def wait_ms(base_ms: int, how: Ending, pause_ms: float) -> int:
    """The silence after which it ends, given the configured one and how long this learner's pauses are."""
    wait = base_ms * STRETCH[how]
    if how != "complete":
        wait = max(wait, min(pause_ms + AFTER_PAUSE_MS, 2 * base_ms) if pause_ms else 0)
    return round(min(max(wait, min(base_ms, SHORTEST_MS)), max(base_ms, LONGEST_MS)))


def paused(pause_ms: float, now_ms: int) -> float:
    """How long this learner's pauses are, after one more of them: the long ones count, and fade."""
    return max(float(now_ms), PAUSE_FADES * pause_ms)


def _hangs(said: tuple[str, ...], text: str) -> bool:
    """Recognisers end nearly everything with a full stop; a question mark and three dots they mean."""
    if text.endswith("?"):
        return False
    helped = said[-1] in _HELPERS and said[0] not in _YES_NO  # "I am", but not "Yes, I am"
    return helped or said[-1] in _HANGING or text.endswith(("...", "…", ",", "-"))


def _dictates(said: tuple[str, ...]) -> bool:
    """A telephone number or a spelling: two digits or two letters at the end, or a group of digits."""
    last = said[-2:]
    if len(said[-1]) > 2 and said[-1].isdigit():
        return True
    digits = all(word in _DIGITS or (word.isdigit() and len(word) == 1) for word in last)
    letters = all(len(word) == 1 and word.isalpha() for word in last) and last != ("a", "i")
    return len(last) == 2 and (digits or letters)


def _answers(said: tuple[str, ...], text: str, question: str) -> Ending:
    first = question.partition(" ")[0]
    if first in _HELPERS and said[0] in _YES_NO:
        return "complete"
    if question.startswith(_TELLING) and len(said) <= 3:
        return "short"
    return "complete" if len(said) >= 3 and text.endswith((".", "!", "?")) else "open"


def _question(asked: str) -> str:
    """The last sentence, where it is one that wants an answer."""
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s+", asked.strip()) if one.strip()]
    return " ".join(_plain(sentences[-1])) if sentences else ""


def _to_repeat(asked: str) -> tuple[str, ...]:
    found = _REPEAT.search(asked)
    return _plain(found.group(1)) if found else ()


def _is_script(said: tuple[str, ...], expected: tuple[str, ...]) -> bool:
    """One of the expected sentences, and no other goes on from there."""
    sentences = _scripts(expected)
    longer = (len(one) > len(said) and one[: len(said)] == said for one in sentences)
    return said in sentences and not any(longer)


@lru_cache(maxsize=64)
def _scripts(expected: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(_plain(one) for one in expected)


def _plain(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[\w']+", text.lower().replace("’", "'")))
