"""`tutor plan`: how the engines would share a graphics card's memory."""

import argparse

from realtime.errors import SettingsError
from realtime.machine import look
from realtime.memory import plan, told
from realtime.profiles import planned
from realtime.settings import Settings


def run(arguments: argparse.Namespace) -> None:
    machine = look(Settings())
    if arguments.gb is None and not machine.gpus:
        raise SettingsError("no NVIDIA card is seen here; --gb 24 plans for one of 24 GB")
    print(told(plan(arguments.gb) if arguments.gb is not None else planned(machine)))
