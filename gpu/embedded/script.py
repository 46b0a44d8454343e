"""What a lesson expects, as words."""

import re
import unicodedata
from collections.abc import Sequence

Sentence = tuple[str, ...]
PROMPT_WORDS = 3  # by so many it is found where in a sentence the prompt ended


def words_of(sentence: str) -> Sentence:
    """Lower case, without punctuation but the apostrophe within a word, accents kept."""
    plain = unicodedata.normalize("NFC", sentence).lower().replace("’", "'")
    words = (word.strip("'_") for word in re.sub(r"[^\w']+", " ", plain).split())
    return tuple(word for word in words if word)


def sentences_of(expected: Sequence[str]) -> tuple[Sentence, ...]:
    """Each different sentence once, in order."""
    return tuple(dict.fromkeys(words for sentence in expected if (words := words_of(sentence))))


def what_follows(prompt: str, sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """What may still be said of the sentences after `prompt`; all of them where it fits none.

    The prompt's last word may sound into the audio, so each rest comes with and without it.
    """
    last = words_of(prompt)[-PROMPT_WORDS:]
    if not last:
        return sentences
    rests = (
        sentence[end - again :]
        for sentence in sentences
        for end in range(len(last), len(sentence))
        if sentence[end - len(last) : end] == last
        for again in (0, 1)
    )
    return tuple(dict.fromkeys(rests)) or sentences
