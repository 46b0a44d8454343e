"""The espeak-ng process: text in, PCM16 mono 24 kHz and the words' times out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import soxr

from gpu.embedded.child import Stop, serve
from gpu.embedded.espeak import Espeak, Mark
from gpu.embedded.names import OPENAI_VOICES
from gpu.errors import BadRequest
from gpu.pipe import Head, Message

SAMPLE_RATE = 24_000
PACE_WPM = 150  # at speed 1: lively, and still clear to a beginner


@dataclass(slots=True)
class Clip:
    """What one text has become so far."""

    rate: int
    sound: bytearray = field(default_factory=bytearray)
    marks: list[Mark] = field(default_factory=list)
    resampler: soxr.ResampleStream = field(init=False)

    def __post_init__(self) -> None:
        self.resampler = soxr.ResampleStream(self.rate, SAMPLE_RATE, 1, dtype="int16")

    def add(self, sound: bytes, marks: list[Mark], *, last: bool = False) -> None:
        self.marks += marks
        samples = np.frombuffer(sound, np.int16)
        self.sound += self.resampler.resample_chunk(samples, last=last).tobytes()

    @property
    def length_ms(self) -> float:
        return len(self.sound) / 2 / SAMPLE_RATE * 1000


def words_of(text: str, marks: list[Mark], length_ms: float) -> list[dict[str, object]]:
    """The text's words as written, each until the next one begins or its clause ends."""
    spans = [(found.start(), found.end(), found.group()) for found in re.finditer(r"\S+", text)]
    begins: dict[int, float] = {}
    ends: dict[int, float] = {}
    place = 0
    for mark in marks:
        if mark.character is None:
            ends.setdefault(place, mark.at_ms)
            continue
        while place + 1 < len(spans) and spans[place + 1][0] <= mark.character:
            place += 1
        begins.setdefault(place, mark.at_ms)
    words: list[dict[str, object]] = []
    end = length_ms
    for place in reversed(range(len(spans))):
        # What makes no sound of its own, such as a dash, has a place in the text and no time.
        begin = min(begins.get(place, end), end)
        stop = min(end, ends.get(place, end)) if place in begins else end
        words.append({"word": spans[place][2], "start": begin / 1000, "end": max(begin, stop) / 1000})
        end = begin
    return words[::-1]


class Voice:
    def __init__(self) -> None:
        self._espeak = Espeak()

    def answer(self, head: Head, body: bytes, stop: Stop) -> Iterator[Message]:
        if "phonemes" in head:
            self._choose("en-us")
            yield {"phonemes": {word: self._espeak.phonemes(word) for word in head["phonemes"]}}, b""
            return
        if "voices" in head:
            yield {"voices": self._names()}, b""
            return
        self._choose(head["voice"])
        self._espeak.set_pace(PACE_WPM * head["speed"])
        text: str = head["text"]
        clip = Clip(self._espeak.rate)

        def made(sound: bytes, marks: list[Mark]) -> bool:
            clip.add(sound, marks)
            return bool(stop)

        self._espeak.speak(text, made)
        clip.add(b"", [], last=True)
        words = words_of(text, clip.marks, clip.length_ms)
        yield {"words": words}, bytes(clip.sound)

    def _choose(self, voice: str) -> None:
        if not self._espeak.use(OPENAI_VOICES.get(voice, voice)):
            known = ", ".join(self._names())
            raise BadRequest(
                "voice_not_found",
                f"There is no voice {voice!r}. Voices, each also with a variant such as +f3: {known}.",
                "voice",
            )

    def _names(self) -> list[str]:
        return [*OPENAI_VOICES, *sorted(self._espeak.voices)]


if __name__ == "__main__":
    serve(Voice().answer)
