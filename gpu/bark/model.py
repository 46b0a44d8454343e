"""Bark's transformers: two causal ones over a static cache, and the fine one, which sees all frames.

B rows of a batch, T positions, W width, H heads, D = W / H. Weights are plain tensors in plain dataclasses:
a step is launch-bound, and a module's call for each of a hundred matrices would cost more than a fast
device's product.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 1024  # positions that the weights know, in all three models
EPSILON = 1e-5


class Affine(NamedTuple):
    """Of a linear map or a norm; most of Bark has no bias, the fine model's norms have."""

    weight: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    norm_1: Affine
    attention: Affine  # [3W, W]: queries, keys and values in one product
    projection: Affine  # [W, W]
    norm_2: Affine
    up: Affine  # [4W, W]
    down: Affine  # [W, 4W]


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values of every slot. Nothing is cleared: what a position has not yet written is masked."""

    keys: list[Tensor]  # for each layer [slots, H, length, D]
    values: list[Tensor]

    @staticmethod
    def empty(model: "Causal", slots: int, length: int = BLOCK) -> "Cache":
        width = model.places.shape[1]
        shape = slots, model.heads, length, width // model.heads
        # Zeros and not whatever memory held: a masked NaN is still NaN times zero.
        keys, values = ([model.places.new_zeros(shape) for _ in model.layers] for _ in range(2))
        return Cache(keys, values)


@dataclass(frozen=True, slots=True)
class Causal:
    """The semantic or the coarse model, its head cut to the ids that its stage can draw."""

    embedding: Tensor  # [ids in, W]
    places: Tensor  # [BLOCK, W]
    layers: list[Layer]
    last_norm: Affine
    head: Tensor  # [ids drawn, W]
    heads: int

    def prefill(self, x: Tensor, lasts: Tensor, slots: Tensor, cache: Cache) -> Tensor:
        """Embedded prompts [B, T, W] that end at lasts [B], into slots [B]; logits [B, ids] of what follows.

        What stands right of a row's end is seen by nothing; steps overwrite it before they see it.
        """
        rows, length = x.shape[:2]
        x = x + self.places[:length]
        for number, layer in enumerate(self.layers):
            queries, keys, values = _split(layer, x, self.heads)  # [B, H, T, D]
            cache.keys[number][slots, :, :length] = keys
            cache.values[number][slots, :, :length] = values
            x = x + _join(layer, F.scaled_dot_product_attention(queries, keys, values, is_causal=True))
            x = x + _widen(layer, x)
        return self._logits(x[torch.arange(rows, device=x.device), lasts])

    def decode(
        self, tokens: Tensor, positions: Tensor, slots: Tensor | slice, cache: Cache, length: int
    ) -> Tensor:
        """One token [B] at its position [B] in each slot; logits [B, ids] of what follows.

        Attention reads `length` positions of the cache, more than the greatest position. Slots in a slice are
        read where they lie, those in a tensor [B] are copied together first.
        """
        rows = (
            torch.arange(slots.start, slots.stop, device=tokens.device) if isinstance(slots, slice) else slots
        )
        seen = _mask(positions, length, self.places.dtype)
        x = (self.embedding[tokens] + self.places[positions])[:, None]  # [B, 1, W]
        for number, layer in enumerate(self.layers):
            all_keys, all_values = cache.keys[number], cache.values[number]
            queries, keys, values = _split(layer, x, self.heads)  # [B, H, 1, D]
            all_keys[rows, :, positions] = keys[:, :, 0]
            all_values[rows, :, positions] = values[:, :, 0]
            keys, values = (
                all_keys[:, :, :length][slots],
                all_values[:, :, :length][slots],
            )  # [B, H, length, D]
            x = x + _join(layer, F.scaled_dot_product_attention(queries, keys, values, attn_mask=seen))
            x = x + _widen(layer, x)
        return self._logits(x[:, 0])

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(_norm(self.last_norm, x), self.head).float()


@dataclass(frozen=True, slots=True)
class Whole:
    """The model of codebooks 2 to 7: no mask, every frame sees every other."""

    embeddings: list[Tensor]  # for each codebook [1056, W]
    places: Tensor  # [BLOCK, W]
    layers: list[Layer]
    last_norm: Affine
    heads_out: list[Tensor]  # for codebooks 1 to 7 [1024, W]: the ids of codes
    heads: int

    def logits(self, codebook: int, codes: Tensor, first: int) -> Tensor:
        """Of `codebook` at the frames from `first` on: [B, T - first, 1024], given codes [B, T, 8].

        The column that is being predicted is itself an input: 1024, or what an earlier window drew.
        """
        x = self.places[: codes.shape[1]].expand(codes.shape[0], -1, -1)
        for number in range(codebook + 1):
            x = x + self.embeddings[number][codes[..., number]]
        for layer in self.layers:
            x = x + _join(layer, F.scaled_dot_product_attention(*_split(layer, x, self.heads)))
            x = x + _widen(layer, x)
        return F.linear(_norm(self.last_norm, x[:, first:]), self.heads_out[codebook - 1]).float()


def _split(layer: Layer, x: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    rows, length, width = x.shape
    mixed = F.linear(_norm(layer.norm_1, x), *layer.attention)
    queries, keys, values = mixed.view(rows, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    return queries, keys, values


def _join(layer: Layer, heads: Tensor) -> Tensor:
    """[B, H, T, D] -> [B, T, W]"""
    return F.linear(heads.transpose(1, 2).flatten(2), *layer.projection)


def _widen(layer: Layer, x: Tensor) -> Tensor:
    return F.linear(F.gelu(F.linear(_norm(layer.norm_2, x), *layer.up)), *layer.down)


def _norm(affine: Affine, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], affine.weight, affine.bias, EPSILON)


def _mask(positions: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """What each row sees, as attention adds it: [B, 1, 1, length]."""
    hidden = torch.arange(length, device=positions.device) > positions[:, None]
    return torch.zeros_like(hidden, dtype=dtype).masked_fill_(hidden, -torch.inf)[:, None, None]
