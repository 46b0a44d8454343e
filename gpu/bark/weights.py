"""A folder of weights -> Bark, or the reason why not.

Two formats: transformers' (config.json with model.safetensors or pytorch_model.bin) and the original's
(text_2.pt, coarse_2.pt, fine_2.pt, or the small text.pt, coarse.pt, fine.pt, with EnCodec in a folder
beside).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer, Tokenizer
from torch import Tensor, nn

from gpu.bark import generate, model
from gpu.bark.codec import FIRST_FRAMES, Codec, Convolution, Residual, Stream, Widening
from gpu.bark.errors import BadModel
from gpu.bark.voices import Voices, load_voices

State = dict[str, Tensor]

PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
VOCABULARY = (
    generate.TEXT_PAD - generate.TEXT_OFFSET
)  # of bert-base-multilingual-cased: the pad stands behind it
ENCODEC = "encodec_24khz"
STRIDES = 8, 5, 4, 2
# transformers' names -> the original's, in this order: the first would otherwise be taken for layers.
RENAMED = (
    ("input_embeds_layers.", "wtes."),
    ("input_embeds_layer.", "wte."),
    ("position_embeds_layer.", "wpe."),
    ("layernorm_final.", "ln_f."),
    ("layernorm_", "ln_"),
    ("layers.", "h."),
    ("att_proj.", "c_attn."),
    ("out_proj.", "c_proj."),
    ("in_proj.", "c_fc."),
)


@dataclass(frozen=True, slots=True, repr=False)  # what it holds is long to read
class Bark:
    semantic: generate.Semantic
    coarse: generate.Coarse
    fine: generate.Fine
    codec: Codec
    tokenizer: Tokenizer
    voices: Voices

    @staticmethod
    def load(
        folder: Path,
        device: str = "cpu",
        precision: str = "float32",
        slots: int = 1,
        *,
        voices: tuple[Path, ...] = (),
    ) -> "Bark":
        """Room for `slots` sentences in each of the two causal stages; voices of the folder and of `voices`.

        Raises BadModel.
        """
        tokenizer = load_tokenizer(folder)
        to = device, PRECISIONS[precision]
        semantic, coarse, fine, codec = _states(folder)
        ids = slice(0, generate.END + 1)
        semantic_model = _causal(semantic, ids, *to)
        ids = slice(generate.COARSE_OFFSET, generate.COARSE_OFFSET + 2 * generate.CODES)
        coarse_model = _causal(coarse, ids, *to)
        return Bark(
            generate.Semantic(semantic_model, model.Cache.empty(semantic_model, slots)),
            generate.Coarse(coarse_model, model.Cache.empty(coarse_model, slots)),
            generate.Fine(_fine(fine, *to)),
            _codec(codec, device),
            tokenizer,
            load_voices(folder, *voices),
        )

    def ids(self, text: str) -> list[int]:
        """Of a text as the original reads it: white space is one space, no special tokens."""
        return self.tokenizer.encode(" ".join(text.split()), add_special_tokens=False).ids


def load_tokenizer(folder: Path) -> Tokenizer:
    """Of tokenizer.json or vocab.txt. Raises BadModel.

    Others hand out one of five tokens where the vocabulary is missing, with which every word is the same.
    """
    if (folder / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    elif (folder / "vocab.txt").is_file():
        tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=False)
    else:
        raise BadModel(f"{folder} has neither tokenizer.json nor vocab.txt.")
    if (size := tokenizer.get_vocab_size()) != VOCABULARY:
        raise BadModel(f"The vocabulary in {folder} has {size} tokens; Bark's has {VOCABULARY}.")
    return tokenizer


@dataclass(frozen=True, slots=True)
class Part:
    """One model's weights under the original's names, and what the weights do not say."""

    name: str
    state: State
    heads: int

    def take(self, name: str, *shape: int | None) -> Tensor:
        """Raises BadModel where it is missing or of another shape; None is any length."""
        if name not in self.state:
            raise BadModel(f"The {self.name} model has no {name}: the file is not whole, or not Bark's.")
        found = self.state[name]
        if found.ndim != len(shape) or any(
            a not in (None, b) for a, b in zip(shape, found.shape, strict=True)
        ):
            wanted = " x ".join("any" if length is None else str(length) for length in shape)
            raise BadModel(f"{name} of the {self.name} model is {tuple(found.shape)} and not {wanted}.")
        return found


def _states(folder: Path) -> tuple[Part, Part, Part, State]:
    if (folder / "config.json").is_file():
        return _of_transformers(folder)
    for size in "_2", "":
        files = [folder / f"{stage}{size}.pt" for stage in ("text", "coarse", "fine")]
        if any(file.is_file() for file in files):
            semantic, coarse, fine = (_of_checkpoint(file) for file in files)
            return semantic, coarse, fine, _read(folder / ENCODEC)
    raise BadModel(f"{folder} has neither config.json nor text_2.pt nor text.pt: there is no Bark in it.")


def _of_transformers(folder: Path) -> tuple[Part, Part, Part, State]:
    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") != "bark":
        raise BadModel(f"{folder} holds a model of type {config.get('model_type')!r} and not Bark.")
    whole = _read(folder)

    def part(name: str) -> Part:
        state = {_original_name(key): weight for key, weight in _within(whole, f"{name}.").items()}
        return Part(name, state, config[f"{name}_config"]["num_heads"])

    semantic, coarse, fine = (part(name) for name in ("semantic", "coarse_acoustics", "fine_acoustics"))
    return semantic, coarse, fine, _within(whole, "codec_model.")


def _of_checkpoint(file: Path) -> Part:
    if not file.is_file():
        raise BadModel(f"{file} is missing.")
    checkpoint = _load_torch(file)
    if not {"model", "model_args"} <= checkpoint.keys():
        raise BadModel(f"{file} is no checkpoint of Bark's: it holds {', '.join(sorted(checkpoint)[:5])}.")
    state = {
        name.removeprefix("_orig_mod.").removeprefix("transformer."): weight
        for name, weight in checkpoint["model"].items()
    }
    return Part(file.stem.removesuffix("_2"), state, checkpoint["model_args"]["n_head"])


def _read(folder: Path) -> State:
    if (file := folder / "model.safetensors").is_file():
        try:
            return load_file(file)
        except (SafetensorError, OSError) as error:
            raise BadModel(f"{file} cannot be read ({error}).") from error
    if (file := folder / "pytorch_model.bin").is_file():
        return _load_torch(file)
    raise BadModel(f"{folder} has neither model.safetensors nor pytorch_model.bin.")


def _load_torch(file: Path) -> dict:
    """Weights and nothing that runs; but numpy scalars, which the original's files hold, are let in."""
    scalar = np._core.multiarray.scalar  # pyright: ignore[reportAttributeAccessIssue]
    allowed = [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, np.dtypes.Float64DType]
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch tells a cut file from a hostile one by half a dozen types
        raise BadModel(f"{file} cannot be read ({error}).") from error


def _original_name(name: str) -> str:
    for theirs, original in RENAMED:
        name = name.replace(theirs, original)
    return name


def _within(state: State, prefix: str) -> State:
    return {name.removeprefix(prefix): weight for name, weight in state.items() if name.startswith(prefix)}


def _causal(part: Part, ids: slice, device: str, dtype: torch.dtype) -> model.Causal:
    def put(weight: Tensor) -> Tensor:
        return weight.to(device, dtype).contiguous()

    width = part.take("wte.weight", None, None).shape[1]
    known = part.take("wte.weight", None, width)
    head = part.take("lm_head.weight", None, width)
    least = generate.SEMANTIC_INFER + 1 if ids.start == 0 else generate.COARSE_INFER + 1
    if known.shape[0] < least or head.shape[0] < ids.stop:
        raise BadModel(
            f"The {part.name} model knows {known.shape[0]} ids and draws {head.shape[0]}: it is another."
        )
    return model.Causal(
        put(known),
        put(part.take("wpe.weight", model.BLOCK, width)),
        _layers(part, width, put),
        _affine(part, "ln_f", (width,), put),
        put(head[ids]),
        part.heads,
    )


def _fine(part: Part, device: str, dtype: torch.dtype) -> model.Whole:
    def put(weight: Tensor) -> Tensor:
        return weight.to(device, dtype).contiguous()

    width = part.take("wtes.0.weight", None, None).shape[1]
    embeddings = [part.take(f"wtes.{n}.weight", 1056, width) for n in range(generate.CODEBOOKS)]
    # A head is the next codebook's embedding, and a file may hold either or both.
    heads = [part.state.get(f"lm_heads.{n}.weight", embeddings[n + 1]) for n in range(generate.CODEBOOKS - 1)]
    return model.Whole(
        [put(embedding) for embedding in embeddings],
        put(part.take("wpe.weight", model.BLOCK, width)),
        _layers(part, width, put),
        _affine(part, "ln_f", (width,), put),
        [put(head[: generate.CODES]) for head in heads],
        part.heads,
    )


def _layers(part: Part, width: int, put: Callable[[Tensor], Tensor]) -> list[model.Layer]:
    numbers = [int(found[1]) for name in part.state if (found := re.match(r"h\.(\d+)\.", name))]
    if not numbers or width % part.heads:
        raise BadModel(
            f"The {part.name} model has {len(numbers)} layers' weights, {part.heads} heads, {width} wide."
        )
    return [
        model.Layer(
            _affine(part, f"h.{n}.ln_1", (width,), put),
            _affine(part, f"h.{n}.attn.c_attn", (3 * width, width), put),
            _affine(part, f"h.{n}.attn.c_proj", (width, width), put),
            _affine(part, f"h.{n}.ln_2", (width,), put),
            _affine(part, f"h.{n}.mlp.c_fc", (4 * width, width), put),
            _affine(part, f"h.{n}.mlp.c_proj", (width, 4 * width), put),
        )
        for n in range(max(numbers) + 1)
    ]


def _affine(part: Part, name: str, shape: tuple[int, ...], put: Callable[[Tensor], Tensor]) -> model.Affine:
    bias = f"{name}.bias"
    weight = put(part.take(f"{name}.weight", *shape))
    return model.Affine(weight, put(part.take(bias, shape[0])) if bias in part.state else None)


def _codec(state: State, device: str) -> Codec:
    """In float32 on any device: it is a hundredth of the work, and its rounding is what is heard."""
    part = Part("codec", state, heads=0)

    def convolution(number: int, name: str) -> Convolution:
        return Convolution(number, _weight(part, f"decoder.layers.{name}.conv").to(device), bias(name))

    def bias(name: str) -> Tensor:
        return part.take(f"decoder.layers.{name}.conv.bias", None).float().to(device)

    rises: list[tuple[Widening, Residual]] = []
    for rise, stride in enumerate(STRIDES):
        at = 3 + 3 * rise  # activation, transposed convolution, residual block
        widening = Widening(10 * at, _weight(part, f"decoder.layers.{at}.conv").to(device), bias(f"{at}"))
        if widening.weight.shape[2] != 2 * stride:
            raise BadModel(
                f"The codec's kernel {rise} is {widening.weight.shape[2]} and not {2 * stride}: not 24 kHz."
            )
        blocks = f"{at + 1}.block.1", f"{at + 1}.block.3", f"{at + 1}.shortcut"
        rises.append((widening, Residual(*(convolution(10 * at + n, b) for n, b in enumerate(blocks, 1)))))
    width = part.take("quantizer.layers.0.codebook.embed", generate.CODES, None).shape[1]
    codebooks = [
        part.take(f"quantizer.layers.{n}.codebook.embed", generate.CODES, width)
        for n in range(generate.CODEBOOKS)
    ]
    codec = Codec(
        torch.stack(codebooks).float().to(device),
        convolution(0, "0"),
        _lstm(part).to(device),
        rises,
        convolution(1, f"{3 + 3 * len(STRIDES)}"),
    )
    try:
        codec.decode(
            torch.zeros(generate.CODEBOOKS, FIRST_FRAMES, dtype=torch.int64, device=device), Stream()
        )
    except RuntimeError as error:
        raise BadModel(f"The codec's weights do not fit together ({error}).") from error
    return codec


def _weight(part: Part, name: str) -> Tensor:
    """A convolution's weight, stored as a length and a direction under the names of newer or older torch."""
    new = f"{name}.parametrizations.weight.original"
    pair = (f"{new}0", f"{new}1") if f"{new}0" in part.state else (f"{name}.weight_g", f"{name}.weight_v")
    length, direction = part.take(pair[0], None, 1, 1).float(), part.take(pair[1], None, None, None).float()
    return torch._weight_norm(direction, length, 0)


def _lstm(part: Part) -> nn.LSTM:
    prefix = "decoder.layers.1.lstm."
    weights = _within(part.state, prefix)
    width = part.take(f"{prefix}weight_ih_l0", None, None).shape[1]
    lstm = nn.LSTM(width, width, 2)
    for name, parameter in lstm.state_dict().items():
        part.take(prefix + name, *parameter.shape)
    lstm.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return lstm.requires_grad_(False).eval()
