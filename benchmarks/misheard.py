"""What a recogniser would have delivered by now: late, 15% of the words wrong, any stop untrustworthy.

Two recognisers. `stops` writes punctuation as Whisper does: after nearly everything, fragments included.
`bare` writes none, as pocketsphinx does, and says how surely a lesson's sentence was said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from random import Random
from typing import Literal

from realtime.talk.transcript import Transcript, Word

Style = Literal["stops", "bare"]

SUBSTITUTED, DROPPED, ADDED = 0.09, 0.04, 0.02
FILLERS = frozenset(("um", "uh", "er", "hmm", "ah", "erm", "eh", "mm"))
FILLER_DROPPED = 0.6  # recognisers learn to leave them out
DELAY_MS = (80, 300)
CUT_MS = 50  # so much of a word's end may be missing, and it is still heard
# Of a fragment, and of a sentence that is over: what Whisper writes at the end.
ENDS: dict[bool, dict[str, float]] = {
    False: {".": 0.65, "...": 0.12, ",": 0.08, "": 0.15},
    True: {".": 0.88, "...": 0.03, ",": 0.03, "": 0.06},
}
ASKS = frozenset(("what", "where", "when", "how", "why", "who", "can", "could", "is", "are", "do", "does"))
ASKED = 0.8  # of the questions get their mark


@dataclass(frozen=True, slots=True)
class Recogniser:
    style: Style
    vocabulary: tuple[str, ...]  # as often as they are said

    def hear(self, said: Sequence[Word], until_ms: int, *, over: bool, random: Random) -> Transcript:
        """`over`: the learner has said it all."""
        spoken = [word for word in said if word.end_ms <= until_ms + CUT_MS]
        heard = [other for word in spoken for other in self._word(word, random)]
        if self.style == "bare":
            lowered = tuple(replace(word, text=word.text.lower()) for word in heard)
            return Transcript(lowered, _right(spoken, heard))
        if heard:
            heard[-1] = replace(heard[-1], text=heard[-1].text + _stop(heard, over, random))
        return Transcript(tuple(heard))

    def _word(self, word: Word, random: Random) -> tuple[Word, ...]:
        if word.text in FILLERS and random.random() < FILLER_DROPPED:
            return ()
        kind = random.random()
        if kind < DROPPED:
            return ()
        if kind < DROPPED + SUBSTITUTED:
            return (replace(word, text=self._like(word.text, random)),)
        if kind < DROPPED + SUBSTITUTED + ADDED:
            return (word, replace(word, text=random.choice(self.vocabulary)))
        return (word,)

    def _like(self, text: str, random: Random) -> str:
        """Words are mistaken for those that are about as long."""
        near = [one for one in self.vocabulary if abs(len(one) - len(text)) <= 1 and one != text]
        return random.choice(near or self.vocabulary)


def _right(spoken: Sequence[Word], heard: Sequence[Word]) -> float:
    """The share of the words that are as they were said: what a recogniser's certainty should be."""
    texts = [[word.text for word in words] for words in (spoken, heard)]
    same = sum(block.size for block in SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks())
    return same / max(1, *map(len, texts))


def delay_ms(random: Random) -> int:
    return random.randint(*DELAY_MS)


def _stop(heard: Sequence[Word], over: bool, random: Random) -> str:
    if heard[0].text.lower() in ASKS and random.random() < ASKED:
        return "?"
    ends = ENDS[over]
    return random.choices(list(ends), list(ends.values()))[0]
