"""The engine processes that `tutor serve` starts: started, watched, restarted, ended with the server."""

import logging
import subprocess
import sys
from collections.abc import Sequence

import anyio
import httpx
from anyio.abc import Process

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 10.0


async def keep_alive(name: str, command: Sequence[str]) -> None:
    """Run a child until cancelled; one that dies is started again, after a growing pause."""
    pause_s = 0.1
    while True:
        started_s = anyio.current_time()
        async with await anyio.open_process(
            command, stdin=subprocess.PIPE, stdout=None, stderr=None
        ) as process:
            try:
                await process.wait()
            finally:
                await end(process)
        lived_s = anyio.current_time() - started_s
        pause_s = 0.1 if lived_s > LONGEST_PAUSE_S else min(pause_s * 2, LONGEST_PAUSE_S)
        log.warning("%s ended with status %s; starting it again", name, process.returncode)
        await anyio.sleep(pause_s)


async def end(process: Process) -> None:
    """Ask it to end; insist after two seconds."""
    if process.returncode is not None:
        return
    with anyio.CancelScope(shield=True):
        process.terminate()
        with anyio.move_on_after(2):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def speech_server(port: int) -> list[str]:
    """The command of the speech server."""
    return [sys.executable, "-m", "gpu", "--host", "127.0.0.1", "--port", str(port)]


async def is_well(client: httpx.AsyncClient, root_url: str) -> bool:
    """Whether an engine server says that it can work; a stock server without such a page is believed."""
    try:
        answer = await client.get(f"{root_url}/healthz", timeout=2)
    except httpx.HTTPError:
        return False
    return answer.is_success or answer.status_code == 404
