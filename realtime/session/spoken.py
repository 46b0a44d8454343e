"""One clip on its way from the voice to the learner: pause, edges, words' times, and when it may begin."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from realtime.engines.protocols import VOICE_RATE, Captioned, Sound
from realtime.session.edges import FRAME, HEAD_FRAMES, Edges
from realtime.talk.supply import Supply, expected_ms
from realtime.talk.transcript import Word

HEAD_MS = HEAD_FRAMES * FRAME * 1000 / VOICE_RATE


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence before a clip."""

    pcm: bytes


Said = Sound | Pause


class Spoken:
    """`quiet_ms` says, when the clip begins, how much silence is to go before it. It begins once it will not
    run dry, or has been waited for beyond its first sound for `patience_ms`."""

    def __init__(self, text: str, speed: float, quiet_ms: Callable[[], float], patience_ms: float) -> None:
        self.text = text
        self._speed = speed
        self._quiet_ms = quiet_ms
        self._patience_ms = patience_ms
        self._begun = False
        self._edges = Edges()
        self._supply = Supply()
        self._words: tuple[Word, ...] = ()
        self._held = b""
        self._offset_ms: float | None = None  # of the words' times, once the clip is heard

    @property
    def tail_ms(self) -> float:
        """Silence at its end."""
        return self._edges.tail_ms

    @property
    def rate(self) -> float | None:
        """How fast it is made, against real time; None while that is not known."""
        return self._supply.rate

    def hear(self, sound: Sound, waited_ms: float) -> list[Said]:
        """What can be let out after more has come."""
        if isinstance(sound, Captioned):
            self._words = sound.words
            return [] if self._offset_ms is None else [self._captioned(self._offset_ms)]
        self._supply = self._supply.take(len(sound) * 500 / VOICE_RATE, waited_ms)
        self._held += self._edges.feed(sound)
        lasts = self._supply.lasts(expected_ms(self.text, self._words, self._speed))
        self._begun = self._begun or lasts or self._supply.waited_ms >= self._patience_ms
        return self._let_out() if self._begun else []

    def end(self) -> list[Said]:
        """Nothing more comes: all of the rest."""
        self._held += self._edges.finish()
        return self._let_out()

    def _let_out(self) -> list[Said]:
        if not self._held:
            return []
        said: list[Said] = []
        if self._offset_ms is None:
            pause = bytes(2 * round(max(0.0, self._quiet_ms() - HEAD_MS) * VOICE_RATE / 1000))
            self._offset_ms = len(pause) * 500 / VOICE_RATE - self._edges.cut_ms
            said = [Pause(pause)] if pause else []
            if self._words:
                said.append(self._captioned(self._offset_ms))
        sound, self._held = self._held, b""
        return [*said, sound]

    def _captioned(self, by_ms: float) -> Captioned:
        return Captioned(tuple(_moved(word, by_ms) for word in self._words))


def _moved(word: Word, by_ms: float) -> Word:
    """By times that were guessed a word may lie in the silence that was cut off."""
    start_ms, end_ms = (max(0, round(ms + by_ms)) for ms in (word.start_ms, word.end_ms))
    return replace(word, start_ms=start_ms, end_ms=end_ms)
