"""A Whisper by its name or its folder, loaded once; nothing is downloaded here."""

from pathlib import Path

from faster_whisper import WhisperModel
from faster_whisper.utils import download_model

from gpu.cuda import load_cublas


class ModelMissing(Exception):
    """Says what is wrong with the model, and what to type."""


def load(name: str, device: str, precision: str) -> WhisperModel:
    """Raises ModelMissing, also for what is there and broken."""
    folder = find(name, device)
    if device == "cuda":
        load_cublas()
    try:
        return WhisperModel(str(folder), device=device, compute_type=precision)
    except (RuntimeError, ValueError) as error:
        raise ModelMissing(f"The Whisper {name} cannot run as asked: {error}") from error


def find(name: str, device: str) -> Path:
    """Its folder. Raises ModelMissing where it is not, or not all of it."""
    folder = Path(name)
    if not folder.is_dir():
        try:
            folder = Path(download_model(name, local_files_only=True))
        except (OSError, ValueError) as error:
            profile = "gpu" if device == "cuda" else "cpu"
            raise ModelMissing(f"No Whisper {name} on this machine. Type: tutor pull {profile}") from error
    for file in ("config.json", "model.bin", "tokenizer.json"):  # without the last, the hub would be asked
        if not (folder / file).is_file():
            raise ModelMissing(f"The Whisper in {folder} is not complete: it has no {file}.")
    return folder
