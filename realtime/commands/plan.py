"""`tutor plan`: how the engines would share a graphics card's memory."""

import argparse

from realtime.errors import SettingsError
from realtime.settings import Settings
from realtime.setup.machine import look
from realtime.setup.memory import plan, told
from realtime.setup.profiles import planned


def run(arguments: argparse.Namespace) -> None:
    machine = look(Settings())
    if arguments.gb is None and not machine.gpus:
        raise SettingsError("no NVIDIA card is seen here; --gb 24 plans for one of 24 GB")
    print(told(plan(arguments.gb) if arguments.gb is not None else planned(machine)))
