"""What can be set, in one frozen object: by environment (TUTOR_, nested by __) and by the command's flags."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from realtime import hours


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(Frozen):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1)  # processes that serve talks, on as many cores
    origins: tuple[str, ...] = ()  # pages that may open a talk, besides the server's own
    tls: Literal["self"] | None = None  # a certificate authority of this machine's own
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_folder: Path = Path.home() / ".local" / "share" / "atom-tutor"  # where that authority is kept


class Engines(Frozen):
    """Where the engines are. Without a URL the server starts the embedded speech server as a child."""

    speech_url: str | None = None  # POST {speech_url}/audio/speech
    transcription_url: str | None = None  # POST {transcription_url}/audio/transcriptions; default: speech_url
    transcription_model: str = "pocketsphinx"
    speech_model: str = "espeak-ng"
    speech_mode: Literal["stream", "exact"] | None = None  # of Bark in a talk; default: the server's, stream
    voice: str = "en-us"
    voice_pack: Path | None = None  # lines that need not be synthesised, of `tutor render`
    chat_url: str | None = None  # POST {chat_url}/chat/completions; without it there are guided lessons only
    chat_model: str = "default"
    # A spoken answer is one to three short sentences; this only stops one that does not end. A client's own
    # limit goes first, and text or a function call has none.
    chat_max_tokens: int = Field(default=120, ge=1)
    # Those that Llama 3 is published with: lively enough for talk, and it stays with what it was told.
    chat_temperature: float = Field(default=0.6, ge=0, le=2)
    chat_top_p: float = Field(default=0.9, gt=0, le=1)
    # None: a chat model ends its turn itself, and a server that looks for strings holds back the first words.
    chat_stop: tuple[str, ...] = ()
    chat_window: int | None = Field(default=None, ge=1)  # tokens; default: what the server says, if it does
    chat_first_timeout_s: float = 15.0  # from asking to the first piece of an answer
    chat_timeout_s: float = 5.0  # between two pieces
    api_key: str = "none"
    transcription_timeout_s: float = 10.0
    speech_stall_timeout_s: float = 5.0


class Whisper(Frozen):
    """How the speech server hears in the profiles cpu and gpu. What is not set is as the profile says."""

    model: str | None = None  # a name of faster-whisper's, a repository or a folder
    device: Literal["cpu", "cuda"] | None = None
    precision: Literal["int8", "int8_float16", "float16", "bfloat16", "float32"] | None = None
    batch: int | None = Field(default=None, ge=1)  # windows recognised together


class Bark(Frozen):
    """The voice of the profile gpu, and wherever `model` is set. What is not set is as the profile says."""

    model: Literal["bark", "bark-small"] | Path | None = None  # one of the hub's, or a folder
    python: Path | None = None  # of an environment that has torch; default: vLLM's
    device: Literal["cpu", "cuda"] | None = None
    precision: Literal["float32", "float16", "bfloat16"] | None = None
    slots: int | None = Field(default=None, ge=1)  # sentences at once
    # auto: it speaks to learners where it is faster than real time, and espeak-ng where it is not.
    live: Literal["auto", "always", "never"] = "auto"


class Vllm(Frozen):
    """The chat server that is started as a child where `python` names an environment that has vLLM."""

    python: Path | None = None
    model: str = "meta-llama/Meta-Llama-3-8B-Instruct"  # a name or a folder
    memory_share: float | None = Field(default=None, gt=0, le=1)  # of the card; default: as the profile says
    max_model_len: int | None = Field(default=None, ge=1)  # tokens of a prompt and its answer; the same
    arguments: tuple[str, ...] = ()  # added to its command


class Talk(Frozen):
    lesson: str | None = None  # what a client is led through that names no lesson; default: see first_lesson
    level: Literal["A1", "A2", "B1"] = "A2"
    mother_tongue: Literal["en", "es"] = "es"
    lessons: Path | None = None  # a folder of lesson files instead of the built-in ones
    lead_ms: int = Field(default=2000, gt=0)  # audio sent ahead of the playhead of a tutor.v1 client
    blind_lead_ms: int = Field(default=10_000, gt=0)  # the same for a client that reports no playhead
    corrections: bool = True  # mistakes are shown beside what the learner said; a tutor.v1 client may choose
    stalled_ms: int = 5000  # a playhead that stands still for so long is taken to have arrived
    speculate: bool = True  # begin replies inside the silence, before it is known to be their endpoint
    speculate_below: int = Field(default=4, ge=1)  # not while so many replies of all talks have no sound yet


class Limits(Frozen):
    sessions: int = 64
    session_s: float = 3600
    utterance_ms: int = 300_000
    frame_bytes: int = 21 * 2**20  # a JSON text frame: 15 MiB of audio in base64
    binary_frame_bytes: int = 2**20
    messages_per_s: float = Field(default=500, gt=0)  # one that sends more is read more slowly
    kept_audio_bytes: int = 16 * 2**20  # of a session's items, for clients that ask for it
    resume_s: float = 60  # a talk whose socket was cut is kept for so long
    turns: int = Field(default=8, ge=1)  # single ones (POST /v1/turn) at a time; more are told to come again
    turn_bytes: int = 20 * 2**20  # of a recording that is sent for one
    send_s: float = 10  # a client that takes nothing for so long is cut off


class Kiosk(Frozen):
    """What stands in a hall and talks to whoever comes: the page /kiosk (docs/kiosk.md)."""

    hours: str = ""  # "Mo-Fr 09:00-18:00, Sa 10:00-14:00"; none: always open
    timezone: str = ""  # in which those are, such as Europe/Madrid; none: the machine's
    lesson: str | None = None  # default: `visit` if there is one, else the first
    language: str = "es"  # of the page, until a visitor chooses
    languages: Annotated[tuple[str, ...], NoDecode] = ("en", "es")  # to choose from
    volume: float = Field(default=0.8, ge=0, le=1)
    mode: Literal["push", "open"] = "open"  # push: what is said while the button is held
    noisy: bool = False  # push-to-talk only, and more than the hall's noise is needed
    idle_s: float = Field(default=25, ge=5, le=600)  # of silence, before the visitor is asked
    countdown_s: float = Field(default=10, ge=3, le=120)  # from then to the farewell
    visit_s: float = Field(default=300, ge=30, le=3600)  # a visit lasts no longer
    lost_s: float = Field(default=45, ge=25, le=3600)  # a page that was silent for so long is lost
    public_url: str = ""  # under which phones reach /learnt.html; none: the code holds the text itself

    @field_validator("hours")
    @classmethod
    def _told(cls, text: str) -> str:
        hours.parse(text)
        return text

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"{name!r} is no timezone of this machine (timedatectl list-timezones)"
            ) from error
        return name

    @field_validator("languages", mode="before")
    @classmethod
    def _listed(cls, languages: Any) -> Any:
        return listed(languages)

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (
            parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment
        ):
            raise ValueError(f"{url!r} is no address such as https://atom.example")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _offered(self) -> Self:
        if self.language not in self.languages:
            offered = ", ".join(self.languages)
            raise ValueError(
                f"language {self.language!r} is none of the languages to choose from ({offered})"
            )
        return self


def listed(names: Any) -> Any:
    """one,two as a list."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return names


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TUTOR_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    profile: Literal["auto", "embedded", "cpu", "gpu"] = "auto"
    api_keys: Annotated[tuple[str, ...], NoDecode] = ()  # TUTOR_API_KEYS=one,two; none: loopback only
    server: Server = Server()
    engines: Engines = Engines()
    whisper: Whisper = Whisper()
    bark: Bark = Bark()
    vllm: Vllm = Vllm()
    talk: Talk = Talk()
    limits: Limits = Limits()
    kiosk: Kiosk = Kiosk()

    @field_validator("api_keys", mode="before")
    @classmethod
    def _listed(cls, keys: Any) -> Any:
        return listed(keys)

    @property
    def talks_freely(self) -> bool:
        """There is a chat server, elsewhere or as a child."""
        return self.engines.chat_url is not None or self.vllm.python is not None

    @property
    def first_lesson(self) -> str:
        """Free talk ("") where there is a chat server, else the first of the guided lessons."""
        if self.talk.lesson is not None:
            return self.talk.lesson
        return "" if self.talks_freely else "greetings"
