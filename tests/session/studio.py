"""Talks on scripted engines, real voice activity and a small lesson; when it closes, nothing may be alive."""

import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from anyio.abc import TaskGroup

from realtime.session.demand import Demand
from realtime.session.session import Engines
from realtime.session.sessions import Sessions
from realtime.session.silero import VoiceModel
from realtime.settings import Settings
from realtime.tutor.lesson import Lesson
from tests.session.client import PATIENCE_S, Client
from tests.session.scripted import Chat, Ears, Voice

RECORDING = Path(__file__).parents[1] / "data" / "librivox-amiable.wav"
SPEECH_BEGINS_S = 0.3

TEA = Lesson.model_validate(
    {
        "id": "tea",
        "level": "A1",
        "title": {"en": "Tea", "es": "Té"},
        "aim": {"en": "Ask for tea.", "es": "Pedir té."},
        "topic": "our tea",
        "opening": {"en": "Welcome to our tea house.", "es": "Bienvenido."},
        "steps": [
            {
                "id": "drink",
                "say": {"en": "What would you like?", "es": "¿Qué quieres?"},
                "right": ["Tea, please.", "I'd like tea.", "Some tea, please."],
                "mistakes": [{"said": "I want tea", "better": "Tea, please.", "en": "Kinder.", "es": "Más"}],
                "hint": {"en": "Ask for tea.", "es": "Pide té."},
                "react": "Here is your tea.",
            },
            {
                "id": "sugar",
                "say": {"en": "Do you take sugar?", "es": "¿Tomas azúcar?"},
                "right": ["Yes, I do.", "Yes, please.", "Two sugars, please."],
                "mistakes": [{"said": "I take", "better": "Yes, I do.", "en": "Short.", "es": "Corto."}],
                "hint": {"en": "Say yes.", "es": "Di que sí."},
                "react": "Very well.",
            },
        ],
        "end": {"en": "Goodbye, and come back soon.", "es": "Adiós."},
        "vocabulary": [{"en": word, "es": word} for word in ("tea", "sugar", "please")],
    }
)
MILK = TEA.model_copy(update={"id": "milk"})
_AGREE = {
    "id": "agree",
    "say": {"en": "What do you think?", "es": "¿Qué piensas?"},
    "right": ["I agree.", "Yes, I agree.", "I am agree with you."],  # no author is perfect
    "mistakes": [{"said": "people is nice", "better": "People are nice.", "en": "Many.", "es": "Son."}],
    "hint": {"en": "Say it.", "es": "Dilo."},
    "react": "Very well.",
}
CHAT = Lesson.model_validate(TEA.model_dump() | {"id": "chat", "steps": [_AGREE, TEA.steps[1]]})


@cache
def voice_model() -> VoiceModel:
    return VoiceModel()


@cache
def _recording(rate: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    with wave.open(str(RECORDING)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    samples = samples[int(SPEECH_BEGINS_S * 16_000) : -4000]
    places = np.arange(0, len(samples) - 1, 16_000 / rate)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.int16)


def speech(ms: int, *, tutor: bool = True) -> bytes:
    """A human voice, without a pause."""
    rate = 16_000 if tutor else 24_000
    return np.resize(_recording(rate), ms * rate // 1000).tobytes()


def silence(ms: int, *, tutor: bool = True) -> bytes:
    """A quiet room."""
    rate = 16_000 if tutor else 24_000
    noise = np.random.default_rng(7).normal(0, 3, ms * rate // 1000)
    return noise.astype(np.int16).tobytes()


def say(client: Client, ms: int = 1000, then_ms: int = 800) -> None:
    """The learner speaks and falls silent."""
    client.hear(speech(ms, tutor=client.tutor) + silence(then_ms, tutor=client.tutor))


class Studio:
    def __init__(self, settings: Settings, tasks: TaskGroup, chat: Chat | None) -> None:
        self.ears = Ears()
        self.voice = Voice()
        self.chat = chat
        self.settings = settings
        self.clients: list[Client] = []
        self.demand = Demand()
        engines = Engines(self.ears, self.voice, voice_model(), chat, self.demand)
        self.sessions = Sessions(settings, engines, {"tea": TEA, "milk": MILK, "chat": CHAT}, tasks)
        self._tasks = tasks

    async def connect(self, *, tutor: bool = True, **options: Any) -> Client:
        """A client that has told its sample rate."""
        client = await self.open(tutor=tutor, **options)
        await self.configure(client)
        return client

    async def open(self, *, tutor: bool = True, **options: Any) -> Client:
        client = Client(self.settings.limits, tutor=tutor, **options)
        self.clients.append(client)
        self._tasks.start_soon(client.run, self.sessions)
        return client

    async def configure(self, client: Client, **audio_input: Any) -> None:
        rate = 16_000 if client.tutor else 24_000
        given = {"format": {"type": "audio/pcm", "rate": rate}, **audio_input}
        client.send({"type": "session.update", "session": {"type": "realtime", "audio": {"input": given}}})
        await client.until("session.updated")

    async def emptied(self) -> None:
        """All sessions are over."""
        with anyio.fail_after(PATIENCE_S):
            while len(self.sessions):
                await anyio.wait_all_tasks_blocked()

    @property
    def alive(self) -> int:
        """Engine work that is under way."""
        return self.ears.alive + self.voice.alive + (self.chat.alive if self.chat else 0)


@asynccontextmanager
async def studio(chat: Chat | None = None, **settings: Any) -> AsyncGenerator[Studio]:
    talk = {"lesson": "tea", **settings.pop("talk", {})}
    stage: Studio | None = None
    try:
        async with anyio.create_task_group() as tasks:
            stage = Studio(Settings.model_validate({"talk": talk, **settings}), tasks, chat)
            yield stage
            tasks.cancel_scope.cancel()
        assert stage.alive == 0
        assert len(stage.sessions) == 0
    finally:
        for client in stage.clients if stage else ():
            client.discard()
