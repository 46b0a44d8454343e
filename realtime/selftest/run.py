"""The self-test from top to bottom: engines up, each stage, the report's folder."""

import getpass
import os
import platform
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anyio
import httpx
import uvicorn

from realtime.app import Hall, create_app, missing
from realtime.commands.serve import listening
from realtime.engines.chat import HttpChatModel
from realtime.engines.http import engine_client
from realtime.engines.recognition import HttpTranscriber
from realtime.engines.voice import HttpSynthesizer
from realtime.errors import SettingsError
from realtime.selftest import engines as tried
from realtime.selftest import findings, turn
from realtime.selftest.findings import not_run
from realtime.selftest.picture import draw
from realtime.selftest.probes import PROBES, SENTENCES
from realtime.selftest.report import Findings, file_of, shown, written
from realtime.selftest.sound import Sound
from realtime.settings import Engines, Server, Settings
from realtime.setup.machine import look
from realtime.setup.profiles import choose, settled
from realtime.setup.trial import knows_nothing_else
from realtime.terminal import write_wav
from realtime.tutor.lessons import load_lessons
from realtime.tutor.persona import persona

START_S = 900.0  # models are read from the disk and warmed
STALL_S = 300.0  # on a slow machine a whole sentence in mode `exact` is one wait
DRAWN = 3  # sentences of each mode
PACKAGES = (
    "atom-tutor",
    "av",
    "ctranslate2",
    "faster-whisper",
    "numpy",
    "onnx",
    "onnxruntime",
    "pocketsphinx",
)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Behind:
    """Where the engines are; `talk_url`: of the gateway before them. None: there is none to be tried."""

    speech_url: str | None
    hearing_url: str | None
    chat_url: str | None
    chat_model: str
    talk_url: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """`url`: of a tutor that is running, for the spoken turn; without it one is started."""

    settings: Settings
    folder: Path
    url: str | None = None
    key: str | None = None


async def test(order: Order, tell: Tell) -> Findings:
    """Writes the report. Raises SettingsError for a folder that holds other things."""
    folder = order.folder
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder.name} is not empty; name a new folder for the report")
    # On a machine that has no card, and for a profile that is asked for, this is as `tutor serve` decides it.
    machine = look(order.settings)
    settings = settled(order.settings, machine, choose(machine, order.settings))
    found = Findings(_machine(), shown(settings))
    async with engine_client() as client, _behind(order, settings, tell) as behind:
        found.settings["engines.chat_model"] = behind.chat_model if behind.chat_url else "none"
        await _speech(found, client, settings, behind, tell)
        await _recognition(found, client, settings, behind, tell)
        await _chat(found, client, settings, behind, tell)
        await _turn(found, client, order, settings, behind, tell)
    await anyio.to_thread.run_sync(_write, folder, found, _private(order))
    return found


# the stages


async def _speech(
    found: Findings, client: httpx.AsyncClient, settings: Settings, behind: Behind, tell: Tell
) -> None:
    if behind.speech_url is None:
        found.verdicts.append(not_run("speech", "no speech server was named (--speech-url)"))
        return
    engines = _patient(settings.engines)
    for mode in ("stream", "exact") if engines.speech_model.startswith("bark") else (None,):
        voice = HttpSynthesizer(client, behind.speech_url, engines, mode=mode, live=False)
        async for saying in tried.say(voice, mode or "plain", SENTENCES, engines.voice):
            found.sayings.append(saying)
            tell(f"speech, {saying.mode}: {saying.text} {saying.why}")
    found.verdicts.append(findings.speech_verdict(found.sayings))


async def _recognition(
    found: Findings, client: httpx.AsyncClient, settings: Settings, behind: Behind, tell: Tell
) -> None:
    if behind.hearing_url is None:
        found.verdicts.append(not_run("recognition", "no recognition server was named (--transcription-url)"))
        return
    if not any(saying.sound.any() for saying in found.sayings):
        found.verdicts.append(not_run("recognition", "there is no speech to recognise"))
        return
    found.expected = await knows_nothing_else(client, behind.hearing_url, settings.engines)
    listener = HttpTranscriber(client, behind.hearing_url, _patient(settings.engines))
    async for reading in tried.read(listener, found.sayings, SENTENCES if found.expected else ()):
        found.readings.append(reading)
        tell(f"recognition, {reading.saying.mode}: {reading.heard} {reading.why}({reading.errors:.0%} wrong)")
    found.verdicts.append(findings.recognition_verdict(found.readings))


async def _chat(
    found: Findings, client: httpx.AsyncClient, settings: Settings, behind: Behind, tell: Tell
) -> None:
    if behind.chat_url is None:
        found.verdicts.append(not_run("chat", "there is no chat server (--chat-url, or the profile gpu)"))
        return
    engines, talk = settings.engines.model_copy(update={"chat_model": behind.chat_model}), settings.talk
    model = HttpChatModel(client, behind.chat_url, engines)
    told = persona(talk.level, talk.mother_tongue)
    async for answered in tried.ask(model, told, PROBES, engines.chat_max_tokens):
        found.answers.append(answered)
        tell(f"chat, {answered.probe.kind}: {answered.probe.said} -> {answered.answer} {answered.why}")
    found.verdicts.append(findings.chat_verdict(found.answers))


async def _turn(
    found: Findings,
    client: httpx.AsyncClient,
    order: Order,
    settings: Settings,
    behind: Behind,
    tell: Tell,
) -> None:
    if behind.talk_url is None or behind.speech_url is None:
        why = "no speech server was named that could speak for the learner (--speech-url)"
        found.verdicts.append(not_run("turn", why))
        return
    lesson, said = _first_words(settings, behind)
    voice = HttpSynthesizer(client, behind.speech_url, _patient(settings.engines), live=False)
    learner = await _spoken(voice, said, settings.engines.voice)
    if not learner.any():
        found.verdicts.append(not_run("turn", "there is no voice that could speak for the learner"))
        return
    found.turn = await turn.speak(behind.talk_url, said, learner, lesson, order.key)
    tell(f"turn: {found.turn.heard} -> {found.turn.answer} {found.turn.why}")
    found.verdicts.append(findings.turn_verdict(found.turn))


async def _spoken(voice: HttpSynthesizer, text: str, speaker: str) -> Sound:
    return (await anext(tried.say(voice, "turn", (text,), speaker))).sound


def _first_words(settings: Settings, behind: Behind) -> tuple[str, str]:
    """The lesson that the turn is in, and a right answer to it; free talk where there is a chat server."""
    if behind.chat_url is not None:
        return "", "Hello. Yesterday I cleaned the kitchen."
    lessons = load_lessons(settings.talk.lessons)
    lesson = lessons.get(settings.first_lesson) or next(iter(lessons.values()))
    return lesson.id, next((right for right in lesson.steps[0].right if "{" not in right), "Hello.")


# the engines


@asynccontextmanager
async def _behind(order: Order, settings: Settings, tell: Tell) -> AsyncGenerator[Behind]:
    engines = settings.engines
    if order.url is not None:
        talk_url = f"{order.url.rstrip('/').replace('http', 'ws', 1)}/v1/realtime?model=tutor"
        hearing_url = engines.transcription_url or engines.speech_url
        yield Behind(engines.speech_url, hearing_url, engines.chat_url, engines.chat_model, talk_url)
        return
    own = settings.model_copy(update={"server": Server(port=0), "api_keys": ()})
    async with _gateway(own, tell) as (hall, port):
        roots = {name: f"{root}/v1" for root, name in hall.engine_roots.items()}
        speech_url = roots["speech server"]
        chat, chat_url, model = hall.chat_server, engines.chat_url, engines.chat_model
        if chat is not None:
            chat_url, model = chat.url, chat.model
        yield Behind(
            speech_url,
            roots.get("recognition server", speech_url),
            chat_url,
            model,
            f"ws://127.0.0.1:{port}/v1/realtime?model=tutor",
        )


class _Gateway(uvicorn.Server):
    """Says when it listens. The signals stay with the program that runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def _gateway(settings: Settings, tell: Tell) -> AsyncGenerator[tuple[Hall, int]]:
    """The real one, with the engines that these settings start. What does not come up fails its stage."""
    with listening(settings.server) as listener:
        port: int = listener.getsockname()[1]
        app = create_app(settings, f"http://127.0.0.1:{port}")
        config = uvicorn.Config(
            app, ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning"
        )
        server = _Gateway(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            await server.up.wait()
            hall: Hall = app.state.hall
            with anyio.move_on_after(START_S if settings.engines.speech_url is None else 30):
                while awaited := await missing(hall):
                    tell(f"waiting for: {', '.join(awaited)}")
                    await anyio.sleep(1)
            yield hall, port
            server.should_exit = True


def _patient(engines: Engines) -> Engines:
    return engines.model_copy(update={"speech_stall_timeout_s": STALL_S, "transcription_timeout_s": STALL_S})


# the report


def _machine() -> dict[str, str]:
    machine = look(Settings())
    gpus = ", ".join(f"{gpu.name} {gpu.memory_gb:.0f} GB" for gpu in machine.gpus)
    driver = f"{machine.driver.version}, CUDA {machine.driver.cuda[0]}" if machine.driver else ""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{_processor()}, {machine.cores} cores",
        "memory": f"{machine.memory_gb:.0f} GB",
        "cards": gpus or "none",
        **({"driver": driver} if driver else {}),
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        **({"vLLM": machine.vllm} if machine.vllm else {}),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _private(order: Order) -> list[str]:
    """Who and where: none of it belongs into a report."""
    keys = [*order.settings.api_keys, order.settings.engines.api_key, order.key or ""]
    urls = [order.settings.engines.speech_url, order.settings.engines.transcription_url]
    urls += [order.settings.engines.chat_url, order.url]
    hosts = [httpx.URL(url).host for url in urls if url]
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        name = ""
    # An account named like a word of the report ("root") is told by nobody.
    names = [] if name == "root" else [name]
    secret = [key for key in keys if key != Engines().api_key]
    elsewhere = [host for host in hosts if host not in ("127.0.0.1", "localhost", "::1")]
    return [*secret, *names, *elsewhere, socket.gethostname(), str(Path.home()), os.getcwd(), sys.prefix]


def _write(folder: Path, found: Findings, private: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for mode in dict.fromkeys(saying.mode for saying in found.sayings):
        said = [saying for saying in found.sayings if saying.mode == mode]
        for at, saying in enumerate(said, 1):
            if saying.sound.any():
                write_wav(folder / file_of(saying, at), saying.sound.tobytes())
    if found.turn:
        write_wav(folder / "learner.wav", found.turn.learner.tobytes())
        write_wav(folder / "tutor.wav", found.turn.tutor.tobytes())
    drawn = [
        one for said in findings.by_mode(found.sayings).values() for one in said[-DRAWN:] if one.sound.any()
    ]
    if drawn:
        (folder / "clips.png").write_bytes(draw(drawn))
    (folder / "report.md").write_text(written(found, private))
