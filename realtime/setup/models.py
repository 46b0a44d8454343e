"""What each profile needs to have been downloaded, and what of it is here. No network: `tutor pull` asks it.

Models lie in huggingface_hub's own cache (HF_HOME): faster-whisper, vLLM and transformers look there too.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, Protocol

from realtime.errors import PullError

Profile = Literal["embedded", "cpu", "gpu"]

WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
# Weights once: not the .pth and .bin copies that lie beside the safetensors.
CHAT_FILES = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja", "LICENSE*")

# The weights in transformers' form, not the same again in the original's; and the English voices.
BARK_VOICES = "speaker_embeddings/v2/en_speaker_*.npy"
BARK_FILES = (
    *("config.json", "generation_config.json", "pytorch_model.bin", "tokenizer.json", "vocab.txt"),
    *("speaker_embeddings_path.json", BARK_VOICES),
)

HOW_TO_MAKE_ROOM = "`hf cache ls` lists the models that are here, `hf cache rm` removes one"

HUB = "https://huggingface.co"
TURBO = "mobiuslabsgmbh/faster-whisper-large-v3-turbo"
LLAMA = "meta-llama/Meta-Llama-3-8B-Instruct"
LLAMA_8_BIT = "RedHatAI/Meta-Llama-3-8B-Instruct-FP8"
LLAMA_4_BIT = "casperhansen/llama-3-8b-instruct-awq"
BARK = "suno/bark"
BARK_SMALL = "suno/bark-small"
UNGATED = "Qwen/Qwen2.5-7B-Instruct"  # Apache-2.0: nobody needs an account
UNGATED_4_BIT = "Qwen/Qwen2.5-7B-Instruct-AWQ"


class NotPulled(PullError):
    """Asked for where there is none."""


@dataclass(frozen=True, slots=True)
class Model:
    """A repository of the hub, and what of it is fetched."""

    repo: str
    revision: str  # "main", or a commit where one is known to be right
    files: tuple[str, ...]  # patterns; those without a folder are of the repository's top one only
    essential: tuple[str, ...]  # without a file for each of these patterns it cannot be loaded
    size_bytes: int | None  # None: not known before the hub was asked
    licence: str
    gated: bool  # the hub gives it only to accounts that accepted its licence
    why: str

    @property
    def page(self) -> str:
        return f"{HUB}/{self.repo}"


class Plan(Protocol):
    """What is asked of a memory plan: which models fit."""

    @property
    def chat_model(self) -> str: ...

    @property
    def whisper_model(self) -> str: ...

    @property
    def voice_model(self) -> str: ...


# Bytes of what is fetched and licence, as the hub's pages of the repositories show them; sizes are rounded
# as they are there. What is downloaded is measured by what the hub answers at the time.
_LLAMA_3 = "Meta Llama 3 Community License"
_KNOWN = {
    "Systran/faster-whisper-small": (487_000_000, "MIT"),
    TURBO: (1_620_000_000, "MIT"),
    LLAMA: (16_070_000_000, _LLAMA_3),
    LLAMA_8_BIT: (9_090_000_000, _LLAMA_3),
    LLAMA_4_BIT: (5_740_000_000, _LLAMA_3),
    BARK: (4_490_000_000, "MIT"),
    BARK_SMALL: (1_680_000_000, "MIT"),
    UNGATED: (15_240_000_000, "Apache-2.0"),
    UNGATED_4_BIT: (5_580_000_000, "Apache-2.0"),
}


def whisper(name: str) -> Model:
    """`name` as faster-whisper takes it: one of its sizes, or a repository with a converted model."""
    turbo = name in ("turbo", "large-v3-turbo")
    repo = TURBO if turbo else name if "/" in name else f"Systran/faster-whisper-{name}"
    essential = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
    return Model(repo, "main", WHISPER_FILES, essential, *_facts(repo), gated=False, why="hears the learner")


def bark(name: str) -> Model:
    """`name`: bark, bark-small or a repository in the same form."""
    repo = name if "/" in name else f"suno/{name}"
    essential = ("config.json", "pytorch_model.bin", "tokenizer.json", "speaker_embeddings_path.json")
    return Model(
        repo, "main", BARK_FILES, (*essential, BARK_VOICES), *_facts(repo), gated=False, why="speaks"
    )


def chat(repo: str) -> Model:
    essential = ("*.safetensors", "config.json", "tokenizer*")
    gated = repo.startswith("meta-llama/")
    return Model(repo, "main", CHAT_FILES, essential, *_facts(repo), gated=gated, why="writes the answers")


def _facts(repo: str) -> tuple[int | None, str]:
    return _KNOWN.get(repo, (None, f"see {HUB}/{repo}"))


def needed(
    profile: Profile,
    plan: Plan | None = None,
    *,
    whisper_model: str | None = None,
    chat_model: str | None = None,
    voice_model: str | None = None,
) -> tuple[Model, ...]:
    """In the order in which they are pulled; models that are named come in place of the profile's own.

    Without a plan: for a card with room for everything. Folders of this machine are not pulled.
    """
    hears, writes, speaks = _usual(profile, plan)
    hearing = (whisper_model or hears) if hears else None
    named = ((whisper, hearing), (chat, chat_model or writes), (bark, voice_model or speaks))
    return tuple(model(name) for model, name in named if name and not Path(name).is_dir())


def _usual(profile: Profile, plan: Plan | None) -> tuple[str | None, str | None, str | None]:
    match profile:
        case "embedded":
            return None, None, None
        case "cpu":
            return "small", None, None
        case "gpu" if plan:
            return plan.whisper_model, plan.chat_model, plan.voice_model
        case "gpu":
            return "large-v3-turbo", LLAMA, "bark"


def is_pulled(model: Model) -> bool:
    """Whether all is here that loading it takes. A file is in the cache only when it is whole."""
    folder = _snapshot(model)
    return folder is not None and _is_complete(model, folder)


def folder_of(model: Model) -> Path:
    """Where its files lie; the folder's name is the commit. NotPulled where there is none."""
    folder = _snapshot(model)
    if folder is None:
        raise NotPulled(f"{model.repo} has not been pulled")
    return folder


def located(name: str, model: Callable[[str], Model]) -> Path:
    """A folder by its path, or where the model of that name lies. NotPulled where there is none."""
    return Path(name) if Path(name).is_dir() else folder_of(model(name))


def cache_folder() -> Path:
    """Where huggingface_hub keeps what was downloaded: HF_HUB_CACHE, or in HF_HOME."""
    from huggingface_hub import constants  # noqa: PLC0415  # 30 ms that `tutor serve` need not wait for

    return Path(constants.HF_HUB_CACHE).expanduser()


def cache_of(model: Model) -> Path:
    """The part of it that belongs to the model's repository: blobs/, refs/, snapshots/."""
    return cache_folder() / f"models--{model.repo.replace('/', '--')}"


def wanted(model: Model, names: Iterable[str]) -> list[str]:
    """Those of a repository's files that are fetched."""
    # Weights in a subfolder, or consolidated ones, are those beside them again.
    own = [name for name in names if not name.startswith("consolidated")]
    return [name for name in own if any(_fits(name, pattern) for pattern in model.files)]


def _fits(name: str, pattern: str) -> bool:
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


def _snapshot(model: Model) -> Path | None:
    cache = cache_of(model)
    ref = cache / "refs" / model.revision
    commit = ref.read_text() if ref.is_file() else model.revision
    folder = cache / "snapshots" / commit
    return folder if folder.is_dir() else None


def _is_complete(model: Model, folder: Path) -> bool:
    # Not a link to a file that was removed.
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.exists()}
    if not all(any(_fits(name, pattern) for name in names) for pattern in model.essential):
        return False
    index = folder / "model.safetensors.index.json"
    return index.name not in names or set(json.loads(index.read_text())["weight_map"].values()) <= names
