"""Text as Bark is given it: what it may say, in pieces that it can say, and how long each may take.

A voice that draws its sound at random says too much or too little at times. What a text allows is counted in
syllables, which is nearer to time than letters or words are.
"""

import re
from itertools import pairwise

from gpu.errors import ApiError

# Those that Bark's README lists. They are sounds: heard, but neither words nor shown.
SOUNDS = ("laughter", "laughs", "sighs", "music", "gasps", "clears throat")

# Syllables a second, as they are counted here. People reading aloud were measured at 2.6 (a slow speech in a
# hall) to 3.7, espeak-ng at the tutor's pace at 2.3 (single words) to 4.7. Twice as fast, words are missing.
SLOWEST = 2.3
TYPICAL = 3.7
FASTEST = 9.4
UNHURRIED_S = 1.5  # what a clip may take beside its syllables: breath, hesitation
SOUND_S = 3.0
PAUSE_S = 0.5

# Bark says about 13 s in one go (its README): so many where they are read unhurriedly, 3.4 a second.
MOST_SYLLABLES = 44
FEWEST_SYLLABLES = 3  # alone, fewer are often answered with other words than those

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_SOUND = re.compile(rf"\[(?:{'|'.join(SOUNDS)})\]", re.IGNORECASE)
# Notes make Bark sing, and names of speakers make it change its voice.
_SPEAKER = re.compile(r"\[(?:MAN|WOMAN|NARRATOR)\]|\b(?:MAN|WOMAN|NARRATOR):|[♪♫]")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|(?<=[.!?…][\"'”’)])\s+|\n+")
_CLAUSE_END = re.compile(r"[,;:—–…][\"'”’)]*\s+")
_CONJUNCTION = re.compile(r"\s+(?=(?:and|but|or|because|so|that|which|when|if)\s)")
_PAUSE = re.compile(r"[.!?,;:—…]+(?=\s|$)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d")
_VOWELS = re.compile(r"[aeiouyáéíóúàèìòùâêîôûäëïöüæø]+")
_SPACES = re.compile(r"\s+")
LONGEST_SYLLABLE = 6  # letters, of what has no vowels to count


class NothingToSay(ApiError):
    """A text of which Bark can say nothing."""

    def __init__(self) -> None:
        super().__init__(400, "empty_input", "There is nothing to say in `input`.", "input")


def spoken(text: str) -> str:
    """The text as it is given to Bark: its sounds kept, what would change its voice left out."""
    plain = _BRACKETS.sub(_known_sound, _SPEAKER.sub("", text))
    return _SPACES.sub(" ", plain).strip()


def shown(text: str) -> str:
    """The text as it is read: without sounds."""
    return _SPACES.sub(" ", _SOUND.sub(" ", text)).strip()


def words_of(text: str) -> list[str]:
    """The words as written, punctuation with them; what makes no sound is none."""
    return [word for word in shown(text).split() if any(char.isalnum() for char in word)]


def syllables(text: str) -> int:
    """Groups of vowels without a silent last e, at least one a word; a digit is said in about two."""
    words: list[str] = _WORD.findall(shown(text).lower())
    return sum(2 if word.isdigit() else _syllables_of(word) for word in words)


def longest_s(text: str) -> float:
    """More sound than that is a runaway."""
    pauses, sounds = len(_PAUSE.findall(text)), len(_SOUND.findall(text))
    return UNHURRIED_S + syllables(text) / SLOWEST + pauses * PAUSE_S + sounds * SOUND_S


def shortest_s(text: str) -> float:
    """With less sound than that, words are missing."""
    return syllables(text) / FASTEST


def pieces(text: str) -> list[str]:
    """What Bark says in one go: sentences, short ones joined, long ones divided. Raises NothingToSay."""
    parts = [part for sentence in _sentences(spoken(text)) for part in _divided(sentence)]
    joined = _joined([part for part in parts if syllables(part) or _SOUND.search(part)])
    if not joined:
        raise NothingToSay
    return joined


def word_errors(said: str, heard: str) -> float:
    """Words to change, add or leave out, for each word of what was to be said."""
    wanted, got = (_WORD.findall(shown(text).lower().replace("’", "'")) for text in (said, heard))
    row = list(range(len(got) + 1))
    for at, word in enumerate(wanted, 1):
        before, row[0] = row[0], at
        for n, other in enumerate(got, 1):
            before, row[n] = row[n], min(row[n] + 1, row[n - 1] + 1, before + (word != other))
    return row[-1] / max(1, len(wanted))


def _known_sound(bracketed: re.Match[str]) -> str:
    return bracketed.group() if _SOUND.fullmatch(bracketed.group()) else bracketed.group(1)


def _syllables_of(word: str) -> int:
    said = word if word.endswith("le") else word.removesuffix("e")
    return max(1, len(_VOWELS.findall(said)), len(word) // LONGEST_SYLLABLE)


def _sentences(text: str) -> list[str]:
    places = [0, *(match.end() for match in _SENTENCE.finditer(text)), len(text)]
    return [part for start, end in pairwise(places) if (part := text[start:end].strip())]


def _joined(parts: list[str]) -> list[str]:
    """Each too short one goes with what follows it, the last with what was before."""
    joined: list[str] = []
    for part in parts:
        short = joined and min(syllables(joined[-1]), syllables(part)) < FEWEST_SYLLABLES
        if short and syllables(joined[-1]) + syllables(part) <= MOST_SYLLABLES:
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined


def _divided(sentence: str) -> list[str]:
    """A sentence that takes too long, at the clause nearest to its middle; without clauses, between words."""
    if syllables(sentence) <= MOST_SYLLABLES:
        return [sentence]
    ways = (
        [match.end() for match in kind.finditer(sentence) if not _within_sound(sentence, match.end())]
        for kind in (_CLAUSE_END, _CONJUNCTION, _SPACES)
    )
    end = next((place for way in ways if (place := _nearest_middle(sentence, way))), len(sentence) // 2)
    return [part for half in (sentence[:end], sentence[end:]) for part in _divided(half.strip())]


def _nearest_middle(sentence: str, ends: list[int]) -> int | None:
    """None where each would leave a part of fewer syllables than can stand alone."""
    whole = syllables(sentence)
    before = {end: syllables(sentence[:end]) for end in ends}
    fit = [end for end in ends if FEWEST_SYLLABLES <= before[end] <= whole - FEWEST_SYLLABLES]
    return min(fit, key=lambda end: abs(2 * before[end] - whole), default=None)


def _within_sound(sentence: str, place: int) -> bool:
    return any(match.start() < place < match.end() for match in _SOUND.finditer(sentence))
