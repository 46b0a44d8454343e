"""What a lesson expects, as words, as a language model and as a dictionary."""

import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from pocketsphinx.lm import ArpaBoLM


def words_of(sentence: str) -> tuple[str, ...]:
    """Lower case, without punctuation but the apostrophe within a word, accents kept."""
    plain = unicodedata.normalize("NFC", sentence).lower().replace("’", "'")
    words = (word.strip("'") for word in re.sub(r"[^\w']+", " ", plain).split())
    return tuple(word for word in words if word)


def sentences_of(expected: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Each different sentence once, in order."""
    return tuple(dict.fromkeys(words for sentence in expected if (words := words_of(sentence))))


def write_language_model(sentences: Sequence[tuple[str, ...]], path: Path) -> None:
    model = ArpaBoLM(text="\n".join(" ".join(words) for words in sentences), add_start=True)
    model.compute()
    with path.open("w", encoding="utf-8") as file:
        model.write(file)


def write_dictionary(pronunciations: Mapping[str, Sequence[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for word, ways in pronunciations.items():
            for number, phones in enumerate(ways, 1):
                file.write(f"{word} {phones}\n" if number == 1 else f"{word}({number}) {phones}\n")


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """The decoder reads its models from files only."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="atom-", dir=memory if memory.is_dir() else None)
