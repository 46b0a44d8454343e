"""A worker process for the tests: it repeats, one by one or in batches, or waits for a pipe, or dies."""

import os
from collections.abc import Iterator
from pathlib import Path

from gpu.embedded.child import Stop, serve
from gpu.pipe import Head, Message


def answer(head: Head, body: bytes, stop: Stop) -> Iterator[Message]:
    if "requests" in head:
        yield from _together(head["requests"])
        return
    if path := head.get("log"):
        with Path(path).open("a") as file:
            file.write(head["say"] + "\n")
    if path := head.get("hold"):
        Path(path).read_text()
    if head.get("die"):
        os._exit(3)
    if head.get("raise"):
        raise ValueError("told to")
    yield {"say": head["say"], "pid": os.getpid(), "stopped": bool(stop)}, body


def _together(requests: list[Head]) -> Iterator[Message]:
    """A batch, its names on one line."""
    with Path(requests[0]["log"]).open("a") as file:
        file.write(", ".join(request["say"] for request in requests) + "\n")
    yield {"answers": [{"say": request["say"]} for request in requests]}, b""


if __name__ == "__main__":
    serve(answer)
