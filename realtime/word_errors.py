"""How far what was heard is from what was said. Pure."""

from collections.abc import Sequence

from realtime.tutor.spoken import plain


def word_error_rate(said: str, heard: str) -> float:
    """Words wrong, missing or too many, for each word that was said; numbers and contractions as spoken."""
    words = plain(said)
    return edits(words, plain(heard)) / max(1, len(words))


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to change, leave out or put in."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        above, row = row, [at]
        for place, other in enumerate(heard, 1):
            row.append(min(above[place - 1] + (word != other), above[place] + 1, row[-1] + 1))
    return row[-1]
