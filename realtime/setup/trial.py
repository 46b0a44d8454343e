"""Trying the engines in earnest: a sentence is spoken, recognised and answered. Others judge what came."""

# pyright: reportMissingTypeStubs=false

import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import httpx
import numpy as np
import soxr
from pydantic import BaseModel, ValidationError

from realtime.children import end, free_port, is_well, speech_server
from realtime.engines.chat import HttpChatModel
from realtime.engines.protocols import SAMPLE_RATE, VOICE_RATE, ChatRequest, Hearing, Samples
from realtime.engines.recognition import HttpTranscriber, to_wav
from realtime.engines.voice import HttpSynthesizer
from realtime.errors import EngineError
from realtime.settings import Bark, Engines, Settings, Whisper

SENTENCE = "Hello. My name is Ana."
START_S = 120  # a large model is read from the disk
BARK_START_S = 900  # a larger one, and how fast it is here is measured
ANSWER_S = 60

Engine = Literal["speech", "bark", "recognition", "chat"]


@dataclass(frozen=True, slots=True)
class Tried:
    """`said`: what it answered, or why it did not."""

    engine: Engine
    answered: bool
    said: str


class Health(BaseModel):
    """`status`: degraded where another stands in for what does not start; `engines`: what hears and what
    speaks; `live_voice`: what speaks to learners; `reason`: why it is another."""

    status: str = ""
    engines: dict[str, str] = {}
    live_voice: str = ""
    reason: str = ""


async def try_engines(settings: Settings) -> list[Tried]:
    """Those that a start with these settings would use; the speech server is started for it, vLLM is not."""
    engines = settings.engines
    async with (
        httpx.AsyncClient() as client,
        speaking_server(client, engines.speech_url, settings.whisper, settings.bark) as url,
    ):
        if url is None:
            return [
                _not("speech", "the speech server does not start"),
                _not("recognition", "it does not start"),
            ]
        told = await health(client, url)
        spoken, audio = await _speak(client, url, _live(settings, told))
        heard = await _hear(client, engines.transcription_url or url, engines, audio)
        written = [await _write(client, engines.chat_url, engines)] if engines.chat_url else []
        return [spoken, *([_bark(told)] if settings.bark.model else []), heard, *written]


async def try_server(url: str, key: str | None) -> list[Tried]:
    """The engines behind a tutor that is running: one whole turn."""
    async with httpx.AsyncClient() as client, speaking_server(client, None, Whisper()) as voice_url:
        if voice_url is None:
            return [_not("speech", "there is no voice here that could speak to it")]
        _, audio = await _speak(client, voice_url, Engines())
        try:
            return await _turn(client, url, key, audio)
        except (httpx.HTTPError, ValueError) as error:
            return [_not(engine, f"{url}: {_named(error)}") for engine in ("recognition", "chat", "speech")]


# one engine


async def _speak(client: httpx.AsyncClient, url: str, engines: Engines) -> tuple[Tried, Samples]:
    voice = HttpSynthesizer(client, url, engines)
    pcm = b""
    try:
        async with voice.synthesize(SENTENCE, voice=engines.voice, speed=1, due_ms=0) as sounds:
            async for sound in sounds:
                pcm += sound if isinstance(sound, bytes) else b""
    except EngineError as error:
        return _not("speech", str(error)), np.zeros(0, np.int16)
    samples = np.frombuffer(pcm, np.int16)
    if not samples.any():
        return _not("speech", "it answers with silence"), samples
    tried = Tried("speech", True, f"{len(samples) / VOICE_RATE:.1f} s of sound")
    return tried, soxr.resample(samples, VOICE_RATE, SAMPLE_RATE)


def _live(settings: Settings, told: Health) -> Engines:
    """Whoever speaks to a learner: where the server says that its Bark does not, espeak-ng, as in a talk."""
    usual = Engines()
    if settings.bark.model is None or told.live_voice != usual.speech_model:
        return settings.engines
    return settings.engines.model_copy(update={"speech_model": usual.speech_model, "voice": usual.voice})


def _bark(told: Health) -> Tried:
    """One that is too slow to talk with is no fault: it renders."""
    if told.status == "degraded":
        return _not("bark", told.reason)
    return Tried("bark", True, told.reason or "it speaks to learners")


async def _hear(client: httpx.AsyncClient, url: str, engines: Engines, audio: Samples) -> Tried:
    if not len(audio):
        return _not("recognition", "not tried: there was no voice to recognise")
    try:
        heard = await HttpTranscriber(client, url, engines).transcribe(Hearing(audio, "final", (SENTENCE,)))
    except EngineError as error:
        return _not("recognition", str(error))
    return _recognised(heard.text)


async def _write(client: httpx.AsyncClient, url: str, engines: Engines) -> Tried:
    asked = ChatRequest(({"role": "user", "content": SENTENCE},), max_tokens=8)
    began_s = anyio.current_time()
    try:
        async with HttpChatModel(client, url, engines).reply(asked) as news:
            async for piece in news:
                if isinstance(piece, str) and piece.strip():
                    return Tried("chat", True, f"a first word after {anyio.current_time() - began_s:.1f} s")
    except EngineError as error:
        return _not("chat", str(error))
    return _not("chat", "it answers without a word")


# a whole turn


async def _turn(client: httpx.AsyncClient, url: str, key: str | None, audio: Samples) -> list[Tried]:
    """Raises httpx.HTTPError, ValueError for an answer that is none of a tutor's."""
    door = (await client.get(f"{url}/v1/door", timeout=ANSWER_S)).raise_for_status().json()
    answer = await client.post(
        f"{url}/v1/turn",
        data={"lesson": ""} if door["chat"] else {},
        files={"file": ("sentence.wav", to_wav(audio), "audio/wav")},
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=ANSWER_S,
    )
    body: dict[str, Any] = answer.json()
    failed: str = body.get("error", {}).get("message", "")
    if "input_text" not in body:
        return [_not("recognition", failed or f"HTTP {answer.status_code}")]
    tried = [_recognised(body["input_text"])]
    if door["chat"]:
        broken = failed.startswith("chat:") or not body["response_text"]
        tried.append(_not("chat", failed) if broken else Tried("chat", True, repr(body["response_text"])))
    spoken = bool(body["speech"]) and not failed.startswith("speech:")
    return [*tried, Tried("speech", True, "the answer was spoken") if spoken else _not("speech", failed)]


def _recognised(text: str) -> Tried:
    if not text:
        return _not("recognition", f"it hears nothing in {SENTENCE!r}")
    return Tried("recognition", True, f"{SENTENCE!r} was heard as {text!r}")


def _not(engine: Engine, why: str) -> Tried:
    return Tried(engine, False, why)


def _named(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


async def knows_nothing_else(client: httpx.AsyncClient, url: str, engines: Engines) -> bool:
    """Whether a recogniser hears only what it is told to expect: pocketsphinx, as the server says of itself;
    of one that says nothing, as it is asked for."""
    told = await health(client, url)
    return "pocketsphinx" in told.engines.get("recognition", engines.transcription_model)


async def health(client: httpx.AsyncClient, url: str) -> Health:
    """What a speech server says of itself: a stock one says nothing."""
    try:
        answer = await client.get(f"{url.removesuffix('/v1')}/healthz", timeout=5)
        return Health.model_validate_json(answer.content)
    except (httpx.HTTPError, ValidationError):
        return Health()


@asynccontextmanager
async def speaking_server(
    client: httpx.AsyncClient, elsewhere: str | None, whisper: Whisper, bark: Bark | None = None
) -> AsyncGenerator[str | None]:
    """The URL of a speech server: the one elsewhere, or one of our own for as long as the block.

    None where ours does not come up.
    """
    if elsewhere is not None:
        yield elsewhere
        return
    root = f"http://127.0.0.1:{(port := free_port())}"
    command = [*speech_server(port, whisper, bark), "--as-child"]
    async with await anyio.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=None
    ) as process:
        try:
            with anyio.move_on_after(BARK_START_S if bark and bark.model else START_S):
                while process.returncode is None and not await is_well(client, root):  # noqa: ASYNC110
                    await anyio.sleep(0.1)
            yield f"{root}/v1" if await is_well(client, root) else None
        finally:
            await end(process)
