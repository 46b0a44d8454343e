"""What a Spanish speaker's English sentence should have been: mistakes by rule, as few and as sure as can be.

Pure, and in time that grows as the text does. The text is what a recogniser wrote, so case and marks say
little: what may be right is left alone.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from realtime.talk.transcript import Transcript
from realtime.tutor.correction_rules import Kept, Pattern, Rules, load_rules
from realtime.tutor.matching import ACCEPT_ON_SCRIPT

MOST_IN_A_SENTENCE = 2
SURE = 0.8  # a word heard less surely bears no correction out
Believed = Callable[[int, int], bool]  # whether this part of the text was surely said


@dataclass(frozen=True, slots=True)
class Correction:
    """`said` is `text[start:end]`, for which `better` is said. `sentence` is the whole sentence with all that
    is corrected in it; `note` says why, by language."""

    rule: str
    start: int
    end: int
    said: str
    better: str
    sentence: str
    note: dict[str, str]


def corrections(text: str, believed: Believed = lambda start, end: True) -> tuple[Correction, ...]:
    """In the order of the text, never overlapping, at most MOST_IN_A_SENTENCE of each sentence."""
    rules = load_rules()
    sentences = _sentences(text)
    return tuple(one for start, end in sentences for one in _of_sentence(text, start, end, rules, believed))


def corrections_of(heard: Transcript) -> tuple[Correction, ...]:
    """Of `heard.text`, where every word that shows the mistake, and its neighbours, were surely heard.

    A recogniser that gives no scores may have been unsure of any word: nothing is claimed.
    """
    if heard.on_script is not None and heard.on_script < ACCEPT_ON_SCRIPT:
        return ()
    starts, at = list[int](), 0
    for word in heard.words:
        starts.append(at)
        at += len(word.text) + 1

    def believed(start: int, end: int) -> bool:
        first, after = bisect_right(starts, start) - 1, bisect_left(starts, end)
        near = heard.words[max(0, first - 1) : after + 1]
        return all(word.score is not None and word.score >= SURE for word in near)

    return corrections(heard.text, believed)


# sentences and their plain words

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)|[\n;]+|(?<=[a-z])\?")
_TOKEN = re.compile(r"[^\W_]+(?:['’`-][^\W_]+)*|[,:()\"“”«»—–]")
_ENDING = re.compile(r"(.+)(['’](?:m|re|ve|ll|d|s))", re.IGNORECASE)
_FILLERS = frozenset(["um", "uh", "uhm", "umm", "er", "erm", "eh", "ehm", "hmm", "mm"])
_UNMARKED = {
    "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't", "isnt": "isn't",
    "wasnt": "wasn't", "cannot": "can't", "arent": "aren't", "wont": "won't",
    "okay": "ok", "yeah": "yes", "mom": "mum",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plain:
    """A sentence's words for the patterns. Each stands in them `at` a place, and in the text at a span."""

    words: str
    at: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text these words stand."""
        first, after = bisect_left(self.at, start), bisect_left(self.at, end)
        return self.spans[first][0], self.spans[after - 1][1]


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    ends = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    for start, end in pairwise(ends):
        said = text[start:end]
        if said.strip():
            yield start + len(said) - len(said.lstrip()), start + len(said.rstrip())


def _plain(text: str, start: int, end: int) -> _Plain:
    pieces = [("START", (start, start)), *_pieces(text, start, end)]
    pieces.append(("ASK" if text[start:end].rstrip("\"')]”’").endswith("?") else "END", (end, end)))
    at, length = list[int](), 1
    for word, _ in pieces:
        at.append(length)
        length += len(word) + 1
    return _Plain("".join(f" {word}" for word, _ in pieces), tuple(at), tuple(span for _, span in pieces))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
    for token in _TOKEN.finditer(text, start, end):
        ending = _ENDING.fullmatch(token[0])
        cut = token.start() + len(ending[1]) if ending else token.end()
        for first, last in ((token.start(), cut), (cut, token.end())):
            word = text[first:last].lower().replace("’", "'").replace("`", "'")
            if word and word not in _FILLERS:
                yield _UNMARKED.get(word, word if word[0].isalnum() or word[0] == "'" else ","), (first, last)


# what is found, and what of it is told


@dataclass(frozen=True, slots=True)
class _Found:
    pattern: Pattern
    start: int
    end: int
    better: str
    seen: tuple[int, int]  # the part of the text that shows the mistake


def _of_sentence(text: str, start: int, end: int, rules: Rules, believed: Believed) -> Iterator[Correction]:
    plain = _plain(text, start, end)
    found = [
        _found(text, plain, pattern, match)
        for pattern in rules.patterns
        for match in pattern.matches(plain.words)
    ]
    surest = _surest([one for one in found if one.better != text[one.start : one.end]], rules)
    told = [one for one in surest if believed(*one.seen)]
    whole = _corrected(text, start, end, told)
    for one in told:
        rule = rules.by_id[one.pattern.rule]
        said = text[one.start : one.end]
        note = {"en": rule.en, "es": rule.es}
        yield Correction(one.pattern.rule, one.start, one.end, said, one.better, whole, note)


def _surest(found: list[_Found], rules: Rules) -> list[_Found]:
    """A longer match knows more of the sentence than one inside it."""

    def rank(one: _Found) -> tuple[bool, int, int]:
        return rules.by_id[one.pattern.rule].sure == "likely", one.start - one.end, one.start

    told: list[_Found] = []
    for one in sorted(found, key=rank):
        if all(one.end <= other.start or other.end <= one.start for other in told):
            told.append(one)
        if len(told) == MOST_IN_A_SENTENCE:
            break
    return sorted(told, key=lambda one: one.start)


def _corrected(text: str, start: int, end: int, told: list[_Found]) -> str:
    parts: list[str] = []
    for one in told:
        parts += [text[start : one.start], one.better]
        start = one.end
    return "".join((*parts, text[start:end]))


_PERFECT = re.compile(r"(?:have|has|had|'ve|having)(?: \w+)? $")
_LOWERED = frozenset(
    plain
    for words in (
        "is isn't was wasn't have has in to where what how",
        "you he she it we they my your his her our their the a this that people me",
    )
    for plain in words.split()
)


_CAPITAL = re.compile(r"\b(?:i|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february)\b")

_CONTRACTION = re.compile(r" (?=['’](?:m|re|ve|ll|d|s)\b)")


def _found(text: str, plain: _Plain, pattern: Pattern, match: re.Match[str]) -> _Found:
    start, end = plain.span(*match.span("said"))
    kept = {name: _kept(text, plain, match, name) for name, value in match.groupdict().items() if value}
    better = _CAPITAL.sub(
        lambda word: word[0].capitalize(), re.sub(r" (?=['’](?:m|re|ve|ll|d|s)\b)", "", pattern.better(kept))
    )
    if text[start:end].isupper() and end - start > 3:
        better = better.upper()
    elif text[start].isupper():
        better = better[:1].upper() + better[1:]
    return _Found(pattern, start, end, better, plain.span(match.start() + 1, match.end("said")))


def _kept(text: str, plain: _Plain, match: re.Match[str], name: str) -> Kept:
    start, end = plain.span(*match.span(name))
    written = text[start:end]
    # What began the sentence may stand elsewhere in the better one.
    first, _, rest = written.partition(" ")
    if first.lower() in _LOWERED:
        written = f"{first.lower()} {rest}".rstrip()
    before = plain.words[max(0, match.start(name) - 30) : match.start(name)]
    return Kept(written, match[name], _PERFECT.search(before) is not None)
