"""What learners send in `benchmarks.turns`: sentences, some with a pause in them; words over the tutor; signs
of listening; coughs. All is in a room with noise at -60 dBFS, at 24 kHz, in frames of 20 ms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks import learners
from benchmarks.scripted_hearing import FRAME_MS, Pcm, Saying, saying, voiced

RATE = 24_000
SENT_MS = 20
SENT = RATE * SENT_MS // 1000  # samples of a frame that is sent
ROOM_DBFS = -60
PAUSE_MS = 700

SENTENCES = (
    "Where are you from?",
    "I went home early yesterday.",
    "My brother lives in Madrid.",
    "We had dinner at eight o'clock.",
    "She likes tea better than coffee.",
    "I have two cats and a dog.",
    "They are waiting at the station.",
    "Can you help me with this word?",
)
PAUSED = (
    ("I would like to", "go to the market."),
    ("Yesterday I met my", "teacher in the park."),
    ("I like apples and", "oranges very much."),
    ("My sister works at the", "hospital near the river."),
    ("I did not come because", "my train was late."),
)
INTERRUPTIONS = (
    "Stop.",
    "No, wait.",
    "Sorry.",
    "Excuse me.",
    "But why?",
    "I have a question.",
    "Can you say that again, please?",
    "Sorry, I did not understand that.",
    "Wait a moment, please.",
    "What does that word mean?",
)
# As espeak says them, in 300 to 520 ms, and as recognisers write them. What is longer than the turn's
# `barge_in_ms` cuts in by its length, whatever its words.
BACKCHANNELS = (
    ("umhum", "mm-hm"),
    ("yes", "Yes."),
    ("okay", "Okay."),
    ("yeah", "Yeah."),
    ("right", "Right."),
    ("uh-huh", "uh-huh"),
    ("sure", "Sure."),
    ("oh", "Oh."),
    ("aha", "Aha."),
    ("hmm", "Hmm."),
)
COUGH_MS = (150, 200, 250, 300, 350)
COUGH_HZ = ((100, 10_000), (100, 1_500), (300, 3_000), (1_000, 6_000), (2_000, 10_000))
COUGH_RMS = 4_000


@dataclass(frozen=True, eq=False)
class Sound:
    """`began`, `ended`: the first sample that is louder than the room, and the one after the last."""

    name: str
    pcm: Pcm
    began: int
    ended: int
    saying: Saying
    pause: tuple[int, int] | None = None  # the samples of the silence in it

    @property
    def ms(self) -> float:
        return (self.ended - self.began) * 1000 / RATE


def sentences(number: int) -> list[Sound]:
    said = [_sound(text, [(text, _said(text, voice))]) for text, voice in _by_voice(SENTENCES)]
    return list(islice(cycle(said), number))


def interruptions(number: int) -> list[Sound]:
    said = [_sound(text, [(text, _said(text, voice))]) for text, voice in _by_voice(INTERRUPTIONS)]
    return list(islice(cycle(said), number))


def backchannels(number: int) -> list[Sound]:
    pairs = [(spelt, voice) for spelt, voice in product(BACKCHANNELS, learners.VOICES)]
    said = [_sound(spelt[1], [(spelt[1], _said(spelt[0], voice))]) for spelt, voice in pairs]
    return list(islice(cycle(said), number))


def paused(number: int) -> list[Sound]:
    """The silence between the halves is PAUSE_MS long, from the last sound before it to the first after."""
    made = list[Sound]()
    for (first, second), voice in islice(cycle(product(PAUSED, learners.VOICES)), number):
        halves = [(text, _trimmed(_said(text, voice))) for text in (first, second)]
        made.append(_sound(f"{first} ... {second}", halves, PAUSE_MS))
    return made


def coughs(number: int) -> list[Sound]:
    kinds = list(islice(cycle(product(COUGH_MS, COUGH_HZ)), number))
    return [_cough(ms, band, seed) for seed, (ms, band) in enumerate(kinds)]


def room(seconds: int, seed: int) -> Pcm:
    loud = 32_768 * 10 ** (ROOM_DBFS / 20)
    return np.random.default_rng(seed).normal(0, loud, RATE * seconds).astype(np.int16)


def frames(sound: Pcm) -> list[bytes]:
    return [sound[at : at + SENT].tobytes() for at in range(0, len(sound), SENT)]


def span(sound: Pcm) -> tuple[int, int]:
    """From the first sample that is louder than the room to the one after the last."""
    loud = np.flatnonzero(voiced(sound, RATE))
    size = RATE * FRAME_MS // 1000
    return int(loud[0]) * size, (int(loud[-1]) + 1) * size


def _by_voice(texts: Sequence[str]) -> list[tuple[str, str]]:
    """The voices change first, so that few sounds have all of them."""
    voices = learners.VOICES
    return [
        (texts[(n + n // len(texts)) % len(texts)], voices[n % len(voices)]) for n in range(3 * len(texts))
    ]


def _said(text: str, voice: str) -> Pcm:
    return soxr.resample(learners.spoken(text, voice, 1), learners.RATE, RATE)


def _trimmed(sound: Pcm) -> Pcm:
    began, ended = span(sound)
    return sound[began:ended]


def _sound(name: str, pieces: Sequence[tuple[str, Pcm]], pause_ms: int = 0) -> Sound:
    """With whole frames, and the room in the pause between two pieces."""
    said = saying([(text, pcm, RATE) for text, pcm in pieces])
    gap = np.zeros(RATE * pause_ms // 1000, np.int16)
    (_, first), rest = pieces[0], pieces[1:]
    whole = np.concatenate([first, *(part for _, pcm in rest for part in (gap, pcm))])
    pause = (len(first), len(first) + len(gap)) if pause_ms else None
    return _in_room(name, whole, said, pause)


def _in_room(name: str, sound: Pcm, said: Saying, pause: tuple[int, int] | None = None) -> Sound:
    padded = np.concatenate([sound, np.zeros(-len(sound) % SENT, np.int16)]).astype(np.int32)
    pcm = np.clip(padded + room(1 + len(padded) // RATE, 2)[: len(padded)], -32_768, 32_767).astype(np.int16)
    began, ended = span(pcm)
    return Sound(name, pcm, began, ended, said, pause)


def _cough(ms: int, band: tuple[int, int], seed: int) -> Sound:
    """A burst of noise that begins at once and dies away; the longer ones have a second burst."""
    dice, length = np.random.default_rng(100 + seed), RATE * ms // 1000
    spectrum = np.fft.rfft(dice.normal(size=length))
    hertz = np.fft.rfftfreq(length, 1 / RATE)
    spectrum[(hertz < band[0]) | (hertz > band[1])] = 0
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, length)
    at_ms = np.arange(length) * 1000 / RATE
    shape = np.exp(-at_ms / (ms / 2.5))
    if ms >= 300:
        shape += 0.8 * (at_ms > 0.6 * ms) * np.exp(-np.maximum(0, at_ms - 0.6 * ms) / (ms / 6))
    noise *= shape
    noise *= COUGH_RMS / np.sqrt((noise**2).mean())
    name = f"cough, {ms} ms, {band[0]} to {band[1]} Hz"
    return _in_room(name, np.clip(noise, -32_768, 32_767).astype(np.int16), Saying())
