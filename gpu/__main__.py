"""`python -m gpu`: the speech server as a process of its own."""

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from gpu.bark_voice import Bark
from gpu.engines import Whisper
from gpu.server import create_app

DEVICES = ("cpu", "cuda")
PRECISIONS = ("int8", "int8_float16", "float16", "bfloat16", "float32")
BARK_PRECISIONS = ("float32", "float16", "bfloat16")


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


def whisper_of(options: argparse.Namespace) -> Whisper | None:
    """Ends the program where the model is not there."""
    if options.recognition != "whisper":
        return None
    from gpu.whisper.model import ModelMissing, find  # noqa: PLC0415 - heavy, and not everybody's

    try:
        find(options.whisper_model, options.whisper_device)
    except ModelMissing as error:
        sys.exit(str(error))
    return Whisper(
        options.whisper_model, options.whisper_device, options.whisper_precision, options.whisper_batch
    )


def bark_of(options: argparse.Namespace) -> Bark | None:
    """Ends the program where its model or its Python is not there."""
    if options.voice != "bark":
        return None
    if options.bark_model is None or not options.bark_model.is_dir():
        sys.exit(f"--bark-model: {options.bark_model} is no folder with a model of Bark's")
    if options.bark_python is None or not options.bark_python.is_file():
        sys.exit(f"--bark-python: {options.bark_python} is no Python; Bark needs one that has torch")
    return Bark(
        options.bark_model,
        options.bark_python,
        options.bark_device,
        options.bark_precision,
        options.bark_slots,
        options.bark_live,
    )


def add_bark(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--voice", choices=("espeak-ng", "bark"), default="espeak-ng")
    parser.add_argument("--bark-model", type=Path, help="its folder")
    parser.add_argument("--bark-python", type=Path, help="of an environment that has torch")
    parser.add_argument("--bark-device", choices=DEVICES, default="cpu")
    parser.add_argument("--bark-precision", choices=BARK_PRECISIONS, default="float32")
    parser.add_argument("--bark-slots", type=int, default=4, help="sentences at once (default: %(default)s)")
    parser.add_argument(
        "--bark-live",
        choices=("auto", "always"),
        default="auto",
        help="whether it speaks to learners who wait: where it is faster than real time, or always",
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gpu", description="Recognition and speech over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="recognition processes (default: one a core)")
    parser.add_argument("--recognition", choices=("pocketsphinx", "whisper"), default="pocketsphinx")
    parser.add_argument("--whisper-model", default="small", help="a name or a folder (default: %(default)s)")
    parser.add_argument("--whisper-device", choices=DEVICES, default="cpu")
    parser.add_argument("--whisper-precision", choices=PRECISIONS, default="int8")
    parser.add_argument("--whisper-batch", type=int, default=8, help="windows (default: %(default)s)")
    parser.add_argument("--as-child", action="store_true", help="end when standard input ends")
    add_bark(parser)
    options = parser.parse_args()
    if options.as_child:
        threading.Thread(target=end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        create_app(options.workers, whisper_of(options), bark_of(options)),
        host=options.host,
        port=options.port,
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
