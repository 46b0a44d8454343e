"""`tutor speech`: the speech server alone."""

import argparse
import os

from realtime.children import speech_server


def run(arguments: argparse.Namespace) -> None:
    """The speech server takes this process's place."""
    command = speech_server(arguments.port)
    os.execv(command[0], command)
