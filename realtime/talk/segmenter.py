"""Streamed text into segments that can each be spoken in one go.

The first segment may end at a clause, so that speech starts early; later ones are sentences. None is longer
than a voice can say in one go.
"""

import re
from dataclasses import dataclass

FIRST_WORDS = 5  # a first clause shorter than this sounds torn off
LONGEST = 200  # characters: about 13 s of speech, Bark's limit

_ABBREVIATIONS = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "vs", "jr", "sr", "e.g", "i.e", "approx", "fig")
)
_SENTENCE_END = re.compile(r"(?:[.!?]+|…)[\"'”’)\]]*(?=\s)|\n")
_CLAUSE_END = re.compile(r"[,;:—][\"'”’)]*(?=\s)")
_EMPHASIS = re.compile(r"(?<!\w)[*_`~]+|[*_`~]+(?!\w)")
_MARKUP = re.compile(r"[*_`#~|<>]+|\[([^\]]*)\]\([^)]*\)|https?://\S+")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe0f\u20e3\u200d]+"
)
_STRAY_SPACES = re.compile(r"\s+(?=[.,!?…]+(?:\s|$))")  # what an emoji before a full stop leaves
_SPACES = re.compile(r"\s+")
_SOUND = re.compile(r"\[(?:laughter|laughs|sighs|music|gasps|clears throat)\]\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Segment:
    """`new_line`: it stands in another line than what was said before it."""

    text: str
    new_line: bool = False


@dataclass(frozen=True, slots=True)
class Segmenter:
    """The text that has come and is not yet in a segment. `new_line`: a line ended before it."""

    rest: str = ""
    begun: bool = False
    new_line: bool = False

    def feed(self, text: str) -> tuple["Segmenter", list[Segment]]:
        """Take in more text; give the segments that are whole now."""
        rest, begun = self.rest + text, self.begun
        new_line = self.new_line or _begins_line(rest)
        rest = rest.lstrip()
        segments: list[Segment] = []
        while (end := _next_end(rest, begun)) is not None:
            if spoken := speakable(rest[:end]):
                segments.append(Segment(spoken, new_line))
                begun, new_line = True, False
            new_line = new_line or rest[end - 1] == "\n" or _begins_line(rest[end:])
            rest = rest[end:].lstrip()
        return Segmenter(rest, begun, new_line), segments

    def finish(self) -> list[Segment]:
        """The text is over: what is left, however it ends."""
        rest = speakable(self.rest)
        return [Segment(rest, self.new_line)] if rest else []


def speakable(text: str) -> str:
    """The text without markup, links and emoji, in single spaces; empty when nothing can be said of it."""
    text = _MARKUP.sub(lambda match: match.group(1) or " ", _EMPHASIS.sub("", text))
    text = _STRAY_SPACES.sub("", _EMOJI.sub(" ", text))
    text = _SPACES.sub(" ", text).strip()
    return text if any(char.isalnum() for char in shown(text)) else ""


def shown(text: str) -> str:
    """The text as it is read: a voice may know sounds, such as [laughs], which are heard and no words."""
    return _SOUND.sub("", text).strip()


def _begins_line(text: str) -> bool:
    return "\n" in text[: len(text) - len(text.lstrip())]


def _next_end(text: str, begun: bool) -> int | None:
    """Where the next segment ends, None while that cannot be told."""
    sentence = _sentence_end(text)
    if not begun and (clause := _first_clause(text)) and (sentence is None or clause < sentence):
        return clause
    if sentence is not None and sentence <= LONGEST:
        return sentence
    return _break_before(text, LONGEST) if len(text) > LONGEST else None


def _sentence_end(text: str) -> int | None:
    for match in _SENTENCE_END.finditer(text):
        if not _is_abbreviation(text, match) and any(char.isalnum() for char in text[: match.start()]):
            return match.end()
    return None


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    """A single full stop after a title, an initial or an ordinal list number ends no sentence."""
    if match.group() != ".":
        return False
    word = text[: match.start()].rsplit(maxsplit=1)[-1:] or [""]
    bare = word[0].lower().lstrip("(\"'“‘¿¡")
    initial = len(bare) == 1 and bare.isalpha() and bare != "i"
    only_number = bare.isdigit() and text[: match.start()].strip() == bare
    return bare in _ABBREVIATIONS or initial or only_number


def _first_clause(text: str) -> int | None:
    for match in _CLAUSE_END.finditer(text, 0, LONGEST + 1):
        if len(text[: match.start()].split()) >= FIRST_WORDS:
            return match.end()
    return None


def _break_before(text: str, limit: int) -> int:
    """The best place to break an overlong sentence: a clause end, else a space, else the limit."""
    clauses = [match.end() for match in _CLAUSE_END.finditer(text, 0, limit)]
    if clauses and clauses[-1] > limit // 3:
        return clauses[-1]
    space = text.rfind(" ", 1, limit)
    return space if space > 0 else limit
