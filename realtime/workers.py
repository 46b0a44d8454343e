"""`tutor serve --workers N`: the parent of several gateways on one port. It has the engines, and no learners.

A worker that dies is started again; its talks are lost, those of the others go on. All accept from one
socket, so a connection waits for whoever is free.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import httpx

from realtime.app import create_app, start_engines
from realtime.children import is_well, keep_alive
from realtime.engines.http import engine_client
from realtime.house import METRICS, House
from realtime.settings import Settings
from realtime.vllm import ChatServer
from realtime.worker import PLACE, Place

ASK_AGAIN_S = 0.2


async def conduct(place: Place) -> None:
    """Until it is told to end. Raises LessonError or PackError at once, as one worker alone would."""
    create_app(place.settings, place.address)
    with TemporaryDirectory(prefix="atom-tutor-") as folder:
        async with engine_client() as client, anyio.create_task_group() as tasks:
            tasks.start_soon(_end_when_told, tasks.cancel_scope)
            url, chat_server = start_engines(place.settings, client, tasks)
            settings = behind(place.settings, url, chat_server)
            workers = settings.server.workers
            chat_root = chat_server.url.removesuffix("/v1") if chat_server else None
            house = House(folder=Path(folder), workers=workers, chat_root=chat_root)
            house.build()
            for number in range(workers):
                own = house.model_copy(update={"number": number})
                seen = {"settings": settings, "house": own}
                tasks.start_soon(_run_worker, place.model_copy(update=seen))
            roots = {url, settings.engines.transcription_url or url}
            await _wait_for([root.removesuffix("/v1") for root in roots], chat_server, client)
            async with httpx.AsyncClient(verify=False) as own_client:  # our own certificate
                await _wait_for([place.address], None, own_client)
            print(f"Atom is ready: open {place.address}", flush=True)


def behind(settings: Settings, speech_url: str, chat_server: ChatServer | None) -> Settings:
    """As the workers are to see it: the engines are there."""
    engines = settings.engines.model_copy(update={"speech_url": speech_url})
    vllm = settings.vllm
    if chat_server:
        engines = engines.model_copy(update={"chat_url": chat_server.url, "chat_model": chat_server.model})
        vllm = vllm.model_copy(update={"python": None})
    return settings.model_copy(update={"engines": engines, "vllm": vllm})


async def _run_worker(place: Place) -> None:
    assert place.house
    environment = os.environ | {
        PLACE: place.model_dump_json(),
        METRICS: str(place.house.metrics_folder),
    }
    command = [sys.executable, "-m", "realtime.worker"]
    await keep_alive(f"worker {place.house.number}", command, environment, files=[place.listener])


async def _wait_for(roots: Sequence[str], chat_server: ChatServer | None, client: httpx.AsyncClient) -> None:
    for root in roots:
        while not await is_well(client, root):  # noqa: ASYNC110 -- it is another process that becomes ready
            await anyio.sleep(ASK_AGAIN_S)
    while chat_server and not chat_server.ready:  # noqa: ASYNC110 -- the same
        await anyio.sleep(ASK_AGAIN_S)


async def _end_when_told(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
