"""Learners for benchmarks: espeak-ng's voices, and a Spanish accent made of Spanish-coloured phonemes."""

import re
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from gpu.embedded.espeak import Espeak

VOICES = ("en-us", "en-gb", "en-us+f3")
SPANISH = "spanish"
RATE = 16_000
PACE_WPM = 150
ROOM = 8  # root mean square of the room's noise, of 32768

# en-us mnemonics as a Spanish speaker says them, with the phonemes of Spanish.
_SOUNDS = {
    "a": "a", "aa": "a", "a#": "a", "A:": "a", "A@": "ar", "0": "o", "0:": "o", "0#": "a", "V": "a",
    "E": "e", "E#": "e", "e": "e", "I": "i", "I2": "i", "I#": "i", "i": "i", "i:": "i", "@": "e", "@2": "a",
    "@5": "u",
    "@L": "el", "3": "er", "3:": "er", "O": "o", "O:": "o", "O2": "o", "O@": "or", "o@": "or", "oU": "o",
    "oU#": "o", "U": "u", "u:": "u", "u": "u", "aI": "ai", "aI@": "aie", "aI3": "aier", "aU": "au",
    "aU@": "auer",
    "OI": "oi", "eI": "ei", "e@": "er", "i@": "ie", "i@3": "ier", "U@": "ur",
    "v": "b", "z": "s", "z#": "s", "Z": "tS", "dZ": "tS", "S": "tS", "T": "t", "D": "d", "h": "x", "N": "n",
    "t#": "t", "t2": "t", "d#": "d", "r-": "r", "l#": "l",
}  # fmt: skip
_CLUSTER = re.compile(r"(?<![^ ])('?)s(?=[ptkmnl])")  # "school" is said with a vowel before it


def spoken(text: str, voice: str, seed: int) -> NDArray[np.int16]:
    """int16 [n] at RATE, in a room, with a little silence around it."""
    espeak = _espeak()
    if voice == SPANISH:
        espeak.use("en-us")
        words, spelled = f"[[{spanish(espeak.phonemes(text))}]]", True
        espeak.use("es")
    else:
        espeak.use(voice)
        words, spelled = text, False
    espeak.set_pace(PACE_WPM)
    sound = bytearray()

    def made(pcm: bytes, _marks: object) -> bool:
        sound.extend(pcm)
        return False

    espeak.speak(words, made, spelled=spelled)
    speech = soxr.resample(np.frombuffer(bytes(sound), np.int16), espeak.rate, RATE) * 0.5
    pause = np.zeros(RATE * 3 // 10)
    around = np.concatenate((pause, speech, pause))
    room = np.random.default_rng(seed).normal(0, ROOM, len(around))
    return np.clip(around + room, -32768, 32767).astype(np.int16)


def spanish(mnemonics: str) -> str:
    """espeak's en-us mnemonics, sounds apart by `_`, as those of a Spanish speaker."""
    words = ("".join(_sound(sound) for sound in word.split("_")) for word in mnemonics.split())
    return _CLUSTER.sub(r"e\1s", " ".join(words))


def _sound(mnemonic: str) -> str:
    stress = "'" if mnemonic.startswith("'") else ""
    plain = mnemonic.lstrip("',%=|")
    return stress + _SOUNDS.get(plain, plain)


@cache
def _espeak() -> Espeak:
    return Espeak()
