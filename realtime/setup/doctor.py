"""What is wrong with a machine and its engines, and what to type: facts in, findings out."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from realtime import tls
from realtime.settings import Server, Settings
from realtime.setup.machine import Machine
from realtime.setup.memory import NoRoom
from realtime.setup.models import Model
from realtime.setup.profiles import Choice, lacking, planned
from realtime.setup.trial import Tried

VLLM = "0.32.0"  # the release that the profile gpu is built for
SPARE_GB = 1.0  # to be left on the disk

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`wrong`: something that is needed does not work. A `note` is for whoever wants more."""

    subject: str
    state: State
    said: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """`holder`: who answers where it is not free."""

    number: int
    holder: Literal["nobody", "a tutor", "another program"] = "nobody"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is judged. `settings` are as they were given, and `choice` what becomes of their profile."""

    settings: Settings
    machine: Machine
    choice: Choice | None  # None: the profile that was asked for cannot work
    unmet: tuple[str, ...] = ()  # packages that are not as this release wants them
    partly: tuple[Model, ...] = ()  # of which only a part was downloaded
    certificate: str = ""  # what is wrong with the one that was given
    port: Port | None = None  # None: a running server is examined
    tried: tuple[Tried, ...] = ()


def findings(facts: Facts) -> list[Finding]:
    """In the order in which they are best mended."""
    return [
        *_packages(facts.unmet),
        *_card(facts),
        *_profile(facts),
        *_models(facts.partly, facts.machine),
        *([_port(facts.port)] if facts.port else []),
        *_page(facts.settings, facts.certificate),
        *(_engine(tried, facts.settings) for tried in facts.tried),
        *_untried(facts),
    ]


def told(found: Sequence[Finding]) -> str:
    """For a terminal, without colours."""
    lines: list[str] = []
    for finding in found:
        lines.append(f"{_MARKS[finding.state]:6}{finding.subject:12}{finding.said}")
        if finding.cure:
            lines.append(f"{'':18}-> {finding.cure}")
    wrong = sum(finding.state == "wrong" for finding in found)
    lines.append("All is well." if not wrong else f"{wrong} to be mended.")
    return "\n".join(lines)


_MARKS: dict[State, str] = {"ok": "ok", "note": "note", "wrong": "WRONG"}


def _packages(unmet: Sequence[str]) -> Iterator[Finding]:
    if unmet:
        yield Finding(
            "packages", "wrong", f"not as this release wants them: {', '.join(unmet)}", "make setup"
        )
    else:
        yield Finding("packages", "ok", "as this release wants them")


def _card(facts: Facts) -> Iterator[Finding]:
    """A card that is not needed is no fault, whatever is wrong with it."""
    machine, needed = facts.machine, facts.settings.profile == "gpu"
    bad: State = "wrong" if needed else "note"
    if not machine.gpus:
        said = "no NVIDIA card is seen; the profiles embedded and cpu need none"
        yield Finding("GPU", bad, said, "nvidia-smi" if needed else "")
        return
    for gpu in machine.gpus:
        yield Finding("GPU", "ok", f"{gpu.name}: {gpu.free_gb:.1f} of {gpu.memory_gb:.1f} GB are free")
    for lack in lacking("gpu", machine, facts.settings):
        yield Finding("GPU", bad, lack.what, lack.cure)
    with suppress(NoRoom):  # that is among what is lacking
        yield Finding("memory", "ok", f"the card holds the talks of {planned(machine).learners} learners")
    if machine.vllm not in (None, VLLM):
        said = f"vLLM {machine.vllm} is installed; what is known to work is {VLLM}"
        yield Finding("vLLM", "note", said, "rm -r .venv-vllm, then make serve-gpu")


def _profile(facts: Facts) -> Iterator[Finding]:
    if facts.choice is not None:
        said = f"{facts.choice.profile}: {facts.choice.why}"
        yield Finding("profile", "ok", said)
        if facts.choice.more:
            yield Finding("more", "note", facts.choice.more)
    elif facts.settings.profile == "cpu":
        for lack in lacking("cpu", facts.machine, facts.settings):
            yield Finding("profile", "wrong", lack.what, lack.cure)


def _models(partly: Sequence[Model], machine: Machine) -> Iterator[Finding]:
    for model in partly:
        said = f"{model.repo} was downloaded in part only"
        yield Finding("models", "note", said, "the same tutor pull again continues it")
    if machine.disk_free_gb < SPARE_GB:
        said = f"{machine.disk_free_gb:.1f} GB are free where models go"
        yield Finding("disk", "wrong", said, "make room, or set HF_HOME to a folder on another disk")
    else:
        yield Finding("disk", "ok", f"{machine.disk_free_gb:.0f} GB are free where models go")


def _port(port: Port) -> Finding:
    match port.holder:
        case "nobody":
            return Finding("port", "ok", f"{port.number} is free")
        case "a tutor":
            return Finding(
                "port", "note", f"a tutor answers on {port.number}", "tutor doctor --url ... tries that one"
            )
        case "another program":
            cure = f"tutor serve --port {port.number + 1}, or end that program"
            return Finding("port", "wrong", f"{port.number} is held by another program", cure)


def _page(settings: Settings, certificate: str) -> Iterator[Finding]:
    """Browsers give the microphone to https and to localhost."""
    server, here = settings.server, tls.is_loopback(settings.server.host)
    if certificate:
        yield Finding("microphone", "wrong", certificate, "--tls self makes one that needs no files")
    elif _encrypts(server):
        yield Finding("microphone", "ok", "the page is served by https")
    elif here:
        yield Finding(
            "microphone", "ok", "browsers give it to this machine's own page; others need --tls self"
        )
    else:
        said = f"browsers give none to a page by http from {server.host}"
        yield Finding("microphone", "wrong", said, "--tls self, or --tls-cert and --tls-key")
    if not here and not settings.api_keys:
        said = f"{server.host} can be reached by others, and there are none"
        yield Finding("keys", "wrong", said, "export TUTOR_API_KEYS=$(openssl rand -hex 8)")


def _encrypts(server: Server) -> bool:
    return server.tls is not None or server.tls_cert is not None


def _engine(tried: Tried, settings: Settings) -> Finding:
    if tried.answered:
        return Finding(tried.engine, "ok", tried.said)
    return Finding(tried.engine, "wrong", tried.said, _CURES[tried.engine](settings))


def _untried(facts: Facts) -> Iterator[Finding]:
    """vLLM takes minutes to start and its share of the card: only a tutor that runs has one to try."""
    own_vllm = facts.settings.engines.chat_url is None and facts.choice and facts.choice.profile == "gpu"
    if own_vllm and facts.port is not None:
        yield Finding(
            "chat",
            "note",
            "not tried: vLLM starts with the tutor",
            "tutor serve, then tutor doctor --url ...",
        )


def _cure_speech(settings: Settings) -> str:
    url = settings.engines.speech_url
    return f"see to the speech server at {url}" if url else "tutor speech shows what keeps it from starting"


def _cure_recognition(settings: Settings) -> str:
    url = settings.engines.transcription_url or settings.engines.speech_url
    if url:
        return f"see to the recognition server at {url}"
    return "tutor serve --profile embedded hears without Whisper"


def _cure_chat(settings: Settings) -> str:
    url = settings.engines.chat_url
    if url:
        return f"see to the chat server at {url}, and to --chat-model; without --chat-url there are lessons"
    return "its own terminal shows what it says"


def _cure_bark(settings: Settings) -> str:
    return "its own terminal shows what it says; TUTOR_BARK__LIVE=never leaves it out"


_CURES = {"speech": _cure_speech, "bark": _cure_bark, "recognition": _cure_recognition, "chat": _cure_chat}
