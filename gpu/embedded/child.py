"""The inside of a worker process: jobs one after another, and a stop heard at any time."""

import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator

from gpu.errors import ApiError
from gpu.pipe import Head, Message, pack, read


class Stop:
    """Whether the server has given up the current job."""

    def __init__(self) -> None:
        self.current = 0
        self.given_up = 0

    def __bool__(self) -> bool:
        return self.given_up == self.current


Answer = Callable[[Head, bytes, Stop], Iterator[Message]]


def serve(answer: Answer) -> None:
    """Answers jobs from stdin until it closes, which is how the server's death is noticed."""
    inlet = os.fdopen(os.dup(0), "rb")
    outlet = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a C library prints must not fall between the messages
    jobs: queue.SimpleQueue[Message] = queue.SimpleQueue()
    stop = Stop()

    def listen() -> None:
        while message := read(inlet):
            head, _ = message
            if "stop" in head:
                stop.given_up = head["stop"]
            else:
                jobs.put(message)
        os._exit(0)

    def send(head: Head, body: bytes = b"") -> None:
        outlet.write(pack({**head, "job": stop.current}, body))
        outlet.flush()

    threading.Thread(target=listen, daemon=True).start()
    send({"ready": True})
    while True:
        head, body = jobs.get()
        stop.current = head["job"]
        try:
            for reply in answer(head, body, stop):
                send(*reply)
                if stop:
                    break
        except ApiError as error:
            send({"error": {"status": error.status, **error.body()["error"]}})
        except Exception as error:  # whatever a library raises is told to who asked, and the next job is done
            traceback.print_exc(file=sys.stderr)
            send({"error": {"status": 500, "code": "engine_error", "message": repr(error)}})
        send({"end": True})
