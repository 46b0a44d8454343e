"""Runs a command for a parent that may die, and ends all that it started when the parent is gone.

    python -m realtime.minder COMMAND...

For engines that do not watch their parent themselves. They get a process group of their own, which ends as a
whole: at SIGTERM, when standard input ends, and when the command itself has died and left others behind.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

PATIENCE_S = 1  # vLLM ignores SIGTERM while it starts


def main() -> None:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        sys.exit(process.wait())
    finally:
        _end(process)


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """Even a parent that was killed closes its end of the pipe. Not read through sys.stdin: a thread that
    waits there makes the interpreter abort at its end."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    _tell_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_S)
    _tell_group(process, signal.SIGKILL)


def _tell_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    main()
