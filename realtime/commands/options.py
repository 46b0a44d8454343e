"""The flags that are settings, too."""

import argparse
from typing import get_args

from realtime.settings import Settings

_FLAGS = {
    "server": ("host", "port", "workers", "tls", "tls_cert", "tls_key", "origins"),
    "engines": ("speech_url", "transcription_url", "chat_url", "chat_model", "voice_pack"),
    "talk": ("lesson", "lessons"),
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000; 0: any free one)")
    parser.add_argument("--workers", type=int, help="processes that serve talks (default 1)")
    parser.add_argument(
        "--profile",
        choices=get_args(Settings.model_fields["profile"].annotation),
        help="which engines to run (default auto: the best that is installed and downloaded)",
    )
    parser.add_argument("--speech-url", help="a speech server elsewhere, such as http://127.0.0.1:9000/v1")
    parser.add_argument("--transcription-url", help="a recognition server elsewhere")
    parser.add_argument("--chat-url", help="an OpenAI-compatible chat server, for free talk")
    parser.add_argument("--chat-model", help="the name of its model")
    parser.add_argument("--voice-pack", help="a folder of `tutor render`: its lines need no synthesis")
    parser.add_argument("--tls", choices=["self"], help="https by this machine's own authority")
    parser.add_argument("--tls-cert", help="https by this certificate chain (PEM)")
    parser.add_argument("--tls-key", help="its key (PEM)")
    parser.add_argument("--origin", action="append", dest="origins", help="a page elsewhere that may talk")
    parser.add_argument("--lesson", help="the lesson for clients that name none")
    parser.add_argument("--lessons", help="a folder of lesson files instead of the built-in ones")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Flags over environment over defaults."""
    base = Settings().model_dump()
    if arguments.profile is not None:
        base["profile"] = arguments.profile
    for group, names in _FLAGS.items():
        given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
        base[group] |= given
    return Settings.model_validate(base)
