"""How much of a reply the learner has heard: its clips, laid end to end, against the playhead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from realtime.talk.transcript import Word

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")


@dataclass(frozen=True, slots=True)
class Clip:
    """`length_ms` grows as audio is sent; word times count from the clip's start, and `pause_ms` of silence
    stand before its words."""

    text: str
    words: tuple[Word, ...] = ()
    length_ms: float = 0
    pause_ms: float = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that were heard, and where they lie in the item's audio."""

    text: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Playback:
    """The clips of one reply's item, and how far the ears have got in it."""

    clips: tuple[Clip, ...] = ()
    played_ms: float = 0

    @property
    def sent_ms(self) -> float:
        return sum(clip.length_ms for clip in self.clips)

    @property
    def lead_ms(self) -> float:
        """Audio sent and not yet played."""
        return max(0.0, self.sent_ms - self.played_ms)

    def begin(self, text: str) -> "Playback":
        return replace(self, clips=(*self.clips, Clip(text)))

    def caption(self, words: tuple[Word, ...]) -> "Playback":
        return self._with_last(replace(self.clips[-1], words=words))

    def send(self, ms: float, *, pause: bool = False) -> "Playback":
        last = self.clips[-1]
        pause_ms = last.pause_ms + (ms if pause else 0)
        return self._with_last(replace(last, length_ms=last.length_ms + ms, pause_ms=pause_ms))

    def end(self) -> "Playback":
        return self._with_last(replace(self.clips[-1], whole=True))

    def play(self, played_ms: float) -> "Playback":
        """The playhead moved; it never moves back, nor beyond what was sent."""
        return replace(self, played_ms=min(max(self.played_ms, played_ms), self.sent_ms))

    def heard(self, until_ms: float) -> str:
        """The text that lies before a point in the item."""
        return " ".join(passage.text for passage in self._passages(until_ms))

    def last_sentence(self) -> Passage | None:
        """The last that was heard, as far as it was. The first, or a long one, may be several clips."""
        heard = list(self._passages(self.played_ms))
        if not heard:
            return None
        first = len(heard) - 1
        while first and not _SENTENCE_END.search(heard[first - 1].text):
            first -= 1
        text = " ".join(passage.text for passage in heard[first:])
        return Passage(text, heard[first].start_ms, heard[-1].end_ms)

    def _passages(self, until_ms: float) -> Iterator[Passage]:
        """What was heard of each clip."""
        begins_ms = 0.0
        for clip in self.clips:
            clip_ms = until_ms - begins_ms
            if clip_ms <= 0:
                return
            text = clip.text if clip.whole and clip_ms >= clip.length_ms else _heard(clip, clip_ms)
            if text:
                yield Passage(text, begins_ms + clip.pause_ms, begins_ms + min(clip_ms, clip.length_ms))
            begins_ms += clip.length_ms

    def _with_last(self, clip: Clip) -> "Playback":
        return replace(self, clips=(*self.clips[:-1], clip))


def _heard(clip: Clip, until_ms: float) -> str:
    """A word is heard once its middle has been played; without word times, by its share of the clip."""
    words = clip.text.split()
    if clip.words:
        count = sum((word.start_ms + word.end_ms) / 2 <= until_ms for word in clip.words)
        share = count / len(clip.words)
    else:
        spoken_ms = clip.length_ms - clip.pause_ms
        share = max(0.0, until_ms - clip.pause_ms) / spoken_ms if spoken_ms and clip.whole else 0.0
    return " ".join(words[: round(share * len(words))])
