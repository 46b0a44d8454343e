"""`tutor render`: the lessons' fixed lines, spoken once into a voice pack."""

import argparse
import secrets
import sys
from contextlib import suppress
from pathlib import Path

import anyio

from realtime.engines.http import engine_client
from realtime.engines.recognition import HttpTranscriber
from realtime.engines.voice import HttpSynthesizer
from realtime.errors import SettingsError
from realtime.packs.pack import MANIFEST
from realtime.packs.render import FAILED, Order, Outcome, Render, texts
from realtime.settings import Bark, Settings
from realtime.setup.machine import BARK_MODELS, look
from realtime.setup.profiles import choose, settled
from realtime.setup.trial import Health, health, knows_nothing_else, speaking_server
from realtime.tutor.lessons import load_lessons

# On a machine that takes minutes for a sentence the whole comes at its end, and that may be of a second take.
# A server of ours notices itself what hangs.
STALL_S = 3600
AT_ONCE = 4


def run(arguments: argparse.Namespace) -> None:
    lines = texts(load_lessons(arguments.lessons).values())
    if arguments.list:
        print("\n".join(lines))
        return
    if arguments.folder is None:
        raise SettingsError("name the folder that is to hold the voice pack (or --list)")
    with suppress(KeyboardInterrupt):
        outcome = anyio.run(_render, arguments, lines)
        _tell_outcome(arguments, outcome)
        sys.exit(bool(outcome.failed))
    print("\nStopped. The same command continues it", file=sys.stderr)
    sys.exit(130)


async def _render(arguments: argparse.Namespace, lines: tuple[str, ...]) -> Outcome:
    settings = _settings(arguments)
    engines = settings.engines
    engines = engines.model_copy(
        update={
            "speech_model": arguments.model or engines.speech_model,
            "voice": arguments.voice or engines.voice,
            "speech_stall_timeout_s": STALL_S,
            "transcription_timeout_s": STALL_S,
        }
    )
    async with (
        engine_client() as client,
        speaking_server(client, engines.speech_url, settings.whisper, settings.bark) as url,
    ):
        if url is None:
            raise SettingsError("the speech server does not start; `tutor doctor` says why")
        told = await health(client, url)
        engines = engines.model_copy(
            update={"speech_model": loaded(engines.speech_model, arguments.model, told)}
        )
        # Nobody waits for a pack: Bark makes each clip whole, and takes it back where it is a bad one.
        is_bark = engines.speech_model.startswith("bark")
        mode = arguments.mode or ("exact" if is_bark else None)
        # The voice's own, so that its timbre does not jump; what that says badly it says so each time.
        seeds = (None, secrets.randbelow(2**32) if is_bark else None)
        voices = [HttpSynthesizer(client, url, engines, mode=mode, seed=seed, live=False) for seed in seeds]
        hearing_url = arguments.transcription_url or engines.transcription_url or url
        listener = HttpTranscriber(client, hearing_url, engines) if arguments.check else None
        order = Order(
            arguments.folder,
            lines,
            engines.speech_model,
            engines.voice,
            at_once(arguments.at_once, settings.bark),
            arguments.word_errors,
            told=arguments.check and await knows_nothing_else(client, hearing_url, engines),
        )
        return await Render(order, voices, listener, _say).run()


def at_once(asked: int | None, own_bark: Bark) -> int:
    """At most what our own Bark says at once: what waits is ready no sooner, and too much is refused."""
    if own_bark.slots is None:
        return asked or AT_ONCE
    return min(asked or own_bark.slots, own_bark.slots)


def loaded(name: str, asked: str | None, told: Health) -> str:
    """The model as the pack is to name it: a server takes `bark` and `bark-small` for whichever it has.

    Raises SettingsError where it has none, or another than `asked`.
    """
    if not name.startswith("bark"):
        return name
    if told.status == "degraded":
        raise SettingsError(told.reason)
    has = told.engines.get("speech", name)
    if asked in BARK_MODELS and has in BARK_MODELS and has != asked:
        raise SettingsError(f"{asked} was asked for, and what is loaded is {has}")
    return has if has in BARK_MODELS else name


def started_with(settings: Settings, model: str | None) -> Settings:
    """Those in which our own server has the model that a pack is to be made with. A folder that is set stays,
    and so does a server elsewhere."""
    bark = settings.bark
    if model not in BARK_MODELS or settings.engines.speech_url is not None:
        return settings
    changes = {"model": bark.model if isinstance(bark.model, Path) else model}
    changes |= {"live": "auto"} if bark.live == "never" else {}
    return settings.model_copy(update={"bark": bark.model_copy(update=changes)})


def _settings(arguments: argparse.Namespace) -> Settings:
    """As `tutor serve` would run here; a machine that is too slow to talk with Bark still renders with it."""
    settings = Settings()
    if arguments.speech_url is not None:
        engines = settings.engines.model_copy(update={"speech_url": arguments.speech_url})
        return settings.model_copy(update={"engines": engines, "bark": Bark()})
    settings = started_with(settings, arguments.model)
    machine = look(settings)
    return settled(settings, machine, choose(machine, settings))


def _say(line: str) -> None:
    print(line, flush=True)


def _tell_outcome(arguments: argparse.Namespace, outcome: Outcome) -> None:
    files = sum(file.stat().st_size for file in arguments.folder.rglob("*.opus"))
    lines = len(outcome.manifest.lines)
    print(f"{outcome.made} lines made, {outcome.kept} were there, {len(outcome.failed)} failed.")
    print(f"The pack ({MANIFEST}) holds {lines} lines, {outcome.minutes:.1f} minutes, {files / 1e6:.1f} MB.")
    if outcome.failed:
        print(f"What failed is in {FAILED}. The same command tries it again.")
