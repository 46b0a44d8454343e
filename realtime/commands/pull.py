"""`tutor pull`: fetches the models that a profile needs."""

import argparse
import signal
import sys

from realtime.settings import Settings
from realtime.setup.machine import look
from realtime.setup.models import Model, needed
from realtime.setup.profiles import asked_chat, downloaded_chat, planned
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
    made = planned(machine) if profile == "gpu" and machine.gpus else None
    chat_model = arguments.chat_model
    if profile == "gpu" and chat_model is None:
        asked = asked_chat(settings.vllm, made)
        chat_model = downloaded_chat(asked, machine) or asked
    return needed(
        profile,
        made,
        whisper_model=settings.whisper.model,
        chat_model=chat_model,
        voice_model=str(settings.bark.model) if settings.bark.model else None,
    )
