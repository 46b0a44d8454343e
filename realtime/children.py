"""The engine processes that `tutor serve` starts: started, watched, restarted, ended with the server."""

import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import anyio
import httpx
from anyio.abc import Process

from realtime.settings import Bark, Whisper
from realtime.setup.models import bark, located

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 10.0


async def keep_alive(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    began: Callable[[], Coroutine[Any, Any, None]] | None = None,
    files: Sequence[int] = (),
) -> None:
    """Run a child until cancelled; one that dies is started again, after a growing pause.

    `began` is called with each process, and cancelled when that ends. `files`: descriptors that it inherits.
    """
    pause_s = 0.1
    while True:
        started_s = anyio.current_time()
        async with await anyio.open_process(
            command, stdin=subprocess.PIPE, stdout=None, stderr=None, env=environment, pass_fds=files
        ) as process:
            try:
                async with anyio.create_task_group() as tasks:
                    if began:
                        tasks.start_soon(began)
                    await process.wait()
                    tasks.cancel_scope.cancel()
            finally:
                await end(process)
        lived_s = anyio.current_time() - started_s
        pause_s = 0.1 if lived_s > LONGEST_PAUSE_S else min(pause_s * 2, LONGEST_PAUSE_S)
        log.warning("%s ended with status %s; starting it again", name, process.returncode)
        await anyio.sleep(pause_s)


async def end(process: Process) -> None:
    """Ask it to end; insist after three seconds, of which a minder gives one to what it minds."""
    if process.returncode is not None:
        return
    with anyio.CancelScope(shield=True):
        process.terminate()
        with anyio.move_on_after(3):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def speech_server(port: int, whisper: Whisper | None = None, speaks: Bark | None = None) -> list[str]:
    """The command of the speech server. Without a Whisper model it hears with pocketsphinx, without one of
    Bark's it speaks with espeak-ng."""
    command = [sys.executable, "-m", "gpu", "--host", "127.0.0.1", "--port", str(port)]
    if whisper is not None and whisper.model is not None:
        command += ["--recognition", "whisper", *_flags("whisper", whisper)]
    if speaks is not None and speaks.model is not None:
        folder = located(str(speaks.model), bark)
        command += ["--voice", "bark", *_flags("bark", speaks.model_copy(update={"model": folder}))]
    return command


def _flags(engine: str, settings: Bark | Whisper) -> list[str]:
    given = settings.model_dump(exclude_none=True)
    return [text for name, value in given.items() for text in (f"--{engine}-{name}", str(value))]


def minded(command: Sequence[str]) -> list[str]:
    """The command of something that does not watch its parent, so that it ends with it all the same."""
    return [sys.executable, "-m", "realtime.minder", *command]


async def is_well(client: httpx.AsyncClient, root_url: str) -> bool:
    """Whether an engine server says that it can work; a stock server without such a page is believed."""
    try:
        answer = await client.get(f"{root_url}/healthz", timeout=2)
    except httpx.HTTPError:
        return False
    return answer.is_success or answer.status_code == 404


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
