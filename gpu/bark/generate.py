"""Bark's three stages as the original runs them, cut into the steps that many sentences share.

Semantic tokens (49.9 a second) say what is heard, coarse tokens (75 frames a second, codebooks 0 and 1 in
turn) and fine codes (codebooks 2 to 7) how. B is the rows of a batch. A step leaves its draw on the device:
nothing in it waits for the device, so it can be captured as a CUDA graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor

from gpu.bark import noise
from gpu.bark.model import BLOCK, Cache, Causal, Whole
from gpu.bark.voices import Voice

TEXT_LENGTH = 256
TEXT_OFFSET = 10_048
TEXT_PAD = 129_595
SEMANTIC_PAD = 10_000  # as an input the voice's padding, as a draw the end
END = 10_000
SEMANTIC_INFER = 129_599
SEMANTIC_START = 257  # the position of the first new token: text and voice are added, then the infer token
MOST_SEMANTIC = 768
LEAST_END = 0.2  # the sentence ends where its end is this likely, drawn or not

CODES = 1024
COARSE_OFFSET = 10_000
COARSE_SEMANTIC_PAD = 12_048
COARSE_INFER = 12_050
COARSE_PER_SEMANTIC = 75 / 49.9 * 2
COARSE_HISTORY = 630  # tokens of sound that a window sees
SEMANTIC_HISTORY = int(COARSE_HISTORY / COARSE_PER_SEMANTIC)  # 209
WINDOW = 60  # tokens from one prompt: 30 frames, 0.4 s

CODEBOOKS = 8
FINE_HISTORY = 512
FINE_STEP = 512  # frames from window to window of a long sentence

TEMPERATURE = 0.7
FINE_TEMPERATURE = 0.5


@dataclass(frozen=True, slots=True)
class Semantic:
    model: Causal
    cache: Cache

    def prefill(self, prompts: Tensor, slots: Tensor, seeds: Tensor) -> Tensor:
        """Prompts [B, 513] into slots [B]; the first token [B], or END."""
        text, voice, infer = prompts.split([TEXT_LENGTH, TEXT_LENGTH, 1], dim=1)
        embedding = self.model.embedding
        x = torch.cat([embedding[text] + embedding[voice], embedding[infer]], dim=1)
        lasts = torch.full_like(slots, SEMANTIC_START - 1)
        logits = self.model.prefill(x, lasts, slots, self.cache)
        return self._draw(logits, seeds, torch.zeros_like(seeds))

    def decode_step(
        self,
        tokens: Tensor,
        positions: Tensor,
        slots: Tensor | slice,
        seeds: Tensor,
        draws: Tensor,
        length: int,
    ) -> Tensor:
        """The draws-th token [B] of each sentence, or END, given the one before it; all arguments int64 [B].

        `length` positions of the cache are read: more than the greatest of `positions`, which is draws + 256.
        """
        return self._draw(self.model.decode(tokens, positions, slots, self.cache, length), seeds, draws)

    def _draw(self, logits: Tensor, seeds: Tensor, draws: Tensor) -> Tensor:
        probabilities = torch.softmax(logits / TEMPERATURE, dim=-1)  # [B, 10001]
        drawn = noise.draw(probabilities, noise.exponential(seeds, noise.SEMANTIC, draws, END + 1))
        return torch.where(probabilities[:, END] >= LEAST_END, END, drawn)


@dataclass(frozen=True, slots=True)
class Coarse:
    model: Causal
    cache: Cache

    def prefill(self, prompts: Tensor, lasts: Tensor, slots: Tensor, seeds: Tensor, draws: Tensor) -> Tensor:
        """Prompts [B, T], each ending at lasts [B] and padded from there with any id; the draws-th tokens."""
        logits = self.model.prefill(self.model.embedding[prompts], lasts, slots, self.cache)
        return self._draw(logits, seeds, draws)

    def decode_step(
        self,
        tokens: Tensor,
        positions: Tensor,
        slots: Tensor | slice,
        seeds: Tensor,
        draws: Tensor,
        length: int,
    ) -> Tensor:
        """The draws-th token [B] of each sentence, counted through all windows; otherwise as in Semantic.

        Positions begin anew in every window: the first token it drew stands where its prompt ended.
        """
        return self._draw(self.model.decode(tokens, positions, slots, self.cache, length), seeds, draws)

    def _draw(self, logits: Tensor, seeds: Tensor, draws: Tensor) -> Tensor:
        codebook = draws % 2
        both = logits.view(-1, 2, CODES)
        logits = both.gather(1, codebook[:, None, None].expand(-1, 1, CODES))[:, 0]  # [B, 1024]
        probabilities = torch.softmax(logits / TEMPERATURE, dim=-1)
        drawn = noise.draw(probabilities, noise.exponential(seeds, noise.COARSE, draws, CODES))
        return COARSE_OFFSET + codebook * CODES + drawn


@dataclass(frozen=True, slots=True)
class Fine:
    model: Whole

    def complete(self, coarse: Tensor, voice: Voice, seed: int) -> Tensor:
        """Coarse codes [2, T] -> all codes [8, T], as the original on the same T.

        Called again with more of the sentence it draws other codes, of the same noise, for the frames it had:
        each frame sees all others. What was played of a shorter prefix stays, what follows is the longer's.
        """
        history = torch.from_numpy(voice.fine[:, -FINE_HISTORY:]).to(coarse.device)
        given, frames = history.shape[1], coarse.shape[1]
        length = max(given + frames, BLOCK)
        codes = torch.full((1, length, CODEBOOKS), CODES, device=coarse.device)
        codes[0, :given] = history.T
        codes[0, given : given + frames, :2] = coarse.T
        for start, fill in fine_windows(given, frames):
            self._complete_window(codes[:, start : start + BLOCK], fill - start, fill - given, seed)
        return codes[0, given : given + frames].T

    def _complete_window(self, codes: Tensor, first: int, frame: int, seed: int) -> None:
        """Draws codebooks 2 to 7 of codes [1, 1024, 8] in place, from row `first`, which is `frame`, on."""
        frames = torch.arange(frame, frame + BLOCK - first, device=codes.device)
        seeds = torch.full_like(frames, seed)
        for codebook in range(2, CODEBOOKS):
            logits = self.model.logits(codebook, codes, first)[0]  # [1024 - first, 1024]
            probabilities = torch.softmax(logits / FINE_TEMPERATURE, dim=-1)
            drawn = noise.exponential(seeds, noise.FINE, frames, CODES, codebook)
            codes[0, first:, codebook] = noise.draw(probabilities, drawn)


def fine_windows(given: int, frames: int) -> list[tuple[int, int]]:
    """Where each window of 1024 rows starts and from which row it draws; `given` rows are the voice's."""
    length = max(given + frames, BLOCK)
    count = max(0, -(-(frames - (BLOCK - given)) // FINE_STEP)) + 1
    return [
        (min(FINE_STEP * n, length - BLOCK), min(given + FINE_STEP * n, length - FINE_STEP))
        for n in range(count)
    ]


def semantic_prompt(text_ids: list[int], voice: Voice) -> np.ndarray:
    """int64 [513] of a text's ids, which are cut at 256, the end of the voice, and the infer token."""
    text = np.array(text_ids[:TEXT_LENGTH], np.int64) + TEXT_OFFSET
    history = voice.semantic[-TEXT_LENGTH:]
    return np.concatenate(
        [_pad(text, TEXT_LENGTH, TEXT_PAD), _pad(history, TEXT_LENGTH, SEMANTIC_PAD), [SEMANTIC_INFER]]
    )


def coarse_length(semantic: int) -> int:
    """How many coarse tokens a sentence of so many semantic tokens has: two a frame."""
    return 2 * int(semantic * COARSE_PER_SEMANTIC / 2)


@dataclass(frozen=True, slots=True)
class Windows:
    """What each coarse window of a voice's sentence is prompted with, and when that is known."""

    semantic: np.ndarray  # the voice's end [n <= 209]
    coarse: np.ndarray  # and the ids [m] of the sound that belongs to it

    @staticmethod
    def of(voice: Voice) -> "Windows":
        ids = (voice.coarse + np.array([[0], [CODES]]) + COARSE_OFFSET).ravel("F")  # codebooks in turn
        tokens = voice.semantic.size
        semantic = min(SEMANTIC_HISTORY, tokens - tokens % 2, int(ids.size / COARSE_PER_SEMANTIC))
        coarse = round(semantic * COARSE_PER_SEMANTIC)
        # The original leaves the last frame out: the two are better aligned so.
        return Windows(voice.semantic[-semantic:], ids[-coarse:][:-2])

    def needs(self, window: int) -> int:
        """New semantic tokens before the window can start, unless the sentence has ended."""
        return self._first(window) + TEXT_LENGTH - self.semantic.size

    def prompt(self, window: int, semantic: list[int], coarse: list[int]) -> np.ndarray:
        """int64 [T], given the sentence's tokens so far: at most 887, and 60 are drawn from there."""
        first = self._first(window)
        seen = np.concatenate([self.semantic, np.array(semantic, np.int64)])[first : first + TEXT_LENGTH]
        # The sound so far; only its end is looked at, whatever the length of the sentence.
        heard = np.concatenate([self.coarse, np.array(coarse, np.int64)])[-COARSE_HISTORY:]
        return np.concatenate([_pad(seen, TEXT_LENGTH, COARSE_SEMANTIC_PAD), [COARSE_INFER], heard])

    def _first(self, window: int) -> int:
        """Of the voice's and the sentence's semantic tokens, the first that the window sees."""
        # The quotient is rounded anew each time, half to even: it is 20 tokens a window, and now and then 19.
        at = self.semantic.size + round(WINDOW * window / COARSE_PER_SEMANTIC)
        return max(0, at - SEMANTIC_HISTORY)


def semantic_tokens(
    stage: Semantic, prompt: np.ndarray, seed: int, most: int = MOST_SEMANTIC, slot: int = 0
) -> Iterator[int]:
    """One sentence's semantic tokens, each when it is asked for."""
    device = stage.model.places.device
    slots, seeds = _one(slot, device), _one(seed, device)
    token = stage.prefill(torch.from_numpy(prompt).to(device)[None], slots, seeds)
    for draw in range(1, most + 1):
        if (drawn := int(token)) == END:
            return
        yield drawn
        if draw < most:
            at = SEMANTIC_START - 1 + draw
            here = slice(slot, slot + 1)
            token = stage.decode_step(token, _one(at, device), here, seeds, _one(draw, device), at + 1)


def coarse_tokens(
    stage: Coarse, windows: Windows, semantic: Iterator[int], seed: int, slot: int = 0
) -> Iterator[int]:
    """One sentence's coarse tokens as ids; a window begins as soon as the semantic tokens it needs exist."""
    device = stage.model.places.device
    slots, seeds = _one(slot, device), _one(seed, device)
    heard: list[int] = []
    said: list[int] = []
    for window in count():
        first = WINDOW * window
        heard += islice(semantic, max(0, windows.needs(window) - len(heard)))
        # A window whose semantic tokens are all there is whole; only the sentence's end cuts one short.
        end = min(first + WINDOW, coarse_length(len(heard)))
        if end <= first:
            return
        prompt = torch.from_numpy(windows.prompt(window, heard, said)).to(device)
        at = len(prompt) - 1
        token = stage.prefill(prompt[None], _one(at, device), slots, seeds, _one(first, device))
        said.append(int(token))
        yield said[-1]
        for draw in range(first + 1, end):
            at += 1
            here = slice(slot, slot + 1)
            token = stage.decode_step(token, _one(at, device), here, seeds, _one(draw, device), at + 1)
            said.append(int(token))
            yield said[-1]


def codes_of(coarse: list[int]) -> np.ndarray:
    """Whole frames of coarse tokens -> codes [2, T]."""
    frames = np.array(coarse[: len(coarse) // 2 * 2], np.int64).reshape(-1, 2).T
    return frames - COARSE_OFFSET - np.array([[0], [CODES]])


def _pad(ids: np.ndarray, length: int, value: int) -> np.ndarray:
    return np.pad(ids, (0, length - ids.size), constant_values=value)


def _one(value: int, device: torch.device) -> Tensor:
    return torch.tensor([value], device=device)
