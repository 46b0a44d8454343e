"""The real server, whose live memory can be searched: `python -m tests.searching WISH serve ...`.

On SIGUSR1 it reads a text from WISH, collects garbage, follows every reference from every object that the
collector knows, and writes to WISH.found which strings and bytes hold the text. Memory that was freed is not
looked at, nor is what other processes hold. Asked for `class NAME` it collects nothing and writes a line for
each object of that class. By itself its collector never runs.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from realtime.__main__ import main

CLASS = "class "


def live_texts() -> Iterator[str | bytes]:
    seen: set[int] = set()
    waiting: list[Any] = gc.get_objects()
    seen.update(map(id, waiting))
    seen |= {id(seen), id(waiting)}
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, str | bytes):
            yield thing
        elif isinstance(thing, bytearray | memoryview):
            yield bytes(thing)
        for other in gc.get_referents(thing):
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def holding(wanted: str) -> list[str]:
    gc.collect()
    needle = wanted.encode()
    found = (text for text in live_texts() if text is not wanted and text is not needle)
    return [
        str(text)[:300] for text in found if (wanted in text if isinstance(text, str) else needle in text)
    ]


def alive(name: str) -> list[str]:
    """What is there of this class, garbage included."""
    return [name for thing in gc.get_objects() if type(thing).__name__ == name]


def search(served_pid: int, wish: Path, wanted: str) -> list[str]:
    """What the server holds with these words in it, or of `class NAME`."""
    answer = wish.with_suffix(".found")
    answer.unlink(missing_ok=True)
    wish.write_text(wanted)
    os.kill(served_pid, signal.SIGUSR1)
    end_s = time.monotonic() + 30
    while not answer.exists():
        assert time.monotonic() < end_s, "the server did not search itself"
        time.sleep(0.02)
    return answer.read_text().splitlines()


def _answer_to(wish: Path) -> None:
    def answer(_signal: int, _frame: FrameType | None) -> None:
        wanted = wish.read_text()
        found = alive(wanted[len(CLASS) :]) if wanted.startswith(CLASS) else holding(wanted)
        draft = wish.with_suffix(".draft")
        draft.write_text("\n".join(text.replace("\n", " ") for text in found))
        draft.rename(wish.with_suffix(".found"))

    signal.signal(signal.SIGUSR1, answer)


if __name__ == "__main__":
    gc.disable()
    _answer_to(Path(sys.argv.pop(1)))
    main()
