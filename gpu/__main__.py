"""`python -m gpu`: the speech server as a process of its own."""

import argparse
import os
import signal
import socket
import sys
import threading

import uvicorn

from gpu.server import create_app


class Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            print(f"speech server ready on http://{host}:{port}", flush=True)


def end_with_parent() -> None:
    """Even a parent that was killed closes its end of the pipe."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gpu", description="Recognition and speech over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="recognition processes (default: one a core)")
    parser.add_argument("--as-child", action="store_true", help="end when standard input ends")
    options = parser.parse_args()
    if options.as_child:
        threading.Thread(target=end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        create_app(options.workers),
        host=options.host,
        port=options.port,
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
