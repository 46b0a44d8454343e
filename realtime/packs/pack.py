"""A voice pack: lines spoken once and for all, as Opus files beside a manifest that names each text.

A clip's file is named after its content, so that a damaged one is noticed and an equal one is kept once.
"""

import hashlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realtime.errors import SettingsError
from realtime.packs import opus
from realtime.packs.opus import Sound
from realtime.talk.transcript import Word

MANIFEST = "manifest.json"
CLIPS = "clips"


class PackError(SettingsError):
    """A voice pack that cannot be used, and why."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the voice pack {folder.name}: {reason}")


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PackedWord(Frozen):
    word: str
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)

    def as_word(self) -> Word:
        return Word(self.word, self.start_ms, self.end_ms)


class PackedClip(Frozen):
    """`samples` at 24 kHz; `heard`: what a recogniser made of it, if one was asked."""

    file: str = Field(pattern=r"^[0-9a-f]{32}\.opus$")
    samples: int = Field(gt=0)
    words: tuple[PackedWord, ...] = ()
    heard: str | None = None


class Manifest(Frozen):
    """`level_db`: how loud every clip is where it speaks, against full scale; `lines`: by text, as spoken."""

    format: Literal[1] = 1
    model: str
    voice: str
    level_db: float
    made_with: str
    lines: dict[str, PackedClip] = {}


class Pack:
    """The clips as they lie in the files, in memory: a few kilobytes a second."""

    def __init__(self, manifest: Manifest, files: dict[str, bytes]) -> None:
        self.manifest = manifest
        self._files = files

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self._files.values()))

    def clip(self, text: str) -> PackedClip | None:
        return self.manifest.lines.get(text)

    def sound(self, clip: PackedClip, speed: float) -> Sound:
        """int16 [n]. It takes milliseconds of a processor: for a thread."""
        return opus.at_speed(opus.decode(self._files[clip.file], clip.samples), speed)


def read_manifest(folder: Path) -> Manifest:
    """Raises PackError."""
    file = folder / MANIFEST
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except OSError as error:
        raise PackError(folder, f"{MANIFEST} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PackError(folder, f"{MANIFEST} is not one of this version: {where} {first['msg']}") from error


def load(folder: Path) -> Pack:
    """Every clip is there and whole. Raises PackError."""
    manifest = read_manifest(folder)
    if not manifest.lines:
        raise PackError(folder, "it holds no line; `tutor render` fills it")
    files: dict[str, bytes] = {}
    for text, clip in manifest.lines.items():
        content = read_clip(folder, clip)
        if content is None:
            raise PackError(
                folder, f"the clip of {text!r} is missing or damaged; `tutor render` makes it anew"
            )
        files[clip.file] = content
    return Pack(manifest, files)


def read_clip(folder: Path, clip: PackedClip) -> bytes | None:
    """None where it is not there, or not as it was made."""
    try:
        content = (folder / CLIPS / clip.file).read_bytes()
    except OSError:
        return None
    return content if _named(content) == clip.file else None


def write_clip(folder: Path, content: bytes) -> str:
    """Gives its name."""
    name = _named(content)
    _replace(folder / CLIPS / name, content)
    return name


def write_manifest(folder: Path, manifest: Manifest) -> None:
    _replace(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())


def _named(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.opus"


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all, whenever the program is killed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, file)
