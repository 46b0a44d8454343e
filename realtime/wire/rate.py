"""How fast a client is read: at its own pace for a while, then at a steady one. The caller has the clock."""

from dataclasses import dataclass

BURST_S = 1  # a second's worth may come at once: a client that catches up is not slowed


@dataclass(slots=True)
class Rate:
    """`per_s` messages a second in the long run."""

    per_s: float
    _due_s: float = float("-inf")  # when the newest message would have come at the steady rate

    def wait_s(self, now_s: float) -> float:
        """One more message has come: how long to wait before it is taken up."""
        self._due_s = max(self._due_s, now_s - BURST_S) + 1 / self.per_s
        return max(0.0, self._due_s - now_s)
