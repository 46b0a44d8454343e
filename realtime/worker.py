"""One process that serves talks: alone, or as one of several behind the same port.

TUTOR_WORKER_PLACE=PLACE python -m realtime.worker
"""

# pyright: reportMissingTypeStubs=false

import gc
import os
import signal
import socket
import threading
from pathlib import Path

import uvicorn
from pydantic import BaseModel, ConfigDict
from threadpoolctl import threadpool_limits

from realtime.app import create_app
from realtime.house import House
from realtime.settings import Settings
from realtime.wire.socket import Socket

PLACE = "TUTOR_WORKER_PLACE"
TRANSPORT_BYTES = 32 * 2**20  # above every limit of ours, so that ours can answer with a reason


class Place(BaseModel):
    """`listener`: a descriptor; `authority`: what devices are to trust."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    address: str
    listener: int
    chain: Path | None
    key: Path | None
    authority: Path | None
    house: House | None = None


def serve(place: Place, listener: socket.socket) -> None:
    authority = place.authority.read_bytes() if place.authority else None
    threadpool_limits(1)  # numpy's own threads would take the cores of the engines, for nothing
    app = create_app(place.settings, place.address, authority, place.house)
    settle_memory()
    config = uvicorn.Config(
        app,
        ws=Socket,
        ws_max_size=TRANSPORT_BYTES,
        ws_per_message_deflate=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        ssl_certfile=place.chain,
        ssl_keyfile=place.key,
    )
    uvicorn.Server(config).run(sockets=[listener])


def settle_memory() -> None:
    """What a start leaves lives as long as the process: a collection that looked through it all would hold up
    every talk for a tenth of a second."""
    gc.collect()
    gc.freeze()


def main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    place = Place.model_validate_json(os.environ.pop(PLACE))
    with socket.socket(fileno=place.listener) as listener:
        serve(place, listener)


def _end_with_parent() -> None:
    """Even a parent that was killed closes its end of the pipe."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
