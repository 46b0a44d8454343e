"""What a lesson expects, as words and as a dictionary of them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

Sentence = tuple[str, ...]


def words_of(sentence: str) -> Sentence:
    """Lower case, without punctuation but the apostrophe within a word, accents kept."""
    plain = unicodedata.normalize("NFC", sentence).lower().replace("’", "'")
    words = (word.strip("'_") for word in re.sub(r"[^\w']+", " ", plain).split())
    return tuple(word for word in words if word)


def sentences_of(expected: Sequence[str]) -> tuple[Sentence, ...]:
    """Each different sentence once, in order."""
    return tuple(dict.fromkeys(words for sentence in expected if (words := words_of(sentence))))


def write_dictionary(pronunciations: Mapping[str, Sequence[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for word, ways in pronunciations.items():
            for number, phones in enumerate(ways, 1):
                file.write(f"{word} {phones}\n" if number == 1 else f"{word}({number}) {phones}\n")
