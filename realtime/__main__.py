"""The `tutor` command: serve the tutor, run the speech server alone, talk from a terminal."""

import argparse
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from pydantic import ValidationError

from realtime import terminal
from realtime.app import create_app
from realtime.children import speech_server
from realtime.errors import SettingsError
from realtime.settings import Server, Settings
from realtime.terminal import Options
from realtime.tutor.lessons import LessonError

TRANSPORT_BYTES = 32 * 2**20  # above every limit of ours, so that ours can answer with a reason


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except (SettingsError, LessonError, ValidationError) as error:
        sys.exit(f"tutor: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tutor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    serve_ = commands.add_parser("serve", help="serve the tutor and its page")
    serve_.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve_.add_argument("--port", type=int, help="port to listen on (default 8000; 0: any free one)")
    serve_.add_argument("--speech-url", help="a speech server elsewhere, such as http://127.0.0.1:9000/v1")
    serve_.add_argument("--lesson", help="the lesson for clients that name none")
    serve_.add_argument("--lessons", help="a folder of lesson files instead of the built-in ones")
    serve_.set_defaults(run=serve)
    speech = commands.add_parser("speech", help="run the speech server alone")
    speech.add_argument("--port", type=int, default=9000)
    speech.set_defaults(run=run_speech)
    talk_ = commands.add_parser("talk", help="talk from this terminal")
    talk_.add_argument("--url", default="ws://127.0.0.1:8000/v1/realtime?model=tutor")
    talk_.add_argument("--lesson", help="the lesson to do")
    talk_.add_argument("--wav", type=Path, help="speak this recording instead of the microphone, once")
    talk_.add_argument("--out", type=Path, help="with --wav: write the answer to this WAV file")
    talk_.set_defaults(run=talk)
    return parser


def talk(arguments: argparse.Namespace) -> None:
    options = Options(arguments.url, arguments.lesson, arguments.wav, arguments.out)
    with suppress(KeyboardInterrupt):
        anyio.run(terminal.talk, options)


def serve(arguments: argparse.Namespace) -> None:
    settings = _settings(
        server={"host": arguments.host, "port": arguments.port},
        engines={"speech_url": arguments.speech_url},
        talk={"lesson": arguments.lesson, "lessons": arguments.lessons},
    )
    if settings.server.host not in ("127.0.0.1", "::1", "localhost"):
        raise SettingsError(f"{settings.server.host} can be reached by others, and there are no keys yet")
    with _listening(settings.server) as listener:
        address = f"http://{settings.server.host}:{listener.getsockname()[1]}"
        print(f"Atom is starting on {address}", flush=True)
        config = uvicorn.Config(
            create_app(settings, address),
            ws="websockets-sansio",
            ws_max_size=TRANSPORT_BYTES,
            ws_per_message_deflate=False,
            log_level="warning",
            timeout_graceful_shutdown=3,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listening(server: Server) -> socket.socket:
    """Taken before anything is started, so that a busy port is the first thing said."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        return socket.create_server((server.host, server.port), family=family)
    except OSError as error:
        message = f"cannot listen on {server.host} port {server.port}: {error.strerror}. Try --port 0"
        raise SettingsError(message) from error


def run_speech(arguments: argparse.Namespace) -> None:
    """The speech server takes this process's place."""
    command = speech_server(arguments.port)
    os.execv(command[0], command)


def _settings(**flags: dict[str, Any]) -> Settings:
    """Flags over environment over defaults."""
    given = {
        group: {name: value for name, value in values.items() if value is not None}
        for group, values in flags.items()
    }
    base = Settings().model_dump()
    merged = {group: {**base[group], **values} for group, values in given.items()}
    return Settings.model_validate({**base, **merged})


if __name__ == "__main__":
    main()
