"""The `tutor` command: serve the tutor, run the speech server alone, talk from a terminal, fetch models."""

import argparse
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import anyio
import uvicorn
from pydantic import ValidationError

from realtime import doctor, terminal, tls
from realtime.app import create_app
from realtime.checkup import examine
from realtime.children import speech_server
from realtime.errors import PullError, SettingsError
from realtime.keys import invitation
from realtime.machine import look
from realtime.memory import plan, told
from realtime.models import LLAMA, Model, needed
from realtime.profiles import choose, planned, settled
from realtime.pull import pull
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
    except PullError as error:
        print(f"tutor: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tutor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    serve_ = commands.add_parser("serve", help="serve the tutor and its page")
    _add_settings(serve_)
    serve_.set_defaults(run=serve)
    speech = commands.add_parser("speech", help="run the speech server alone")
    speech.add_argument("--port", type=int, default=9000)
    speech.set_defaults(run=run_speech)
    talk_ = commands.add_parser("talk", help="talk from this terminal")
    talk_.add_argument("--url", default="ws://127.0.0.1:8000/v1/realtime?model=tutor")
    talk_.add_argument("--lesson", help="the lesson to do")
    talk_.add_argument("--wav", type=Path, help="speak this recording instead of the microphone, once")
    talk_.add_argument("--out", type=Path, help="with --wav: write the answer to this WAV file")
    talk_.add_argument("--key", help="the server's API key (default: TUTOR_API_KEY)")
    talk_.set_defaults(run=talk)
    pull_ = commands.add_parser(
        "pull", help="download the models that a profile needs (default: this machine's)"
    )
    pull_.add_argument("profile", nargs="?", choices=["embedded", "cpu", "gpu"])
    pull_.add_argument(
        "--chat-model", metavar="REPO", help="a chat model of the hub instead of the profile's"
    )
    pull_.add_argument("--yes", action="store_true", help="do not ask before downloading")
    pull_.add_argument("--dry-run", action="store_true", help="say what would be downloaded, no more")
    pull_.set_defaults(run=run_pull)
    plan_ = commands.add_parser("plan", help="how the engines would share a graphics card's memory")
    plan_.add_argument("--gb", type=float, help="of a card with so many GB (default: this machine's first)")
    plan_.set_defaults(run=run_plan)
    doctor_ = commands.add_parser("doctor", help="what is wrong here, and what to type")
    _add_settings(doctor_)
    doctor_.add_argument("--url", help="try the engines behind the tutor that runs there")
    doctor_.add_argument("--key", help="that server's API key (default: TUTOR_API_KEY)")
    doctor_.add_argument("--json", action="store_true", help="for programs")
    doctor_.set_defaults(run=run_doctor)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000; 0: any free one)")
    parser.add_argument(
        "--profile",
        choices=get_args(Settings.model_fields["profile"].annotation),
        help="which engines to run (default auto: the best that is installed and downloaded)",
    )
    parser.add_argument("--speech-url", help="a speech server elsewhere, such as http://127.0.0.1:9000/v1")
    parser.add_argument("--transcription-url", help="a recognition server elsewhere")
    parser.add_argument("--chat-url", help="an OpenAI-compatible chat server, for free talk")
    parser.add_argument("--chat-model", help="the name of its model")
    parser.add_argument("--tls", choices=["self"], help="https by this machine's own authority")
    parser.add_argument("--tls-cert", help="https by this certificate chain (PEM)")
    parser.add_argument("--tls-key", help="its key (PEM)")
    parser.add_argument("--origin", action="append", dest="origins", help="a page elsewhere that may talk")
    parser.add_argument("--lesson", help="the lesson for clients that name none")
    parser.add_argument("--lessons", help="a folder of lesson files instead of the built-in ones")


def talk(arguments: argparse.Namespace) -> None:
    key = arguments.key or os.environ.get("TUTOR_API_KEY")
    options = Options(arguments.url, arguments.lesson, arguments.wav, arguments.out, key)
    with suppress(KeyboardInterrupt):
        anyio.run(terminal.talk, options)


def serve(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments)
    server = settings.server
    if not tls.is_loopback(server.host) and not settings.api_keys:
        message = (
            f"{server.host} can be reached by others: set TUTOR_API_KEYS=key[,key...] or listen on 127.0.0.1"
        )
        raise SettingsError(message)
    settings = _with_profile(settings)
    certificate = tls.certificate_of(server)
    with _listening(server) as listener:
        scheme = "https" if certificate else "http"
        address = f"{scheme}://{_reachable_at(server.host)}:{listener.getsockname()[1]}"
        print(f"Atom is starting on {address}", flush=True)
        if server.tls == "self":
            print(tls.qr_code(_invitation(address, settings)), flush=True)
            print(f"Each phone is to trust {address}/authority.pem once (docs/operating.md)", flush=True)
        authority = certificate.authority.read_bytes() if certificate and server.tls == "self" else None
        config = uvicorn.Config(
            create_app(settings, address, authority),
            ws="websockets-sansio",
            ws_max_size=TRANSPORT_BYTES,
            ws_per_message_deflate=False,
            log_level="warning",
            timeout_graceful_shutdown=3,
            ssl_certfile=certificate.chain if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _with_profile(settings: Settings) -> Settings:
    # The plan is for the first card in the driver's order; CUDA's own order begins with the fastest.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    machine = look(settings)
    choice = choose(machine, settings)
    print(f"Profile {choice.profile}: {choice.why}", flush=True)
    if choice.more:
        print(f"  {choice.more}", flush=True)
    if choice.plan:
        print(told(choice.plan), flush=True)
    return settled(settings, machine, choice)


def _invitation(address: str, settings: Settings) -> str:
    """With the first key for those who see this terminal; a log that others read is told none."""
    if settings.api_keys and sys.stdout.isatty():
        return invitation(address, settings.api_keys[0])
    return address


def _reachable_at(host: str) -> str:
    """An address to type: the first of this machine's own where it listens on all of them."""
    if host in ("0.0.0.0", "::"):
        return next(iter(tls.lan_addresses()), "127.0.0.1")
    return f"[{host}]" if ":" in host else host


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


def run_doctor(arguments: argparse.Namespace) -> None:
    key = arguments.key or os.environ.get("TUTOR_API_KEY")
    found = doctor.findings(examine(_settings(arguments), arguments.url, key))
    print(json.dumps([asdict(finding) for finding in found]) if arguments.json else doctor.told(found))
    sys.exit(any(finding.state == "wrong" for finding in found))


def run_plan(arguments: argparse.Namespace) -> None:
    machine = look(Settings())
    if arguments.gb is None and not machine.gpus:
        raise SettingsError("no NVIDIA card is seen here; --gb 24 plans for one of 24 GB")
    print(told(plan(arguments.gb) if arguments.gb is not None else planned(machine)))


def run_pull(arguments: argparse.Namespace) -> None:
    try:
        pull(_needed(arguments), ask=not arguments.yes, dry_run=arguments.dry_run)
    except KeyboardInterrupt:
        print("\nStopped. The same command continues it", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


def _needed(arguments: argparse.Namespace) -> tuple[Model, ...]:
    """The models that were named, by a flag or a setting, and else those that fit this machine's card."""
    settings = Settings()
    machine = look(settings)
    profile = arguments.profile or ("gpu" if machine.gpus else "cpu")
    own_chat = settings.vllm.model if profile == "gpu" and settings.vllm.model != LLAMA else None
    return needed(
        profile,
        planned(machine) if profile == "gpu" and machine.gpus else None,
        whisper_model=settings.whisper.model,
        chat_model=arguments.chat_model or own_chat,
    )


_FLAGS = {
    "server": ("host", "port", "tls", "tls_cert", "tls_key", "origins"),
    "engines": ("speech_url", "transcription_url", "chat_url", "chat_model"),
    "talk": ("lesson", "lessons"),
}


def _settings(arguments: argparse.Namespace) -> Settings:
    """Flags over environment over defaults."""
    base = Settings().model_dump()
    if arguments.profile is not None:
        base["profile"] = arguments.profile
    for group, names in _FLAGS.items():
        given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
        base[group] |= given
    return Settings.model_validate(base)


if __name__ == "__main__":
    main()
