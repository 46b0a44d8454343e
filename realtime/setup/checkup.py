"""`tutor doctor`: gathers the facts and tries the engines; what they mean is judged elsewhere."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version

import anyio
import httpx
from packaging.requirements import Requirement

from realtime import tls
from realtime.errors import SettingsError
from realtime.settings import Server, Settings
from realtime.setup import models
from realtime.setup.doctor import Facts, Port
from realtime.setup.machine import BARK_MODELS, CHAT_MODELS, WHISPER_MODELS, look
from realtime.setup.profiles import Choice, choose, settled
from realtime.setup.trial import Tried, try_engines, try_server

PACKAGE = "atom-tutor"


def examine(settings: Settings, url: str | None, key: str | None) -> Facts:
    """With `url`: the engines behind the tutor that runs there; else those of a start with these settings."""
    machine = look(settings)
    choice: Choice | None = None
    tried: list[Tried] = []
    with suppress(SettingsError):  # why, is found among the facts
        choice = choose(machine, settings)
    if url is not None:
        tried = anyio.run(try_server, url.rstrip("/"), key)
    elif choice is not None:
        tried = anyio.run(try_engines, settled(settings, machine, choice))
    return Facts(
        settings,
        machine,
        choice,
        unmet=tuple(unmet()),
        partly=tuple(partly()),
        certificate=_certificate(settings.server),
        port=None if url else _port(settings.server),
        tried=tuple(tried),
    )


def unmet(package: str = PACKAGE) -> Iterator[str]:
    """What the package wants and does not find, extras apart."""
    for line in requires(package) or ():
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            yield f"{wanted.name} is not installed"
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield f"{wanted.name} {found} is installed, not {wanted.specifier}"


def partly() -> Iterator[models.Model]:
    known = [
        *map(models.whisper, WHISPER_MODELS),
        *map(models.chat, CHAT_MODELS),
        *map(models.bark, BARK_MODELS),
    ]
    return (model for model in known if models.cache_of(model).is_dir() and not models.is_pulled(model))


def _certificate(server: Server) -> str:
    if server.tls == "self":
        return ""  # made at every start
    try:
        tls.certificate_of(server)
    except SettingsError as error:
        return str(error)
    return ""


def _port(server: Server) -> Port:
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        socket.create_server((server.host, server.port), family=family).close()
    except OSError:
        return Port(server.port, "a tutor" if _is_tutor(server) else "another program")
    return Port(server.port)


def _is_tutor(server: Server) -> bool:
    host = f"[{server.host}]" if ":" in server.host else server.host
    for scheme in ("http", "https"):
        try:
            # Only who it is, is asked: its certificate may be its own.
            answer = httpx.get(f"{scheme}://{host}:{server.port}/v1/door", timeout=2, verify=False)
            return "profile" in answer.json()
        except (httpx.HTTPError, ValueError):
            continue
    return False
