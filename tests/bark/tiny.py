"""A Bark of random weights in the formats that real ones come in, with the real vocabularies."""

import json
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BarkConfig, BarkModel, EncodecConfig, GenerationConfig
from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkFineGenerationConfig,
    BarkSemanticGenerationConfig,
)

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
VOCABULARY = 119_547  # of bert-base-multilingual-cased
TEXTS = [
    "Hello, my name is Atom.",
    "What did you do at the weekend? [laughs]",
    "The quick brown fox jumps over the lazy dog, and nobody in the village was surprised.",
]


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int
    heads: int
    width: int
    filters: int  # of the codec: 32 are the real one
    codec_width: int
    spread: float  # standard deviation of the weights: less than this and every draw is nearly even


TINY = Shape(2, 2, 32, 4, 16, 0.25)
SMALL = Shape(12, 12, 768, 32, 128, 0.06)
LARGE = Shape(24, 16, 1024, 32, 128, 0.05)


def make_bark(folder: Path, shape: Shape = TINY, seed: int = 0) -> Path:
    """A folder as the hub has it, with voices. The same shape and seed give the same model."""
    model = make_model(shape, seed)
    model.save_pretrained(folder)
    write_vocabulary(folder)
    for name, history in VOICES.items():
        write_voice(folder, name, make_voice(history, seed))
    return folder


# By how much of history they have: the least that is offered, more than is used, more than all of the window.
VOICES = {"v2/en_speaker_0": 210, "v2/en_speaker_6": 300, "v2/es_speaker_1": 700}


def make_model(shape: Shape = TINY, seed: int = 0) -> BarkModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BarkModel(_config(shape)).eval()
        model.generation_config = _generation_config()
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.ndim == 2 and not name.startswith("codec_model"):
                    weight.normal_(0, shape.spread)
            for layer in model.codec_model.quantizer.layers:
                layer.codebook.embed.normal_()
    return model


def make_voice(history: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random codes of `history` semantic tokens."""
    random = np.random.default_rng([seed, history])
    frames = int(history * 75 / 49.9)
    fine = random.integers(0, 1024, (8, frames), dtype=np.int32)
    semantic = random.integers(0, 10_000, history)
    return {"semantic_prompt": semantic, "coarse_prompt": fine[:2].astype(np.int64), "fine_prompt": fine}


def write_voice(folder: Path, name: str, voice: dict[str, np.ndarray]) -> None:
    """As the hub has them: three files, named in one index."""
    index_file = folder / "speaker_embeddings_path.json"
    index: dict[str, Any] = (
        json.loads(index_file.read_text()) if index_file.exists() else {"repo_or_path": "suno/bark"}
    )
    index[name] = {}
    for part, codes in voice.items():
        file = folder / "speaker_embeddings" / f"{name}_{part}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, codes)
        index[name][part] = str(file.relative_to(folder))
    index_file.write_text(json.dumps(index))


def write_vocabulary(folder: Path, size: int = VOCABULARY) -> None:
    """Letters, their continuations, and invented words."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation]
    tokens += [mark + letter for mark in ("", "##") for letter in string.ascii_letters + string.digits]
    syllables = [a + b for a in CONSONANTS for b in VOWELS]
    tokens += [one + two + mark for mark in ("", "n", "r") for one in syllables for two in syllables]
    tokens += [f"##{one}{two}" for one in syllables for two in syllables]
    tokens += [
        f"{one}{two}{three}" for one in syllables for two in syllables[:10] for three in syllables[:60]
    ]
    tokens = [*dict.fromkeys(tokens)][:size]
    assert len(tokens) == size
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n")


def write_checkpoints(folder: Path, model: BarkModel, size: str = "_2") -> Path:
    """The same weights as the original's .pt files: with the numpy scalar that the real ones have in them."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage, part in (
        ("text", model.semantic),
        ("coarse", model.coarse_acoustics),
        ("fine", model.fine_acoustics),
    ):
        weights = {f"_orig_mod.{_original_name(name)}": weight for name, weight in part.state_dict().items()}
        checkpoint = {
            "model": weights,
            "model_args": _original_arguments(part.config),
            "best_val_loss": torch.tensor(1.5),
            "iter_num": np.float64(7),
        }
        torch.save(checkpoint, folder / f"{stage}{size}.pt")
    model.codec_model.save_pretrained(folder / "encodec_24khz")
    return folder


def _original_name(name: str) -> str:
    for ours, theirs in (
        ("input_embeds_layers.", "transformer.wtes."),
        ("input_embeds_layer.", "transformer.wte."),
        ("position_embeds_layer.", "transformer.wpe."),
        ("layernorm_final.", "transformer.ln_f."),
        ("layernorm_", "ln_"),
        ("att_proj", "c_attn"),
        ("out_proj", "c_proj"),
        ("in_proj", "c_fc"),
    ):
        name = name.replace(ours, theirs)
    return f"transformer.h.{name.removeprefix('layers.')}" if name.startswith("layers.") else name


def _original_arguments(config) -> dict[str, int | bool | float]:
    arguments = {
        "n_layer": config.num_layers,
        "n_head": config.num_heads,
        "n_embd": config.hidden_size,
        "block_size": config.block_size,
        "bias": config.bias,
        "dropout": 0.0,
    }
    if hasattr(config, "n_codes_total"):
        arguments |= {"n_codes_total": config.n_codes_total, "n_codes_given": config.n_codes_given}
    if config.input_vocab_size == config.output_vocab_size:  # as the real coarse and fine files say it
        return arguments | {"vocab_size": config.input_vocab_size}
    return arguments | {
        "input_vocab_size": config.input_vocab_size,
        "output_vocab_size": config.output_vocab_size,
    }


def _config(shape: Shape) -> BarkConfig:
    common = {
        "num_layers": shape.layers,
        "num_heads": shape.heads,
        "hidden_size": shape.width,
        "bias": False,
        "block_size": 1024,
        "dropout": 0.0,
    }
    codec = EncodecConfig(
        num_filters=shape.filters,
        hidden_size=shape.codec_width,
        codebook_dim=shape.codec_width,
        target_bandwidths=[6.0],
    )
    fine = {"input_vocab_size": 1056, "output_vocab_size": 1056, "n_codes_total": 8, "n_codes_given": 1}
    return BarkConfig(
        semantic_config=common | {"input_vocab_size": 129_600, "output_vocab_size": 10_048},
        coarse_acoustics_config=common | {"input_vocab_size": 12_096, "output_vocab_size": 12_096},
        fine_acoustics_config=common | fine,
        codec_config=codec.to_dict(),
    )


def _generation_config() -> GenerationConfig:
    """BarkGenerationConfig itself cannot be saved."""
    return GenerationConfig(
        semantic_config=BarkSemanticGenerationConfig().to_dict(),
        coarse_acoustics_config=BarkCoarseGenerationConfig().to_dict(),
        fine_acoustics_config=BarkFineGenerationConfig().to_dict(),
        sample_rate=24_000,
        codebook_size=1024,
    )
