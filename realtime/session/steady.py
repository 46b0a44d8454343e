"""A position that moves with the clock and is told of late now and then: the earliest news is right."""

SPAN_MS = 500  # of the news of the last one or two of these the earliest counts


class Steady:
    """`lead_ms`: the position less the clock."""

    def __init__(self) -> None:
        self._old = self._new = float("-inf")
        self._since_ms = float("-inf")

    @property
    def lead_ms(self) -> float:
        """Minus infinity while nothing was told."""
        return max(self._old, self._new)

    def tell(self, position_ms: float, now_ms: float) -> None:
        if now_ms - self._since_ms > SPAN_MS:
            self._old, self._new, self._since_ms = self._new, float("-inf"), now_ms
        self._new = max(self._new, position_ms - now_ms)
