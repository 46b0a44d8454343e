"""The voices: codes of a sentence that was spoken before, which Bark goes on from.

They come as the original package has them (an .npz each) or as the hub has them (three .npy each, in an
index).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpu.bark.errors import BadVoice

INDEX = "speaker_embeddings_path.json"
FOLDER = "speaker_embeddings"
PARTS = "semantic_prompt", "coarse_prompt", "fine_prompt"
# Fewer, and the first coarse window waits for more of the sentence than the 47 tokens it needs at best.
LEAST_SEMANTIC = 210
SEMANTIC_IDS = 10_000
CODES = 1024
FRAMES_PER_SEMANTIC = 75 / 49.9


@dataclass(frozen=True, slots=True)
class Voice:
    """m frames belong to n semantic tokens."""

    semantic: np.ndarray  # int64 [n]
    coarse: np.ndarray  # int64 [2, m]
    fine: np.ndarray  # int64 [8, m]


@dataclass(frozen=True, slots=True)
class Voices:
    offered: dict[str, Voice]
    refused: dict[str, str]  # by name, why

    def __getitem__(self, name: str) -> Voice:
        if name in self.offered:
            return self.offered[name]
        if name in self.refused:
            raise BadVoice(f"The voice {name!r} cannot be used: {self.refused[name]}.")
        raise BadVoice(f"There is no voice {name!r}. Voices: {', '.join(sorted(self.offered)) or 'none'}.")


def load_voices(*folders: Path) -> Voices:
    """Every voice of the folders, each looked through as the hub's layout and for .npz files."""
    voices = Voices({}, {})
    for folder in folders:
        for name, files in _indexed(folder).items():
            _add(voices, name, files)
        # The hub's .npz files lie in a folder of their own; another's are named by their place in it.
        root = folder / FOLDER if (folder / FOLDER).is_dir() else folder
        for file in sorted(root.rglob("*.npz")):
            _add(voices, file.relative_to(root).with_suffix("").as_posix(), file)
    return voices


def check(parts: dict[str, np.ndarray], least_semantic: int = LEAST_SEMANTIC) -> Voice:
    """Raises BadVoice with what is wrong."""
    if missing := [part for part in PARTS if part not in parts]:
        raise BadVoice(f"it has no {' and no '.join(missing)}")
    semantic, coarse, fine = (parts[part] for part in PARTS)
    for part, codes, ids, rows in (
        ("semantic_prompt", semantic, SEMANTIC_IDS, None),
        ("coarse_prompt", coarse, CODES, 2),
        ("fine_prompt", fine, CODES, 8),
    ):
        wanted = 1 if rows is None else 2
        if codes.ndim != wanted or (rows and codes.shape[0] != rows) or codes.dtype.kind not in "iu":
            raise BadVoice(f"its {part} is {codes.dtype} of shape {codes.shape}")
        if codes.size == 0 or codes.min() < 0 or codes.max() >= ids:
            raise BadVoice(f"its {part} is empty or leaves 0 to {ids - 1}")
    if semantic.size < least_semantic:
        raise BadVoice(f"it has {semantic.size} semantic tokens, and needs {least_semantic} to start soon")
    # To a tenth, as the original demands.
    if round(coarse.shape[1] / semantic.size, 1) != round(FRAMES_PER_SEMANTIC, 1):
        raise BadVoice(f"its {coarse.shape[1]} frames do not belong to {semantic.size} semantic tokens")
    return Voice(*(codes.astype(np.int64) for codes in (semantic, coarse, fine)))


def _indexed(folder: Path) -> dict[str, dict[str, Path]]:
    try:
        index = json.loads((folder / INDEX).read_text())
    except FileNotFoundError:
        return {}
    return {
        name: {part: folder / file for part, file in files.items() if part in PARTS}
        for name, files in index.items()
        if isinstance(files, dict)
    }


def _add(voices: Voices, name: str, files: Path | dict[str, Path]) -> None:
    try:
        voices.offered[name] = check(_read(files))
    except BadVoice as error:
        voices.refused[name] = str(error)
    except OSError as error:
        voices.refused[name] = f"it cannot be read ({error.strerror})"
    except (ValueError, EOFError) as error:
        voices.refused[name] = f"it cannot be read ({error})"


def _read(files: Path | dict[str, Path]) -> dict[str, np.ndarray]:
    if isinstance(files, dict):
        return {part: np.load(file, allow_pickle=False) for part, file in files.items()}
    with np.load(files, allow_pickle=False) as parts:
        return {part: parts[part] for part in PARTS if part in parts}
