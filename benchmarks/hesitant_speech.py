"""Sayings as audio: what voice activity makes of each window, when each word was said and when all was."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.answers import Learner, Saying
from gpu.embedded.espeak import Espeak, Mark
from realtime.session.silero import WINDOW, VoiceModel
from realtime.session.vad import VoiceActivity
from realtime.talk.transcript import Word

RATE = 16_000
BEFORE_MS, AFTER_MS = 500, 3500
ROOM = 8  # root mean square of the room's noise, of 32768
HEARD = 150  # of 32768: what is quieter at a piece's ends is no speech

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spoken:
    saying: Saying
    words: tuple[Word, ...]
    windows: tuple[bool, ...]
    over_ms: int  # where speech ends


@cache
def _espeak() -> Espeak:
    return Espeak()


@cache
def _model() -> VoiceModel:
    return VoiceModel()


def speak(learner: Learner, seed: int) -> tuple[Spoken, ...]:
    espeak = _espeak()
    if not espeak.use(learner.voice):
        raise ValueError(f"espeak-ng has no voice {learner.voice!r}")
    espeak.set_pace(learner.pace_wpm)
    random = np.random.default_rng(seed)
    return tuple(_speak(saying, random) for saying in learner.sayings)


def _speak(saying: Saying, random: np.random.Generator) -> Spoken:
    parts, words = [np.zeros(_samples(BEFORE_MS))], list[Word]()
    for piece in saying.pieces:
        sound, said = _piece(piece.text)
        begins_ms = _ms(sum(map(len, parts)))
        words += [word.later(begins_ms) for word in said]
        parts += [sound, np.zeros(_samples(piece.pause_ms))]
    over_ms = _ms(sum(map(len, parts)))
    whole = np.concatenate((*parts, np.zeros(_samples(AFTER_MS))))
    audio = np.clip(whole + random.normal(0, ROOM, len(whole)), -32768, 32767).astype(np.int16)
    windows = audio[: len(audio) // WINDOW * WINDOW].reshape(-1, WINDOW)
    speech = VoiceActivity(_model()).judge(windows)
    return Spoken(saying, tuple(words), tuple(speech), over_ms)


def _made(text: str) -> tuple[Sound, list[Mark]]:
    sound, marks = bytearray(), list[Mark]()

    def made(pcm: bytes, found: list[Mark]) -> bool:
        sound.extend(pcm)
        marks.extend(found)
        return False

    _espeak().speak(text, made)
    return soxr.resample(np.frombuffer(bytes(sound), np.int16), _espeak().rate, RATE) * 0.5, marks


def _piece(text: str) -> tuple[Sound, tuple[Word, ...]]:
    """Its sound without the silence around it, and its words."""
    whole, marks = _made(text)
    loud = np.flatnonzero(np.abs(whole) > HEARD)
    begin, end = int(loud[0]), int(loud[-1]) + 1
    starts = {mark.character: mark.at_ms - _ms(begin) for mark in marks if mark.character is not None}
    said, place, at_ms = text.split(), 0, list[int]()
    for word in said:
        place = text.index(word, place)
        at_ms.append(max(0, starts.get(place, at_ms[-1] if at_ms else 0)))
        place += len(word)
    ends_ms = [*at_ms[1:], _ms(end - begin)]
    words = tuple(Word(word, *times) for word, *times in zip(said, at_ms, ends_ms, strict=True))
    return whole[begin:end], words


def _samples(ms: int) -> int:
    return ms * RATE // 1000


def _ms(samples: int) -> int:
    return samples * 1000 // RATE
