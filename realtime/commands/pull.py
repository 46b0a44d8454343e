"""`tutor pull`: fetches the models that a profile needs."""

import argparse
import signal
import sys

from realtime.settings import Settings
from realtime.setup.machine import look
from realtime.setup.models import LLAMA, Model, needed
from realtime.setup.profiles import planned
from realtime.setup.pull import pull


def run(arguments: argparse.Namespace) -> None:
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
        voice_model=str(settings.bark.model) if settings.bark.model else None,
    )
