"""A real `tutor serve` for tests: its own speech server, its own port, ended by its pid."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

START_S = 300  # with engines of its own, on a busy machine
EMBEDDED = {"TUTOR_PROFILE": "embedded"}  # whatever else this machine could do


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    speech_url: str  # of the speech server that it started, or was given
    pid: int

    @property
    def talk_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/v1/realtime?model=tutor"


@contextmanager
def serving(*flags: str, program: tuple[str, ...] = ("realtime",), **environment: str) -> Iterator[Served]:
    command = [sys.executable, "-m", *program, "serve", "--port", "0", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | EMBEDDED | environment
    ) as process:
        assert process.stdout
        late = threading.Timer(START_S, process.terminate)
        late.start()
        try:
            given = flags[flags.index("--speech-url") + 1] if "--speech-url" in flags else None
            speech_url = given or _url_after("speech server ready on", process.stdout)
            served = Served(_url_after("Atom is ready: open", process.stdout), speech_url, process.pid)
            late.cancel()
            yield served
        finally:
            late.cancel()
            process.terminate()


def _url_after(said: str, output: TextIO) -> str:
    for line in output:
        if found := re.match(rf"{said} (https?://\S+)", line):
            return found[1]
    raise AssertionError(f"the server ended without saying {said!r}")
