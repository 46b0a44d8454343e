"""What all talks of this process know of the engines: whether there is room for replies that may be dropped,
and whether the voice keeps up with its speech.

A held reply costs the engines as much as one that is heard. While few wait for their first sound that costs
nobody anything; when the engines fall behind, however quick they are, many do.
"""

from realtime import metrics
from realtime.errors import EngineDown, EngineError, EngineRefused, EngineTimeout

OVERLOADED = (
    EngineTimeout,
    EngineDown,
    EngineRefused,
)  # as they are: what derives from them has other causes
RECOVERS_S = 10  # after a failure that may be overload


class Demand:
    """`waiting`: replies being made that have no sound yet, held ones included. `behind`: in the reply that
    was over last, of any talk, the voice was slower than its speech. The next one goes by that."""

    def __init__(self) -> None:
        self.behind = False
        self._waiting: set[str] = set()
        self._failed_s = float("-inf")

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def begin(self, reply_id: str) -> None:
        self._waiting.add(reply_id)
        metrics.waiting_replies.set(self.waiting)

    def sound(self, reply_id: str) -> None:
        """It has its first sound, or is over."""
        self._waiting.discard(reply_id)
        metrics.waiting_replies.set(self.waiting)

    def fail(self, error: EngineError, now_s: float) -> None:
        if type(error) in OVERLOADED:
            self._failed_s = now_s

    def spares(self, below: int, now_s: float) -> bool:
        """Room for one more that may be dropped, where fewer than `below` wait."""
        return self.waiting < below and now_s - self._failed_s >= RECOVERS_S
