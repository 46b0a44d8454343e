"""A recogniser that knows the words beforehand and hears as many as there is voice for.

The words travel in the request's prompt, so that many talks share one scripted engine and each says its own:
a client writes them into its session's `transcription.prompt`.
"""

import io
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARK = "scripted:"
FRAME_MS = 10
LOUD = 130  # root mean square of a frame with voice in it: 12 dB above a room at -60 dBFS
EARLY_MS = 40  # by which a word may be heard before its end: frames lie differently each time

Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Saying:
    """`ends_ms`: so much voice there has been at the end of each word; silence counts for nothing."""

    words: tuple[str, ...] = ()
    ends_ms: tuple[float, ...] = ()

    @property
    def prompt(self) -> str:
        return MARK + json.dumps([self.words, self.ends_ms])


def saying(pieces: Sequence[tuple[str, Pcm, int]]) -> Saying:
    """Of pieces of speech with their text and rate, said one after another; words are as long as their
    letters are many."""
    words, ends_ms, began_ms = list[str](), list[float](), 0.0
    for text, sound, rate in pieces:
        spelt = text.split()
        long_ms = voiced(sound, rate).sum() * FRAME_MS
        shares = np.cumsum([len(word) for word in spelt]) / sum(len(word) for word in spelt)
        words += spelt
        ends_ms += [round(began_ms + share * long_ms) for share in shares]
        began_ms += long_ms
    return Saying(tuple(words), tuple(ends_ms))


def voiced(sound: Pcm, rate: int) -> NDArray[np.bool_]:
    """bool [frames]: whether there is voice in each 10 ms."""
    size = rate * FRAME_MS // 1000
    frames = sound[: len(sound) // size * size].reshape(-1, size).astype(np.float64)
    return np.sqrt((frames**2).mean(axis=1)) > LOUD


def known(prompt: str) -> tuple[Saying, int] | None:
    """What the prompt says is being said, and how many of its words have been settled and left."""
    _, marked, rest = prompt.partition(MARK)
    if not marked:
        return None
    (words, ends_ms), end = json.JSONDecoder().raw_decode(rest)
    return Saying(tuple(words), tuple(ends_ms)), len(rest[end:].split())


def heard(said: Saying, settled: int, sound: Pcm, rate: int) -> list[dict[str, Any]]:
    """The words of which the sound holds the end, with their times in it."""
    voice_ms = np.cumsum(voiced(sound, rate)) * FRAME_MS
    before_ms = said.ends_ms[settled - 1] if settled else 0.0
    total_ms = float(voice_ms[-1]) if len(voice_ms) else 0.0
    found, began_s = list[dict[str, Any]](), _at_s(voice_ms, 1)
    for word, end_ms in zip(said.words[settled:], said.ends_ms[settled:], strict=True):
        lies_ms = end_ms - before_ms
        if lies_ms > total_ms + EARLY_MS:
            break
        end_s = _at_s(voice_ms, min(lies_ms, total_ms))
        found.append({"word": word, "start": began_s, "end": end_s})
        began_s = end_s
    return found


def _at_s(voice_ms: NDArray[Any], ms: float) -> float:
    """Where in the sound so much voice has been."""
    return (int(np.searchsorted(voice_ms, ms)) + 1) * FRAME_MS / 1000


def samples(wav: bytes) -> tuple[Pcm, int]:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()
