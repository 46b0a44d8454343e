"""`tutor talk`: from a terminal."""

import argparse
import os
from contextlib import suppress

import anyio

from realtime import terminal
from realtime.terminal import Options


def run(arguments: argparse.Namespace) -> None:
    key = arguments.key or os.environ.get("TUTOR_API_KEY")
    options = Options(arguments.url, arguments.lesson, arguments.wav, arguments.out, key)
    with suppress(KeyboardInterrupt):
        anyio.run(terminal.talk, options)
