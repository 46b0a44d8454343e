"""What can be set, in one frozen object: by environment (TUTOR_, nested by __) and by the command's flags."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(Frozen):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    origins: tuple[str, ...] = ()  # pages that may open a talk, besides the server's own


class Engines(Frozen):
    """Where the engines are. Without a URL the server starts the embedded speech server as a child."""

    speech_url: str | None = None  # POST {speech_url}/audio/speech
    transcription_url: str | None = None  # POST {transcription_url}/audio/transcriptions; default: speech_url
    transcription_model: str = "pocketsphinx"
    speech_model: str = "espeak-ng"
    voice: str = "en-us"
    chat_url: str | None = None  # POST {chat_url}/chat/completions; without it there are guided lessons only
    chat_model: str = "default"
    api_key: str = "none"
    chat_timeout_s: float = 15.0  # between two pieces of an answer
    transcription_timeout_s: float = 10.0
    speech_stall_timeout_s: float = 5.0


class Talk(Frozen):
    lesson: str = "greetings"  # what a client is led through that names no lesson
    lessons: Path | None = None  # a folder of lesson files instead of the built-in ones
    lead_ms: int = 2000  # audio sent ahead of the playhead of a tutor.v1 client
    blind_lead_ms: int = 10_000  # the same for a client that reports no playhead
    stalled_ms: int = 5000  # a playhead that stands still for so long is taken to have arrived


class Limits(Frozen):
    sessions: int = 64
    session_s: float = 3600
    utterance_ms: int = 120_000
    frame_bytes: int = 21 * 2**20  # a JSON text frame: 15 MiB of audio in base64
    binary_frame_bytes: int = 2**20
    resume_s: float = 60  # a talk whose socket was cut is kept for so long
    send_s: float = 10  # a client that takes nothing for so long is cut off


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TUTOR_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    profile: Literal["embedded"] = "embedded"
    server: Server = Server()
    engines: Engines = Engines()
    talk: Talk = Talk()
    limits: Limits = Limits()
