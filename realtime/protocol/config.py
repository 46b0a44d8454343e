"""The session's configuration as the protocol knows it: merged deeply, validated, echoed whole."""

from typing import Annotated, Any, Literal, cast, get_args

from pydantic import Field, ValidationError, field_validator

from realtime.errors import ProtocolError
from realtime.talk.turn import Policy
from realtime.wire.codec import field_path
from realtime.wire.model import KEEP_NULL, Wire

GA_RATE = 24_000
LAW_RATE = 8000
Tree = dict[str, Any]


class PcmFormat(Wire):
    type: Literal["audio/pcm"] = "audio/pcm"
    rate: int = GA_RATE


class LawFormat(Wire):
    type: Literal["audio/pcmu", "audio/pcma"]


AudioFormat = Annotated[PcmFormat | LawFormat, Field(discriminator="type")]


class ServerVad(Wire):
    type: Literal["server_vad"] = "server_vad"
    threshold: float = Field(default=0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(default=300, ge=0, le=5000)
    silence_duration_ms: int = Field(default=500, ge=0, le=10_000)
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = Field(default=None, ge=5000, le=30_000)


class SemanticVad(Wire):
    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class Transcription(Wire):
    model: str = "whisper-1"
    language: str | None = None
    prompt: str | None = None


class NoiseReduction(Wire):
    type: Literal["near_field", "far_field"]


class AudioInput(Wire):
    format: AudioFormat = PcmFormat()
    turn_detection: Annotated[TurnDetection | None, KEEP_NULL] = ServerVad()
    transcription: Annotated[Transcription | None, KEEP_NULL] = None
    noise_reduction: Annotated[NoiseReduction | None, KEEP_NULL] = None


class AudioOutput(Wire):
    format: AudioFormat = PcmFormat()
    voice: str = "alloy"
    speed: float = Field(default=1.0, ge=0.25, le=1.5)

    @field_validator("voice", mode="before")
    @classmethod
    def _named(cls, voice: Any) -> Any:
        """Requests may name a voice as {"id": ...}; clients read it back as a string."""
        return cast(Tree, voice).get("id", "") if isinstance(voice, dict) else voice


class Audio(Wire):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class Tool(Wire):
    type: Literal["function"] = "function"
    name: str = Field(min_length=1, max_length=128)
    description: str | None = None
    parameters: Tree | None = None


class NamedTool(Wire):
    type: Literal["function"] = "function"
    name: str


SessionType = Literal["realtime", "transcription"]


class Config(Wire):
    """The effective session. Fields that only the client reads are echoed as given."""

    type: SessionType = "realtime"
    model: str = "tutor"
    output_modalities: tuple[Literal["audio", "text"]] = ("audio",)
    instructions: str = ""
    audio: Audio = Audio()
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | NamedTool = "auto"
    parallel_tool_calls: bool | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=4096)] | Literal["inf"] = "inf"
    tracing: Annotated[Literal["auto"] | Tree | None, KEEP_NULL] = None
    truncation: Literal["auto", "disabled"] | Tree = "auto"
    include: Annotated[tuple[str, ...] | None, KEEP_NULL] = None
    prompt: Annotated[Tree | None, KEEP_NULL] = None
    reasoning: Tree | None = None

    @property
    def spoken(self) -> bool:
        return self.output_modalities == ("audio",)

    @property
    def transcribes_only(self) -> bool:
        return self.type == "transcription"

    @property
    def input_rate(self) -> int:
        """Samples a second of the audio that the client sends."""
        form = self.audio.input.format
        return form.rate if isinstance(form, PcmFormat) else LAW_RATE

    def described(self) -> Tree:
        """What clients are shown of it: the whole, or what a transcription session has."""
        whole = self.model_dump(mode="json")
        if not self.transcribes_only:
            return {**whole, "object": "realtime.session"}
        audio = {"input": whole["audio"]["input"]}
        kept = {"type": self.type, "audio": audio, "include": whole["include"]}
        return {**kept, "object": "realtime.transcription_session"}


def restyled(config: Config, kind: Any) -> Config:
    """The configuration with which a session of that type begins; unchanged for a type that there is not."""
    if kind == config.type or kind not in get_args(SessionType):
        return config
    hearing = config.audio.input.model_copy(update={"transcription": Transcription()})
    audio = config.audio.model_copy(update={"input": hearing})
    return config.model_copy(update={"type": kind, "audio": audio})


def merged(config: Config, change: Tree, *, tutor: bool, root: str = "session") -> Config:
    """The configuration after a session.update: absent is unchanged, null is off or back to the default.

    `tutor`: the tutor.v1 subprotocol, which lets the client name its own sample rate. Raises ProtocolError.
    """
    kind = change.get("type")
    if kind != config.type:
        code = "missing_required_parameter" if kind is None else "invalid_value"
        raise ProtocolError(code, f"{root}.type must be {config.type!r}", param=f"{root}.type")
    whole = _merge(config.model_dump(mode="json"), {**change, "model": config.model})
    try:
        changed = Config.model_validate(whole)
    except ValidationError as error:
        raise refused(error, root, whole) from error
    _check_formats(changed, root, tutor=tutor)
    return changed


def refused(error: ValidationError, root: str, given: object) -> ProtocolError:
    """The first of the things that are wrong in `given`, named by its path."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = f"{root}.{field_path(first, given)}"
    return ProtocolError("invalid_value", f"{path}: {first['msg']}", param=path)


def _merge(old: Tree, change: Tree) -> Tree:
    new = dict(old)
    for key, value in change.items():
        before: Any = new.get(key)
        if isinstance(value, dict):
            new[key] = _merge(before if _same_kind(before, value) else {}, cast(Tree, value))
        elif value is None and key not in _OFF:
            new.pop(key, None)
        else:
            new[key] = value
    return new


_OFF = frozenset(("turn_detection", "transcription", "noise_reduction", "tracing", "include", "prompt"))


def _same_kind(old: Any, new: Any) -> bool:
    """Two mappings are merged; a tagged one of another type replaces the old one whole."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return False
    return "type" not in new or cast(Tree, new)["type"] == cast(Tree, old).get("type")


def _check_formats(config: Config, root: str, *, tutor: bool) -> None:
    allowed = range(16_000, 48_001) if tutor else (GA_RATE,)
    form = config.audio.input.format
    if isinstance(form, PcmFormat) and form.rate not in allowed:
        said = "16000 to 48000" if tutor else str(GA_RATE)
        path = f"{root}.audio.input.format.rate"
        raise ProtocolError("invalid_value", f"{path}: {form.rate} is not {said}", param=path)
    out = config.audio.output.format
    wrong = out.rate != GA_RATE if isinstance(out, PcmFormat) else tutor
    if wrong:
        path = f"{root}.audio.output.format"
        said = f"audio/pcm at {GA_RATE}" + ("" if tutor else ", audio/pcmu or audio/pcma")
        raise ProtocolError("invalid_value", f"{path} must be {said}", param=path)


_EAGERNESS_MS = {"high": 400, "medium": 700, "auto": 700, "low": 1200}


Patience = Literal["low", "medium", "high"]
_PATIENCE: dict[Patience, float] = {"low": 0.7, "medium": 1.0, "high": 2.0}

Level = Literal["A1", "A2", "B1"]
_LEVEL: dict[Level, float] = {"A1": 1.2, "A2": 1.0, "B1": 0.9}  # beginners look for words longer


_PAUSE_MS = 500  # of a learner who has not been heard yet; patience and level stretch it, too
_LATE_MS = 64  # after the end of speech Silero's model calls two windows more speech: `benchmarks.turns`


def policy(config: Config, *, tutor: bool, patience: Patience = "medium", level: Level = "A2") -> Policy:
    """The turn's policy that a configuration asks for; the learner's patience and level stretch the wait.

    A GA client has no learner's level to tell: what it asks for is what it gets.
    """
    detection = config.audio.input.turn_detection
    live = tutor or config.transcribes_only
    if detection is None:
        return Policy(detect=False, graceful=tutor, live=live)
    fixed = isinstance(detection, ServerVad)
    wait_ms = detection.silence_duration_ms if fixed else _EAGERNESS_MS[detection.eagerness]
    stretch = _PATIENCE[patience] * (_LEVEL[level] if tutor else 1)
    return Policy(
        respond=detection.create_response and not config.transcribes_only,
        interrupt=detection.interrupt_response,
        graceful=tutor,
        live=live,
        endpoint_ms=round(wait_ms * stretch),
        late_ms=_LATE_MS,
        attentive=tutor or not fixed,
        pause_ms=round(_PAUSE_MS * stretch) if tutor else 0,
    )
