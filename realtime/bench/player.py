"""A loudspeaker that is only reckoned with: what would be heard when, and where it would run dry. Pure.

As the page's does, it gathers 40 ms before it begins, and again after it has run dry.
"""

import numpy as np

from realtime.bench.diary import Hole, Reply
from realtime.engines.protocols import VOICE_RATE, Samples

GATHER_S = 0.04
LOUD = 300  # of 32768: -41 dBFS can be heard


class Player:
    """`replies`: all that sounded, in their order; one loudspeaker plays them one after the other."""

    def __init__(self, replies: list[Reply]) -> None:
        self.replies = replies
        self._by_id = dict[str, Reply]()
        self._ends_s = 0.0
        self._gathered: list[Samples] = []  # of `_playing`
        self._playing: Reply | None = None
        self._clip = ""
        self._begun = False  # something of this clip has been played

    def sounding(self, now_s: float) -> Reply | None:
        return next((reply for reply in reversed(self.replies) if reply.sounds(now_s)), None)

    def take(self, id: str, item_id: str, clip: str, sound: Samples, now_s: float) -> None:
        """Audio has come. That of a reply that was cut is let fall."""
        reply = self._by_id.get(id)
        if reply is None:
            reply = self._by_id[id] = Reply(id, item_id)
            self.replies.append(reply)
        if reply.cut_s is not None:
            return
        if (whole := f"{id} {clip}") != self._clip:
            self._start(now_s)
            self._playing, self._clip, self._begun = reply, whole, False
        reply.got_s += len(sound) / VOICE_RATE
        self._gathered.append(sound)
        if self._ends_s > now_s or self._waiting_s(reply) >= GATHER_S:
            self._start(now_s)

    def done(self, id: str, now_s: float) -> None:
        """No more of this reply comes; what waits of it is played."""
        if (reply := self._by_id.get(id)) is None or reply.cut_s is not None:
            return
        if reply is self._playing:
            self._start(now_s)
        reply.done = True

    def cut(self, id: str, now_s: float) -> bool:
        """The server takes a reply back: no more of it is heard. False: all of it had been heard."""
        reply = self._by_id.get(id)
        if reply is None or reply.cut_s is not None or (reply.done and reply.ends_s <= now_s):
            return False
        reply.got_s -= self._waiting_s(reply)
        reply.cut_s = now_s
        self._gathered, self._ends_s = [], now_s
        return True

    def played_ms(self, reply: Reply, now_s: float) -> int:
        """Of its audio, holes not counted."""
        until_s = now_s if reply.cut_s is None else reply.cut_s
        left_s = max(0.0, reply.ends_s - until_s) + self._waiting_s(reply)
        return round(max(0.0, reply.got_s - left_s) * 1000)

    def _waiting_s(self, reply: Reply) -> float:
        return sum(map(len, self._gathered)) / VOICE_RATE if reply is self._playing else 0.0

    def _start(self, now_s: float) -> None:
        """What was gathered is played, at once or after what is being played."""
        reply = self._playing
        if reply is None or not self._gathered:
            return
        sound, self._gathered = np.concatenate(self._gathered), []
        start_s = max(self._ends_s, now_s)
        if reply.first_s is None:
            reply.first_s = start_s
        elif start_s > self._ends_s:
            reply.holes.append(Hole((start_s - self._ends_s) * 1000, inside=self._begun))
        self._begun = True
        loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > LOUD)
        if reply.loud_s is None and loud.size:
            reply.loud_s = start_s + int(loud[0]) / VOICE_RATE
        self._ends_s = reply.ends_s = start_s + len(sound) / VOICE_RATE
