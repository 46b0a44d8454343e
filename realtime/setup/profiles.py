"""Which engines the tutor runs with: what this machine can, or what was asked for. Facts in, a choice out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import SettingsError
from realtime.settings import Bark, Engines, Settings, Vllm, Whisper
from realtime.setup.machine import Driver, Gpu, Machine
from realtime.setup.memory import NoRoom, Plan, plan
from realtime.setup.models import LLAMA, LLAMA_4_BIT, LLAMA_8_BIT, UNGATED, UNGATED_4_BIT, Profile

# What vLLM 0.32's torch is built with; CUDA 13 wants a driver of the 580 series or newer (NVIDIA's table of
# minor version compatibility).
CUDA = (13, 0)
DRIVER = "580"

# For those who have not accepted Llama's licence: no larger than what they stand for.
IN_PLACE_OF = {LLAMA: UNGATED, LLAMA_8_BIT: UNGATED_4_BIT, LLAMA_4_BIT: UNGATED_4_BIT}

REPLIES_PER_LEARNER = 4  # at once: the talk's own, and those that a client asks for beside it

BARK_SPEAKER = "v2/en_speaker_6"  # the preset that Bark's own examples use most
CPU_BARK = Bark(device="cpu", precision="float32", slots=1)
CPU_WHISPER = Whisper(model="small", device="cpu", precision="int8", batch=8)


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a profile misses, and what to type."""

    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.what}: {self.cure}"


@dataclass(frozen=True, slots=True)
class Choice:
    """`why` is one line; `more` says what would give more, "" where nothing would."""

    profile: Profile
    why: str
    more: str
    plan: Plan | None = None


def choose(machine: Machine, settings: Settings) -> Choice:
    """The best that is installed and downloaded; or the profile asked for, if it can work.

    Raises SettingsError with everything that it misses.
    """
    if settings.bark.model is not None and (lacks := _lacking_bark(settings.bark, machine)):
        raise SettingsError("\n  ".join(["Bark cannot speak here.", *map(str, lacks)]))
    if settings.profile == "auto":
        return _choice(
            _best(machine, settings), "the best that is installed and downloaded", machine, settings
        )
    lacks = lacking(settings.profile, machine, settings)
    if lacks:
        raise SettingsError(_refusal(settings.profile, lacks))
    return _choice(settings.profile, "as was asked for", machine, settings)


def _best(machine: Machine, settings: Settings) -> Profile:
    if not lacking("gpu", machine, settings):
        return "gpu"
    hears_here = not _hears_elsewhere(settings)  # else there is nothing that `cpu` would add
    return "cpu" if hears_here and not lacking("cpu", machine, settings) else "embedded"


def lacking(profile: Profile, machine: Machine, settings: Settings) -> list[Lack]:
    """What stands between this machine and a profile."""
    match profile:
        case "embedded":
            return []
        case "cpu":
            return _lacking_whisper("cpu", CPU_WHISPER, machine, settings)
        case "gpu":
            return _lacking_gpu(machine, settings)


def settled(settings: Settings, machine: Machine, choice: Choice) -> Settings:
    """The settings in which the choice is carried out. A Whisper without a model: pocketsphinx."""
    changes: dict[str, object] = {"profile": choice.profile, "whisper": Whisper()}
    if choice.profile != "embedded" and not _hears_elsewhere(settings):
        usual = CPU_WHISPER if choice.plan is None else gpu_whisper(choice.plan)
        changes["whisper"] = _filled(settings.whisper, usual)
    if choice.plan is not None and settings.engines.chat_url is None:
        changes["vllm"] = _planned_vllm(settings.vllm, machine, choice.plan)
    changes["bark"] = speaking = spoken_by(settings, machine, choice.plan)
    if speaking.model is not None:
        changes["engines"] = _spoken(settings.engines, speaking.model)
    return settings.model_copy(update=changes)


def spoken_by(settings: Settings, machine: Machine, made: Plan | None) -> Bark:
    """Bark where it was named, or belongs to the card and is here; else one without a model: espeak-ng."""
    given = settings.bark
    usual = CPU_BARK if made is None else gpu_bark(made)
    asked = given.model or usual.model
    elsewhere = settings.engines.speech_url is not None
    if asked is None or elsewhere or given.live == "never" or _lacking_bark(given, machine, str(asked)):
        return Bark()
    changes = given.model_dump(exclude_none=True) | {"python": _bark_python(given, machine)}
    return usual.model_copy(update=changes)


def planned(machine: Machine) -> Plan:
    """The plan for this machine's card. Raises NoRoom, and ValueError where there is no card."""
    if not machine.gpus:
        raise ValueError("there is no card to plan for")
    gpu = machine.gpus[0]
    others_gb = max(0.0, gpu.memory_gb - gpu.free_gb)
    return plan(gpu.memory_gb, capability=gpu.capability, others_gb=others_gb)


def asked_chat(vllm: Vllm, made: Plan | None) -> str:
    """Llama as the card holds it, unless another model was named."""
    return made.chat_model if made and vllm.model == LLAMA else vllm.model


def downloaded_chat(asked: str, machine: Machine) -> str | None:
    """The model itself, or what stands in for it; None where neither is here."""
    candidates = (asked, IN_PLACE_OF[asked]) if asked in IN_PLACE_OF else (asked,)
    return next((model for model in candidates if model in machine.pulled), None)


def gpu_whisper(given: Plan) -> Whisper:
    return Whisper.model_validate(
        {
            "model": given.whisper_model,
            "device": "cuda",
            "precision": given.whisper_precision,
            "batch": given.whisper_batch,
        }
    )


def gpu_bark(given: Plan) -> Bark:
    return Bark.model_validate(
        {
            "model": given.voice_model,
            "device": "cuda",
            "precision": "float16",
            "slots": given.voice_clips,
        }
    )


# what is missing


def _lacking_gpu(machine: Machine, settings: Settings) -> list[Lack]:
    if not machine.gpus:
        seen = "no NVIDIA card is seen" if machine.driver is None else "the driver shows no card"
        return [Lack(seen, "`nvidia-smi` says what there is; without a card: tutor serve --profile cpu")]
    lacks = _lacking_driver(machine.driver)
    if machine.cublas is None:
        lacks.append(Lack("CUDA 12's libraries for Whisper are not installed", "make serve-gpu"))
    if settings.engines.chat_url is None and machine.vllm is None:
        lacks.append(Lack("vLLM is not installed", "make serve-gpu"))
    try:
        made = planned(machine)
    except NoRoom as error:
        return [*lacks, Lack(str(error), "nvidia-smi shows what else is on the card")]
    lacks += _lacking_whisper("gpu", gpu_whisper(made), machine, settings)
    if settings.engines.chat_url is None and _chat_model(settings.vllm, machine, made) is None:
        lacks.append(Lack(f"{asked_chat(settings.vllm, made)} is not downloaded", "tutor pull gpu"))
    return lacks


def _lacking_driver(driver: Driver | None) -> list[Lack]:
    if driver is not None and driver.cuda >= CUDA:
        return []
    found = "no driver answers" if driver is None else f"driver {driver.version} is too old for CUDA 13"
    return [Lack(found, f"install NVIDIA's driver {DRIVER} or newer")]


def _lacking_whisper(profile: Profile, usual: Whisper, machine: Machine, settings: Settings) -> list[Lack]:
    model = settings.whisper.model or usual.model
    if _hears_elsewhere(settings) or model in machine.pulled:
        return []
    return [Lack(f"the Whisper model {model} is not downloaded", f"tutor pull {profile}")]


def _lacking_bark(bark: Bark, machine: Machine, usual: str = "bark") -> list[Lack]:
    model, lacks = str(bark.model or usual), list[Lack]()
    if _bark_python(bark, machine) is None:
        cure = "make bark, or TUTOR_BARK__PYTHON names one"
        lacks.append(Lack("no Python with torch is known for Bark", cure))
    if model not in machine.pulled:
        cure = "tutor pull gpu" if machine.gpus else f"TUTOR_BARK__MODEL={model} tutor pull cpu"
        lacks.append(Lack(f"Bark's model {model} is not downloaded", cure))
    return lacks


def _bark_python(bark: Bark, machine: Machine) -> Path | None:
    """vLLM's has the torch of its card, and goes before one for processors."""
    return bark.python or machine.vllm_python or machine.bark_python


def _refusal(profile: Profile, lacks: Sequence[Lack]) -> str:
    return "\n  ".join([f"the profile {profile} cannot work here.", *map(str, lacks)])


# what is said


def _choice(profile: Profile, why: str, machine: Machine, settings: Settings) -> Choice:
    if profile != "gpu":
        speaks = f", Bark's {settings.bark.model} speaks" if settings.bark.model else ""
        said = f"{_engines(profile, settings)}{speaks}; {why}"
        return Choice(profile, said, _more(profile, machine, settings))
    made = planned(machine)
    said = _on_card(machine.gpus[0], made, machine, settings)
    return Choice(profile, f"{said}; {why}", _more_on_card(machine, settings, made), made)


def _engines(profile: Profile, settings: Settings) -> str:
    if _hears_elsewhere(settings):
        return "recognition by the server that was named"
    if profile == "embedded":
        return "pocketsphinx, which understands the answers of lessons"
    whisper = _filled(settings.whisper, CPU_WHISPER)
    return f"Whisper {whisper.model} in {whisper.precision} on the {_DEVICES[whisper.device or 'cpu']}"


_DEVICES = {"cpu": "processor", "cuda": "graphics card"}


def _on_card(gpu: Gpu, made: Plan, machine: Machine, settings: Settings) -> str:
    whisper = _filled(settings.whisper, gpu_whisper(made))
    chat = _chat_model(settings.vllm, machine, made)
    if settings.engines.chat_url is not None:
        chat = "the chat server that was named"
    return (
        f"{gpu.name} with {gpu.memory_gb:.0f} GB: Whisper {whisper.model} in {whisper.precision} and {chat}, "
        f"memory for {made.learners} learners; {_voice_said(machine, settings, made)}"
    )


def _voice_said(machine: Machine, settings: Settings, made: Plan) -> str:
    speaking = spoken_by(settings, machine, made)
    if speaking.model is not None:
        return f"the voice is {speaking.model}'s in {speaking.precision}, {speaking.slots} sentences at once"
    return "the voice is espeak-ng's"


def _more_on_card(machine: Machine, settings: Settings, made: Plan) -> str:
    if settings.engines.speech_url is not None or settings.bark.live == "never":
        return ""
    lacks = _lacking_bark(settings.bark, machine, made.voice_model)
    return f"for Bark's voice: {lacks[0]}" if lacks else ""


def _more(profile: Profile, machine: Machine, settings: Settings) -> str:
    hints: list[str] = []
    if profile == "embedded" and not _hears_elsewhere(settings):
        free = "to be understood beyond lessons" if settings.talks_freely else "for free talk"
        hints.append(f"{free}: tutor pull cpu" + ("" if settings.talks_freely else ", and --chat-url"))
    elif not settings.talks_freely:
        hints.append("for free talk: --chat-url of an OpenAI-compatible chat server")
    if machine.gpus:
        hints += [f"for the profile gpu: {lack}" for lack in _lacking_gpu(machine, settings)[:1]]
    return "; ".join(hints)


# what is filled in


def _spoken(engines: Engines, bark: str | Path) -> Engines:
    """By Bark, unless another model or voice was named. A folder's is `bark`: the server says which it is."""
    usual = Engines()
    name = bark if isinstance(bark, str) else "bark"
    model = name if engines.speech_model == usual.speech_model else engines.speech_model
    voice = BARK_SPEAKER if engines.voice == usual.voice else engines.voice
    return engines.model_copy(update={"speech_model": model, "voice": voice})


def _filled(given: Whisper, usual: Whisper) -> Whisper:
    return usual.model_copy(update=given.model_dump(exclude_none=True))


def _planned_vllm(vllm: Vllm, machine: Machine, made: Plan) -> Vllm:
    most_replies = str(REPLIES_PER_LEARNER * made.learners)
    changes = {
        "python": vllm.python or machine.vllm_python,
        "model": _chat_model(vllm, machine, made) or made.chat_model,
        "memory_share": vllm.memory_share or made.vllm_share,
        "max_model_len": vllm.max_model_len or made.max_model_len,
        "arguments": ("--max-num-seqs", most_replies, *vllm.arguments),  # the last of two is taken
    }
    return vllm.model_copy(update=changes)


def _chat_model(vllm: Vllm, machine: Machine, made: Plan) -> str | None:
    """What is loaded; None where it is not downloaded."""
    return downloaded_chat(asked_chat(vllm, made), machine)


def _hears_elsewhere(settings: Settings) -> bool:
    return settings.engines.speech_url is not None or settings.engines.transcription_url is not None
