"""Where a clip begins and ends: its own silence cut off, whatever voice it comes from, and no click.

However the sound is cut into pieces, the same samples come out: silence is found in frames of 10 ms.
"""

import numpy as np
from numpy.typing import NDArray

from realtime.engines.protocols import VOICE_RATE

Samples = NDArray[np.int16]
FRAME = VOICE_RATE // 100
SILENT_DB = -50.0  # against full scale; the voices here speak at -20
HEAD_FRAMES = 2  # soft consonants begin below that,
TAIL_FRAMES = 4  # and end there
FADE = VOICE_RATE * 5 // 1000
NOTHING: Samples = np.zeros(0, np.int16)


class Edges:
    """One clip, on its way. What may be the silence at its end is kept back until more sound follows."""

    def __init__(self) -> None:
        self.begun = False
        self.cut_ms = 0.0  # of silence, before the clip
        self.tail_ms = 0.0  # of silence, at the end of the clip once it is finished
        self._held = NOTHING
        self._rest = NOTHING
        self._last = NOTHING

    def feed(self, pcm: bytes) -> bytes:
        sound = np.concatenate((self._rest, np.frombuffer(pcm, np.int16)))
        whole = len(sound) // FRAME * FRAME
        sound, self._rest = sound[:whole], sound[whole:]
        loud = np.flatnonzero(_powers(sound) > 32768**2 * 10 ** (SILENT_DB / 10))
        held = np.concatenate((self._held, sound))
        if not len(loud):
            self._held = held
            return b""
        end = len(self._held) + (int(loud[-1]) + 1) * FRAME
        given, self._held = held[:end], held[end:]
        if not self.begun:
            given = self._opened(given, len(held) - len(sound) + int(loud[0]) * FRAME)
        self._last = given[-FADE:]
        return given.tobytes()

    def finish(self) -> bytes:
        """The end of the clip, faded out. One so soft that all of it passed for silence is left as it is."""
        quiet = np.concatenate((self._held, self._rest))
        self._held = self._rest = NOTHING
        if not self.begun:
            return quiet.tobytes()
        quiet = quiet[: TAIL_FRAMES * FRAME]
        if len(quiet) < FADE:  # it broke off loud: what it said last dies away backwards
            quiet = np.concatenate((quiet, np.concatenate((self._last, quiet))[: -FADE - 1 : -1]))
        self.tail_ms = len(quiet) * 1000 / VOICE_RATE
        fade = np.linspace(1, 0, min(FADE, len(quiet)))
        return np.concatenate((quiet[: -len(fade)], _scaled(quiet[-len(fade) :], fade))).tobytes()

    def _opened(self, sound: Samples, onset: int) -> Samples:
        self.begun = True
        start = max(0, onset - HEAD_FRAMES * FRAME)
        self.cut_ms = start * 1000 / VOICE_RATE
        sound = sound[start:]
        return np.concatenate((_scaled(sound[:FADE], np.linspace(0, 1, FADE)), sound[FADE:]))


def _powers(sound: Samples) -> NDArray[np.float32]:
    frames = sound.astype(np.float32).reshape(-1, FRAME)
    return np.einsum("nt,nt->n", frames, frames) / FRAME


def _scaled(sound: Samples, by: NDArray[np.float64]) -> Samples:
    return np.round(sound * by).astype(np.int16)
