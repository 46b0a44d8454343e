"""How much of a reply the learner has heard: its clips, laid end to end, against the playhead."""

from dataclasses import dataclass, replace

from realtime.talk.transcript import Word


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
        said: list[str] = []
        for clip in self.clips:
            if until_ms <= 0:
                break
            said.append(clip.text if clip.whole and until_ms >= clip.length_ms else _heard(clip, until_ms))
            until_ms -= clip.length_ms
        return " ".join(text for text in said if text)

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
