"""Which words of a growing utterance are settled, and how much of its audio need not be heard again.

The words on which two successive recognitions agree are committed, less the newest (Macháček et al. 2023,
"Turning Whisper into Real-Time Transcription System"). Committed audio leaves, so that a long utterance costs
no more a second than a short one. A few committed words stay as an anchor, by which the next recognition is
joined to what went before: word times alone are too rough for that.
"""

from dataclasses import dataclass, replace

from realtime.talk.transcript import Word

JITTER_MS = 200  # word times of successive recognitions are taken to be off by so much
ANCHOR_WORDS = 3
PAUSE_MS = 300
LONG_MS = 8_000  # from here on audio leaves at a pause or the end of a sentence
LONGEST_MS = 12_000  # from here on wherever it can

Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`committed` words are never rewritten; `tentative` ones are the rest of the newest recognition.

    Times count from the utterance's beginning. The first `left` committed words have left with their audio,
    which is recognised from `cut_ms` on.
    """

    committed: Words = ()
    tentative: Words = ()
    left: int = 0
    cut_ms: int = 0

    @property
    def prompt(self) -> str:
        """What was said before the audio that is left."""
        return " ".join(word.text for word in self.committed[: self.left])


def hear(agreement: Agreement, words: Words) -> Agreement:
    """Take in a fresh recognition of the audio from `cut_ms` on.

    The longest common prefix with the recognition before, less its newest word, is committed: the newest word
    may have been cut in the middle.
    """
    rest = _beyond(agreement, words)
    agreed = _common_prefix(plain(agreement.tentative), plain(rest))
    keep = min(agreed, len(rest) - 1) if rest else 0
    return replace(agreement, committed=agreement.committed + rest[:keep], tentative=rest[keep:])


def settle(agreement: Agreement, words: Words) -> Agreement:
    """The utterance is over: all of its last recognition is committed, joined to what already was."""
    return replace(agreement, committed=agreement.committed + _beyond(agreement, words), tentative=())


def trim(
    agreement: Agreement, end_ms: int, *, long_ms: int = LONG_MS, longest_ms: int = LONGEST_MS
) -> Agreement:
    """Let committed audio leave if what is held, up to `end_ms`, has become long."""
    held_ms = end_ms - agreement.cut_ms
    if held_ms < long_ms:
        return agreement
    words = agreement.committed
    for at in range(len(words) - ANCHOR_WORDS, agreement.left, -1):
        cut_ms = words[at].start_ms - JITTER_MS
        if cut_ms <= agreement.cut_ms:
            break
        if (held_ms >= longest_ms or _is_a_break(words, at)) and _is_unmistakable(words, at, cut_ms):
            return replace(agreement, left=at, cut_ms=cut_ms)
    return agreement


def _is_a_break(words: Words, at: int) -> bool:
    """Something ends before word `at`."""
    before = words[at - 1]
    return words[at].start_ms - before.end_ms >= PAUSE_MS or before.text.endswith((".", "?", "!"))


def _is_unmistakable(words: Words, at: int, cut_ms: int) -> bool:
    """The anchor from word `at` on cannot be taken for words a little before it.

    Those that may sound after the cut, by their rough times, are heard once more before the anchor: if it
    repeats them ("no, no, no, no"), nobody can tell how many of them were new.
    """
    spelt = plain(words)
    again = next((n for n in range(at) if words[n].end_ms > cut_ms - JITTER_MS), at)
    anchor = spelt[at:]
    return all(spelt[at - back : len(spelt) - back] != anchor for back in range(1, at - again + 1))


def _beyond(agreement: Agreement, words: Words) -> Words:
    """What `words` holds beyond the committed ones.

    The committed words whose audio is still there are looked for whole, in the first place that fits; then,
    as a recogniser may think again about the older ones, as few as the last of them; then their time must do.
    """
    kept = agreement.committed[agreement.left :]
    if not kept:
        return words
    settled, heard = plain(kept), plain(words)

    def off_ms(end: int) -> int:
        return abs(words[end - 1].end_ms - kept[-1].end_ms)

    for count in range(len(settled), 0, -1):
        anchor = settled[-count:]
        ends = [end for end in range(count, len(heard) + 1) if heard[end - count : end] == anchor]
        near = [end for end in ends if off_ms(end) <= 2 * JITTER_MS]
        if near:
            return words[near[0] if count == len(settled) else min(near, key=off_ms) :]
    return tuple(word for word in words if (word.start_ms + word.end_ms) / 2 >= kept[-1].end_ms)


def _common_prefix(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    pairs = zip(first, second, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))


def plain(words: Words) -> tuple[str, ...]:
    """Without what recognisers change their minds about most: capital letters and marks."""
    return tuple(word.text.lower().strip(".,;:!?…\"'") or word.text for word in words)
