"""A Whisper of random weights in CTranslate2's format, with the real layout of the special tokens."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from ctranslate2.specs import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES  # pyright: ignore[reportPrivateUsage]
from numpy.typing import NDArray
from tokenizers import AddedToken, decoders, models, pre_tokenizers

CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aeiou"
TIMES = 1501
SPACE_PLACE = 220  # of the lone space in every Whisper's vocabulary


@dataclass(frozen=True, slots=True)
class Shape:
    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    mels: int = 80
    languages: int = 99
    texts: int = 50_257  # tokens before the special ones


MICRO = Shape(64, 2, 2, 2, texts=2000)
SHAPES = {
    "tiny": Shape(384, 6, 4, 4),
    "base": Shape(512, 8, 6, 6),
    "small": Shape(768, 12, 12, 12),
    "turbo": Shape(1280, 20, 32, 4, mels=128, languages=100),
}


def make_whisper(
    folder: Path, shape: Shape = MICRO, quantization: str | None = None, *, endless: bool = False
) -> Path:
    """A folder that faster-whisper loads. The same shape gives the same model."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, tokens = _vocabulary(shape)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.mels}))
    spec: Any = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    _fill(spec, shape, len(tokens))
    spec.register_vocabulary(tokens)
    end = shape.texts
    spec.config.lang_ids = list(range(end + 2, end + 2 + shape.languages))
    spec.config.suppress_ids = list(range(end + (not endless), len(tokens)))
    spec.config.suppress_ids_begin = [SPACE_PLACE, end]
    last = shape.decoder_layers - 1
    spec.config.alignment_heads = [(last, head) for head in range(shape.heads)]
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    return folder


def _vocabulary(shape: Shape) -> tuple[tokenizers.Tokenizer, list[str]]:
    """Bytes, then invented words, then Whisper's special tokens at their own places."""
    text = sorted(pre_tokenizers.ByteLevel.alphabet())
    syllables = [a + b for a in CONSONANTS for b in VOWELS]
    text += [f"Ġ{one}{two}{three}" for one in syllables for two in syllables for three in syllables[:8]]
    # CTranslate2 takes a Whisper for multilingual by the empty token that stands last there.
    text = [*text[: shape.texts - 1], ""]
    space = text.index("Ġ")
    text[SPACE_PLACE], text[space] = text[space], text[SPACE_PLACE]
    tokenizer = tokenizers.Tokenizer(models.BPE({token: place for place, token in enumerate(text)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    named = ["<|endoftext|>", "<|startoftranscript|>"]
    named += [f"<|{code}|>" for code in _LANGUAGE_CODES[: shape.languages]]
    named += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    named += ["<|notimestamps|>", *(f"<|{step * 0.02:.2f}|>" for step in range(TIMES))]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in named])
    return tokenizer, [*text, *named]


class _Weights:
    """Random arrays, large enough for what is heard to decide what is written."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._random = np.random.default_rng(4)

    def array(self, *shape: int, scale: float = 1.0) -> NDArray[np.float32]:
        fan_in = int(np.prod(shape[1:]))
        return self._random.standard_normal(shape, np.float32) * np.float32(scale / fan_in**0.5)

    def linear(self, spec: Any, outputs: int, inputs: int, scale: float = 1.0) -> None:
        spec.weight = self.array(outputs, inputs, scale=scale)
        spec.bias = np.zeros(outputs, np.float32)

    def norm(self, spec: Any) -> None:
        spec.gamma, spec.beta = np.ones(self._width, np.float32), np.zeros(self._width, np.float32)

    def attention(self, spec: Any, parts: tuple[int, ...], scale: float = 1.0) -> None:
        self.norm(spec.layer_norm)
        for linear, part in zip(spec.linear, parts, strict=True):
            self.linear(linear, part * self._width, self._width, scale)

    def layer(self, spec: Any) -> None:
        self.attention(spec.self_attention, (3, 1))
        self.norm(spec.ffn.layer_norm)
        self.linear(spec.ffn.linear_0, 4 * self._width, self._width)
        self.linear(spec.ffn.linear_1, self._width, 4 * self._width)


def _fill(spec: Any, shape: Shape, tokens: int) -> None:
    width = shape.width
    weights = _Weights(width)
    for conv, inputs in ((spec.encoder.conv1, shape.mels), (spec.encoder.conv2, width)):
        conv.weight, conv.bias = weights.array(width, inputs, 3, scale=2), np.zeros(width, np.float32)
    for part, places in ((spec.encoder, 1500), (spec.decoder, 448)):
        part.position_encodings.encodings = weights.array(places, width, scale=width**0.5)
        weights.norm(part.layer_norm)
    for layer in spec.encoder.layer:
        weights.layer(layer)
    for layer in spec.decoder.layer:
        weights.layer(layer)
        weights.attention(layer.attention, (1, 2, 1), scale=3)
    spec.decoder.embeddings.weight = weights.array(tokens, width, scale=width**0.5)
    spec.decoder.projection.weight = weights.array(tokens, width, scale=16)
    spec.decoder.projection.weight[shape.texts] *= 5  # the end of a text, else none would come to one
