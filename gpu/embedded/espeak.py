"""The espeak-ng library by ctypes: a text at a time, its sound and where its words begin."""

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_char, c_char_p, c_int, c_short, c_ubyte, c_uint, c_void_p
from pathlib import Path
from typing import NamedTuple

import espeakng_loader

SYNCHRONOUS = 2
BUFFER_MS = 60
UTF8 = 1
PHONEMES = 0x100
END_PAUSE = 0x1000
RATE, PITCH_RANGE, WORD_GAP = 1, 4, 7
WORD, END = 1, 5
GAP_UNITS_PER_S = 25  # at the slowest pace, as measured: the library stretches its gaps with the pace
SLOWEST_WPM, FASTEST_WPM = 80, 450


class _EventId(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", POINTER(c_char)),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("xx1", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


class Mark(NamedTuple):
    """The character (from 0) whose sound begins at `at_ms`; None at a clause's end."""

    character: int | None
    at_ms: int


Made = Callable[[bytes, list[Mark]], bool]  # PCM16 at the library's rate; returns whether to stop

_SYNTH_CALLBACK = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Espeak:
    """The library holds global state: one of these a process, used by one thread."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
        self._library.espeak_TextToPhonemes.restype = c_char_p
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, data, 0)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng could not be started")
        self.voices = self._list_voices()
        self.variants = {path.name for path in Path(data.decode(), "voices", "!v").iterdir()}

    def _list_voices(self) -> dict[str, bytes]:
        found = self._library.espeak_ListVoices(None)
        voices: dict[str, bytes] = {}
        place = 0
        while found[place]:
            voice = found[place].contents
            # A list of languages is a priority byte and a name, repeated; the first is the voice's own.
            name = ctypes.string_at(ctypes.addressof(voice.languages.contents) + 1).decode()
            voices.setdefault(name.lower(), voice.identifier)
            place += 1
        return voices

    def use(self, voice: str) -> bool:
        """Chooses a voice, as `en-gb` or with a variant `en-us+f3`; whether there is such a one."""
        name, plus, variant = voice.partition("+")
        identifier = self.voices.get(name.lower())
        if identifier is None or (plus and variant not in self.variants):
            return False
        return self._library.espeak_SetVoiceByName(identifier + (plus + variant).encode()) == 0

    def set_pace(self, words_per_minute: float) -> None:
        rate = round(min(FASTEST_WPM, max(SLOWEST_WPM, words_per_minute)))
        # Slower than the library speaks at all: the words keep their shape and are set apart.
        gap_s = max(0.0, 60 / words_per_minute - 60 / rate)
        self._library.espeak_SetParameter(RATE, rate, 0)
        self._library.espeak_SetParameter(WORD_GAP, round(gap_s * GAP_UNITS_PER_S), 0)

    def speak(self, text: str, made: Made, *, spelled: bool = False) -> None:
        """`spelled`: what stands in [[ ]] is mnemonics of phonemes."""

        def heard(samples: "ctypes._Pointer[c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
            sound = ctypes.string_at(samples, count * 2) if samples and count > 0 else b""
            return int(made(sound, _marks(events)))

        callback = _SYNTH_CALLBACK(heard)
        self._library.espeak_SetSynthCallback(callback)
        encoded, flags = text.encode(), UTF8 | END_PAUSE | (PHONEMES if spelled else 0)
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, flags, None, None)

    def phonemes(self, text: str) -> str:
        """The mnemonics of a text, those of one sound apart from the next by `_`."""
        pointer = c_char_p(text.encode())
        parts: list[str] = []
        while pointer.value:
            said = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), UTF8, ord("_") << 8)
            parts.append((said or b"").decode())
        return " ".join(parts)


def _marks(events: "ctypes._Pointer[_Event]") -> list[Mark]:
    marks: list[Mark] = []
    place = 0
    while events[place].type:
        event = events[place]
        if event.type == WORD:
            marks.append(Mark(event.text_position - 1, event.audio_position))
        elif event.type == END:
            marks.append(Mark(None, event.audio_position))
        place += 1
    return marks
