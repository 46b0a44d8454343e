"""Written words as they are spoken: one plain form for whatever a recogniser or a lesson's author writes."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from num2words import num2words  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from realtime.talk.transcript import Transcript


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PIECE = re.compile(r"[$€£]?\d+(?:[:.,]\d+)*(?:st|nd|rd|th)?(?![a-z])|[$€£]?\d+|[a-z]+(?:'[a-z]+)*")
_MONEY = {"$": "dollars", "€": "euros", "£": "pounds"}
_HESITATIONS = _set("um uh uhm erm er hmm hm mm mhm ah eh oh please")
_ENDINGS = {"n't": "not", "'re": "are", "'m": "am", "'ve": "have", "'ll": "will", "'d": "would"}
_IS = _set("it that what where who how when why there here he she name everything")
_HOURS = _set(
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty o'clock"
)
_SAME = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "let's": "let us", "gonna": "going to",
    "wanna": "want to", "gotta": "got to", "ok": "okay", "thanks": "thank you", "alright": "all right",
    "mum": "mom", "colour": "color", "favourite": "favorite", "theatre": "theater", "centre": "center",
    "grey": "gray", "neighbour": "neighbor", "travelling": "traveling", "yeah": "yes", "yep": "yes",
    "nope": "no", "tv": "television", "bye": "goodbye", "oclock": "o'clock", "metre": "meter",
    "metres": "meters",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """One plain word, and how surely it was heard."""

    text: str
    score: float | None = None


def tokens(heard: Transcript) -> tuple[Token, ...]:
    """The plain words of a transcript, hesitations and "please" left out, each with its word's score."""
    spread = [Token(piece, word.score) for word in heard.words for piece in _pieces(word.text)]
    return tuple(token for at, token in enumerate(spread) if not _is_noise(spread, at))


def plain(text: str) -> tuple[str, ...]:
    """The plain words of a written sentence."""
    return _plain(text)


def as_spoken(text: str) -> str:
    """A sentence for the recogniser: lower case, no marks, contractions as they are written."""
    kept = re.sub(r"[^a-z0-9' -]", " ", _fold(text))
    return " ".join(kept.split())


def in_full(text: str) -> str:
    """The same with contractions spoken out: learners say "I am" where the lesson writes "I'm"."""
    return " ".join(_whole(word) if "'" in word else word for word in as_spoken(text).split())


@lru_cache(maxsize=8192)
def _plain(text: str) -> tuple[str, ...]:
    spread = [Token(piece) for piece in _pieces(text)]
    return tuple(token.text for at, token in enumerate(spread) if not _is_noise(spread, at))


def _pieces(text: str) -> list[str]:
    """May be empty, and may be more than one: "It's", "21" and "well-known" are two words each."""
    return [word for piece in _PIECE.findall(_fold(text)) for word in _whole(piece).split()]


def _fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.lower().replace("\u2019", "'").replace("\u2018", "'")


def _whole(piece: str) -> str:
    if piece[0] in _MONEY:
        return f"{_number(piece[1:])} {_MONEY[piece[0]]}"
    if piece[0].isdigit():
        return _number(piece)
    if piece in _SAME:
        return _SAME[piece]
    for ending, word in _ENDINGS.items():
        if piece.endswith(ending) and piece != ending:
            return f"{piece.removesuffix(ending)} {word}"
    if piece.endswith("'s") and piece[:-2] in _IS:
        return f"{piece[:-2]} is"
    return piece


def _number(digits: str) -> str:
    """ "21", "2nd", "7:30" (a time), "3.50" (a price), "1,200" as they are spoken."""
    if digits[-1].isalpha():
        return _say(digits[:-2], "ordinal")
    halves = re.fullmatch(r"(\d+)[:.](\d\d)", digits)
    if halves is None:
        return _say(digits.replace(",", "").replace(":", ""))
    whole, rest = halves.groups()
    if rest == "00":
        return _say(whole) + (" o'clock" if ":" in digits else "")
    return f"{_say(whole)} {'oh ' if rest[0] == '0' else ''}{_say(str(int(rest)))}"


def _say(digits: str, form: str = "cardinal") -> str:
    # Nobody speaks such a number in a lesson, and num2words has an end.
    if len(digits) > 12 or digits.count(".") > 1:
        return digits
    if form == "cardinal" and re.fullmatch(r"1[1-9]\d\d|20[1-9]\d", digits):
        form = "year"
    number = float(digits) if "." in digits else int(digits)
    words = str(num2words(number, to=form))
    return re.sub(r"[-,]| and ", " ", words)


def _is_noise(spread: list[Token], at: int) -> bool:
    """A hesitation, or the "a.m." of a time, which says nothing that "seven thirty" does not."""
    text = spread[at].text
    if text in _HESITATIONS:
        return True
    before = [token.text for token in spread[max(0, at - 2) : at]]
    if text in ("am", "pm"):
        return bool(before) and before[-1] in _HOURS
    if text in ("a", "p"):
        after = spread[at + 1].text if at + 1 < len(spread) else ""
        return after == "m" and bool(before) and before[-1] in _HOURS
    return text == "m" and len(before) == 2 and before[1] in ("a", "p") and before[0] in _HOURS
