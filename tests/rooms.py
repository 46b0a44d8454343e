"""What a microphone hears where nobody speaks, made up: at 16 kHz, and the same for the same dice."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
MUSIC_LEVEL = 1500  # root mean square, of 32768: loud in the room
FAN_LEVEL = 300
ROOM = 8

Sound = NDArray[np.float64]
Make = Callable[[int, np.random.Generator], Sound]


def _at(level: float, sound: Sound) -> Sound:
    return sound * (level / np.sqrt(np.mean(sound**2)))


def silence(samples: int, dice: np.random.Generator) -> Sound:
    return dice.normal(0, 3, samples)


def fan(samples: int, dice: np.random.Generator) -> Sound:
    """Air, louder the lower, and the hum of the blades, which swells and fades."""
    time = np.arange(samples) / RATE
    spectrum = np.fft.rfft(dice.normal(size=samples))
    pitch = np.fft.rfftfreq(samples, 1 / RATE)
    air = np.fft.irfft(spectrum / np.sqrt(np.maximum(pitch, 30)), samples)
    swell = 1 + 0.1 * np.sin(2 * np.pi * 0.7 * time)
    hum = sum(part * np.sin(2 * np.pi * 118 * n * time) for n, part in enumerate((0.6, 0.4, 0.25), 1))
    return _at(FAN_LEVEL, air / air.std() + swell * hum)


def keyboard(samples: int, dice: np.random.Generator) -> Sound:
    """Keys fall and rise again, in words and with pauses."""
    sound = dice.normal(0, ROOM, samples)
    time = np.arange(RATE * 30 // 1000) / RATE
    at = 0
    while at < samples - RATE:
        at += int(RATE * (max(0.04, dice.gamma(2, 0.09)) + (dice.random() < 0.04) * dice.uniform(0.5, 3)))
        loud, up = dice.uniform(1500, 5000), int(RATE * dice.uniform(0.05, 0.11))
        for start, part in ((at, 1.0), (at + up, 0.45)):
            click = dice.normal(size=len(time)) * np.exp(-time / 0.004)
            ring = np.sin(2 * np.pi * dice.uniform(900, 3500) * time) * np.exp(-time / 0.006)
            thud = np.sin(2 * np.pi * dice.uniform(150, 400) * time) * np.exp(-time / 0.012)
            stroke = part * loud * (click + 0.7 * ring + 0.5 * thud)
            room = len(sound[start : start + len(time)])
            sound[start : start + len(time)] += stroke[:room]
    return sound


def _note(pitch: float, samples: int, harmonics: list[float], decay_s: float, vibrato: float = 0) -> Sound:
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * pitch * time - vibrato * pitch / 5.5 * np.cos(2 * np.pi * 5.5 * time)
    tones = [part * np.sin(n * phase) for n, part in enumerate(harmonics, 1) if n * pitch < 7500]
    rise, fall = np.minimum(time / 0.02, 1), np.minimum((samples / RATE - time) / 0.02, 1)
    return np.sum(tones, axis=0) * rise * fall * np.exp(-time / decay_s)


def _pitch(step: int) -> float:
    """Of a major scale on a low A."""
    return 220 * 2 ** ((0, 2, 4, 5, 7, 9, 11)[step % 7] / 12 + step // 7)


def chords(samples: int, dice: np.random.Generator) -> Sound:
    """A piano's, one every two seconds."""
    sound, length = np.zeros(samples), 2 * RATE
    harmonics = [1 / n**1.3 for n in range(1, 11)]
    for at in range(0, samples - length + 1, length):
        root = int(dice.integers(0, 7))
        for step in (0, 2, 4, 7):
            sound[at : at + length] += _note(_pitch(root + step), length, harmonics, 1.2)
    return _at(MUSIC_LEVEL, sound)


def drums(samples: int, dice: np.random.Generator) -> Sound:
    """Hi-hat, bass drum and snare, 120 beats a minute."""
    sound, time = np.zeros(samples), np.arange(RATE // 4) / RATE
    for beat, at in enumerate(range(0, samples - len(time), RATE // 4)):
        here = sound[at : at + len(time)]
        here += 0.3 * dice.normal(size=len(time)) * np.exp(-time / 0.02)
        if beat % 4 == 0:
            here += 2 * np.sin(2 * np.pi * 55 * time) * np.exp(-time / 0.1)
        if beat % 4 == 2:
            snare = dice.normal(size=len(time)) + 0.8 * np.sin(2 * np.pi * 190 * time)
            here += snare * np.exp(-time / 0.07)
    return _at(MUSIC_LEVEL, sound)


def _melody(samples: int, dice: np.random.Generator, harmonics: list[float], vibrato: float) -> Sound:
    sound, at, step = dice.normal(0, 1e-3, samples), 0, 7
    while True:
        length = int(RATE * dice.choice((0.25, 0.5, 0.5, 1.0)))
        if at + length > samples:
            return _at(MUSIC_LEVEL, sound)
        step = int(np.clip(step + dice.integers(-2, 3), 0, 14))
        sound[at : at + length] += _note(_pitch(step), length, harmonics, 3, vibrato)
        at += length


def flute(samples: int, dice: np.random.Generator) -> Sound:
    return _melody(samples, dice, [1, 0.35, 0.12, 0.05], 0.008)


def violin(samples: int, dice: np.random.Generator) -> Sound:
    return _melody(samples, dice, [1 / n for n in range(1, 17)], 0.012)


def band(samples: int, dice: np.random.Generator) -> Sound:
    together = chords(samples, dice) + drums(samples, dice) + flute(samples, dice)
    return _at(MUSIC_LEVEL, together)


def music(samples: int, dice: np.random.Generator) -> Sound:
    pieces = (chords, drums, flute, violin, band)
    return np.concatenate([make(samples // len(pieces), dice) for make in pieces])


def pcm(sound: Sound) -> bytes:
    return np.clip(sound, -32768, 32767).astype(np.int16).tobytes()
