"""How often half precision, given the same tokens, draws what float32 draws: figures to read.

The weights are random and spread: this says that half precision works, not how a trained model sounds.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from gpu.bark.generate import (
    SEMANTIC_START,
    WINDOW,
    Windows,
    coarse_tokens,
    semantic_prompt,
    semantic_tokens,
)
from gpu.bark.voices import Voice
from gpu.bark.weights import Bark
from tests.bark.tiny import TEXTS

HEARD = 100
FRAMES = 225
SEEDS = range(4)
NOISE = 0.5  # alone, with logits of no use, it agrees far less often


def voice_of(bark: Bark, seed: int) -> Voice:
    voices = sorted(bark.voices.offered)
    return bark.voices[voices[seed % len(voices)]]


def one(value: int) -> torch.Tensor:
    return torch.tensor([value])


def semantic(whole: Bark, half: Bark, seed: int) -> list[bool]:
    prompt = semantic_prompt(whole.ids(TEXTS[seed % len(TEXTS)]), voice_of(whole, seed))
    tokens = list(semantic_tokens(whole.semantic, prompt, seed, HEARD))
    drawn = [half.semantic.prefill(torch.from_numpy(prompt)[None], one(0), one(seed))]
    for draw in range(1, len(tokens)):
        at = SEMANTIC_START - 1 + draw
        fed = one(tokens[draw - 1]), one(at), one(0), one(seed), one(draw)
        drawn.append(half.semantic.decode_step(*fed, at + 1))
    return (torch.cat(drawn) == torch.tensor(tokens)).tolist()


def coarse(whole: Bark, half: Bark, seed: int) -> list[bool]:
    """Of the first window."""
    windows = Windows.of(voice_of(whole, seed))
    heard = np.random.default_rng(seed).integers(0, 10_000, HEARD).tolist()
    tokens = list(islice(coarse_tokens(whole.coarse, windows, iter(heard), seed), WINDOW))
    prompt = windows.prompt(0, heard[: windows.needs(0)], [])
    last = len(prompt) - 1
    drawn = [half.coarse.prefill(torch.from_numpy(prompt)[None], one(last), one(0), one(seed), one(0))]
    for draw in range(1, len(tokens)):
        at = last + draw
        fed = one(tokens[draw - 1]), one(at), one(0), one(seed), one(draw)
        drawn.append(half.coarse.decode_step(*fed, at + 1))
    return (torch.cat(drawn) == torch.tensor(tokens)).tolist()


def fine(whole: Bark, half: Bark, seed: int) -> list[bool]:
    """Each codebook on top of what half precision drew for those before it."""
    codes = torch.from_numpy(np.random.default_rng(seed).integers(0, 1024, (2, FRAMES)))
    drawn, right = (bark.fine.complete(codes, voice_of(whole, seed), seed) for bark in (half, whole))
    return (drawn == right)[2:].flatten().tolist()


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_draws_mostly_the_same(
    folder: Path, bark: Bark, precision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    half = Bark.load(folder, precision=precision, slots=1)
    for stage in semantic, coarse, fine:
        same = [drawn for seed in SEEDS for drawn in stage(bark, half, seed)]
        agreement = sum(same) / len(same)
        with capsys.disabled():
            name = stage.__name__
            print(f"\n{precision} draws {agreement:.1%} of {len(same)} {name} tokens as float32 does")
        assert agreement > NOISE
