"""Which words of a growing utterance are settled: those on which two successive recognitions agree."""

from dataclasses import dataclass

from realtime.talk.transcript import Word


@dataclass(frozen=True, slots=True)
class Agreement:
    """`committed` words are never rewritten; `tentative` ones are the rest of the newest recognition."""

    committed: tuple[Word, ...] = ()
    tentative: tuple[Word, ...] = ()


def hear(agreement: Agreement, words: tuple[Word, ...]) -> Agreement:
    """Take in a fresh recognition of the whole utterance.

    The longest common prefix with the recognition before, less its newest word, is committed: the newest word
    may have been cut in the middle.
    """
    rest = _beyond(agreement, words)
    agreed = _common_prefix(agreement.tentative, rest)
    keep = min(agreed, len(rest) - 1) if rest else 0
    return Agreement(agreement.committed + rest[:keep], rest[keep:])


def settle(agreement: Agreement, words: tuple[Word, ...]) -> Agreement:
    """The utterance is over: all of its last recognition is committed, joined to what already was."""
    rest = _beyond(agreement, words)
    return Agreement(agreement.committed + rest, ())


def _beyond(agreement: Agreement, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """What `words` holds beyond the committed ones: by their text where it matches, else by time."""
    done = agreement.committed
    if _common_prefix(done, words) == len(done):
        return words[len(done) :]
    end_ms = done[-1].end_ms
    return tuple(word for word in words if (word.start_ms + word.end_ms) / 2 >= end_ms)


def _common_prefix(first: tuple[Word, ...], second: tuple[Word, ...]) -> int:
    length = 0
    for one, other in zip(first, second, strict=False):
        if one.text.lower() != other.text.lower():
            break
        length += 1
    return length
