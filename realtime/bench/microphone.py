"""A learner's microphone: the room's noise, and in it what is being said. Time is its count of samples."""

import numpy as np

from realtime.engines.protocols import VOICE_RATE, Samples

FRAME_MS = 20
FRAME = VOICE_RATE * FRAME_MS // 1000
ROOM_DBFS = -60.0
ROOM_S = 10


class Microphone:
    def __init__(self, seed: int) -> None:
        level = 32768 * 10 ** (ROOM_DBFS / 20)
        self._room = np.random.default_rng(seed).normal(0, level, ROOM_S * VOICE_RATE).astype(np.int16)
        self._left = np.zeros(0, np.int16)
        self.sent = 0  # samples

    def say(self, sound: Samples) -> int:
        """From the next frame on; says with which sample it begins. One thing at a time."""
        self._left = sound
        return self.sent

    def frame(self) -> bytes:
        at = self.sent % len(self._room)
        room = self._room[at : at + FRAME].astype(np.int32)
        said, self._left = self._left[:FRAME], self._left[FRAME:]
        room[: len(said)] += said
        self.sent += FRAME
        return np.clip(room, -32768, 32767).astype(np.int16).tobytes()
