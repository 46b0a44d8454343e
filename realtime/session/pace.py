"""How far a reply may run ahead of the learner's ears: a barge-in then wastes little."""

import asyncio
import math
from typing import Protocol

import anyio

from realtime.session.shared import now_ms

CLOCK_MS = 20  # a playhead that nobody reports moves in steps of no less
BURST_MS = 600  # what is sent in one go costs less than the same bit by bit
HEARD_MS = 60  # a playhead so near to the end has arrived: reports are 100 ms apart


def _burst_from_ms(limit_ms: float) -> float:
    """The lead at which there is room again, once there was none."""
    return max(limit_ms - BURST_MS, limit_ms / 2)


class Pace(Protocol):
    @property
    def played_ms(self) -> float: ...
    @property
    def lead_ms(self) -> float:
        """Audio sent and not yet played."""
        ...

    @property
    def dry_ms(self) -> float:
        """For how long there has been nothing left to play."""
        ...

    def sent(self, ms: float) -> None: ...
    async def room(self) -> None:
        """Waits until more may be sent."""
        ...

    async def drained(self) -> None:
        """Waits until all that was sent has been heard."""
        ...


class PlayheadPace:
    """For a client that reports its playhead. One that stands still for `stalled_ms` is taken to have
    arrived, and to go on by the clock until it is reported again."""

    def __init__(self, limit_ms: float, stalled_ms: float) -> None:
        self.played_ms = 0.0
        self._limit_ms = limit_ms
        self._stalled_ms = stalled_ms
        self._sent_ms = 0.0
        self._ends_at_ms = math.inf  # when the audio sent so far will have been played, by the last report
        self._reported = True
        self._reported_at_ms = -math.inf
        self._awaited_ms = 0.0  # somebody waits until the lead is below that
        self._reached = asyncio.Event()

    @property
    def lead_ms(self) -> float:
        return max(0.0, self._sent_ms - self.played_ms)

    @property
    def dry_ms(self) -> float:
        """By the clock: a playhead that has arrived is reported only a moment later, or never."""
        return max(0.0, now_ms() - self._ends_at_ms)

    def sent(self, ms: float) -> None:
        at_ms = now_ms()
        self._ends_at_ms = (max(self._ends_at_ms, at_ms) if self._sent_ms else at_ms) + ms
        self._sent_ms += ms

    def played(self, played_ms: float) -> None:
        """The playhead is here now; it never moves back."""
        if played_ms > self.played_ms:
            self._reported, self._reported_at_ms = True, now_ms()
            self.played_ms = min(played_ms, self._sent_ms)
            self._ends_at_ms = self._reported_at_ms + self.lead_ms
            if self.lead_ms < self._awaited_ms:
                self._reached.set()

    async def room(self) -> None:
        if self.lead_ms >= self._limit_ms:
            await self._below(_burst_from_ms(self._limit_ms))

    async def drained(self) -> None:
        await self._below(HEARD_MS)
        self.played_ms = self._sent_ms

    async def _below(self, limit_ms: float) -> None:
        """Most reports change nothing for who waits, and wake nobody."""
        since_ms = now_ms()
        while (beyond_ms := self.lead_ms - limit_ms) >= 0:
            still_ms = now_ms() - max(since_ms, self._reported_at_ms)
            wait_ms = self._stalled_ms - still_ms if self._reported else max(beyond_ms, CLOCK_MS)
            if wait_ms <= 0:
                self._arrive(math.inf)
            elif not await self._reaches(limit_ms, wait_ms) and not self._reported:
                self._arrive(wait_ms)

    async def _reaches(self, limit_ms: float, within_ms: float) -> bool:
        self._awaited_ms, self._reached = limit_ms, asyncio.Event()
        with anyio.move_on_after(within_ms / 1000):
            await self._reached.wait()
        return self._reached.is_set()

    def _arrive(self, passed_ms: float) -> None:
        """It has gone on by so much, though nobody says so."""
        self.played_ms = min(self._sent_ms, self.played_ms + passed_ms)
        self._reported = False


class ClockPace:
    """For a client that reports nothing: it is taken to play from the first audio on, without a pause."""

    def __init__(self, limit_ms: float) -> None:
        self._limit_ms = limit_ms
        self._sent_ms = 0.0
        self._ends_at_ms = 0.0  # when the audio sent so far will have been played

    @property
    def lead_ms(self) -> float:
        return max(0.0, self._ends_at_ms - now_ms())

    @property
    def dry_ms(self) -> float:
        return max(0.0, now_ms() - self._ends_at_ms) if self._sent_ms else 0.0

    @property
    def played_ms(self) -> float:
        return self._sent_ms - self.lead_ms

    def sent(self, ms: float) -> None:
        self._sent_ms += ms
        self._ends_at_ms = max(self._ends_at_ms, now_ms()) + ms

    async def room(self) -> None:
        if self.lead_ms > self._limit_ms:
            await anyio.sleep((self.lead_ms - _burst_from_ms(self._limit_ms)) / 1000)

    async def drained(self) -> None:
        await anyio.sleep(self.lead_ms / 1000)
