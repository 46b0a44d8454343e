"""What a minder minds ends with its parent, however it resists, and so does all that it started."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from realtime.children import minded

PATIENCE_S = 30
# As vLLM while it starts: deaf to SIGTERM, with an engine that is a process of its own.
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
FAMILY = f"""
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", {DEAF!r}], stdout=subprocess.PIPE) as engine:
    engine.stdout.readline()
    exec({DEAF!r})
"""


@contextmanager
def _minded(source: str) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    command = minded([sys.executable, "-c", source])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as minder:
        assert minder.stdout
        minder.stdout.readline()
        yield minder, psutil.Process(minder.pid).children(recursive=True)


def _alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(family, timeout=PATIENCE_S)[1]


def test_what_does_not_listen_is_ended_all_the_same() -> None:
    with _minded(FAMILY) as (minder, family):
        assert len(family) == 2
        minder.terminate()
        assert _alive(family) == []


def test_a_parent_that_is_gone_leaves_nothing_behind() -> None:
    with _minded(FAMILY) as (minder, family):
        assert minder.stdin
        minder.stdin.close()
        assert _alive(family) == []


def test_what_died_leaves_nothing_behind_and_the_minder_ends_with_it() -> None:
    with _minded(FAMILY) as (minder, family):
        family[0].kill()
        assert _alive(family) == []
        assert minder.wait() != 0
