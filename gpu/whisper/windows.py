"""Long audio in windows that Whisper can hear: at most 30 s each, parted where nobody speaks."""

from gpu.decode import SAMPLE_RATE
from gpu.whisper.voice import WINDOW, Voiced

LONGEST = 30 * SAMPLE_RATE
EARLIEST = LONGEST // 2


def parted(samples: int, voiced: Voiced) -> list[range]:
    """The samples of each window. Without a pause in its second half, a window ends where it must."""
    windows: list[range] = []
    start = 0
    while samples - start > LONGEST:
        end = _pause(voiced, start + EARLIEST, start + LONGEST) or start + LONGEST
        windows.append(range(start, end))
        start = end
    return [*windows, range(start, samples)]


def _pause(voiced: Voiced, earliest: int, latest: int) -> int | None:
    """The middle of the longest pause; of several, the last."""
    best: tuple[int, int] | None = None
    run = 0
    for place in range(earliest // WINDOW, latest // WINDOW):
        run = 0 if voiced[place] else run + 1
        if run and (best is None or run >= best[0]):
            best = run, place
    if best is None:
        return None
    length, last = best
    return (last + 1) * WINDOW - length * WINDOW // 2
