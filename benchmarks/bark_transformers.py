"""transformers' BarkModel on the same weights, with the best settings that it has.

Half precision on a card, its key and value cache, flash attention where that can be had (it knows no other
kernel than that and its own), sampling as the original: no top-k.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# torch and transformers are in the environment that this runs in, not in the one that is checked.

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import BarkModel, BarkProcessor, BertTokenizer
from transformers.utils import is_flash_attn_2_available

from benchmarks.bark_run import Run, at_once
from gpu.bark.voices import Voice


@dataclass(frozen=True)
class Transformers:
    model: Any
    inputs: dict[str, Any]  # text and voice
    settings: dict[str, str]

    @staticmethod
    def load(folder: Path, device: str, precision: str, text: str, voice: Voice) -> "Transformers":
        flash = device == "cuda" and is_flash_attn_2_available()
        attention = "flash_attention_2" if flash else "eager"
        dtype = getattr(torch, precision)
        model = BarkModel.from_pretrained(folder, dtype=dtype, attn_implementation=attention)
        preset = {
            "semantic_prompt": voice.semantic,
            "coarse_prompt": voice.coarse,
            "fine_prompt": voice.fine,
        }
        inputs = BarkProcessor(tokenizer=BertTokenizer.from_pretrained(folder))(text, voice_preset=preset)
        return Transformers(
            model.to(device).eval(),
            {name: value.to(device) for name, value in inputs.items()},
            {"precision": precision, "attention": attention},
        )

    @torch.inference_mode()
    def say(self, tokens: int) -> Run:
        """A sentence of so many semantic tokens. Its fine passes are not counted."""
        passes = Counter[str]()
        parts = ("semantic", self.model.semantic), ("coarse", self.model.coarse_acoustics)
        hooks = [part.register_forward_hook(counting(passes, stage)) for stage, part in parts]
        began_s = time.perf_counter()
        sound = self.model.generate(
            **self.inputs,
            do_sample=True,
            semantic_top_k=0,
            coarse_top_k=0,
            semantic_min_new_tokens=tokens,
            semantic_max_new_tokens=tokens,
            fine_temperature=0.5,
        ).cpu()
        took_s = time.perf_counter() - began_s
        for hook in hooks:
            hook.remove()
        return at_once(sound.shape[-1], took_s, passes)


def counting(passes: Counter[str], stage: str) -> Callable[..., None]:
    def count(*_: Any) -> None:
        passes[stage] += 1

    return count
