"""Many sentences through one Bark: each step of a stage takes along all sentences that want it.

A sentence joins when a slot is free and leaves when it is said or given up. Its coarse tokens go first as
soon as a window can start, its semantic tokens when it needs more of them or when others' are drawn anyway.
Prefills and the fine model take much longer than a step, so at most one of them comes between two steps.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch
from torch import Tensor

from gpu.bark.codec import Stream
from gpu.bark.generate import (
    COARSE_INFER,
    END,
    SEMANTIC_START,
    WINDOW,
    Windows,
    coarse_length,
    codes_of,
    semantic_prompt,
)
from gpu.bark.request import Request
from gpu.bark.schedule import FRAMES_PER_S, Schedule, next_piece
from gpu.bark.voices import Voice
from gpu.bark.weights import Bark

Steps = Callable[[str, Tensor, Tensor, list[int], Tensor, Tensor, int], Tensor]


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound of a sentence: float32 [n] at 24 kHz; `last`: there is no more."""

    sentence: int
    samples: np.ndarray
    last: bool = False


@dataclass(eq=False, slots=True)
class Sentence:
    """One that is being said. Positions are those of the token drawn last, in its stage's cache."""

    number: int
    request: Request
    voice: Voice
    windows: Windows
    prompt: np.ndarray
    schedule: Schedule
    slot: int = -1
    heard: list[int] = field(default_factory=list[int])  # semantic tokens
    ended: bool = False  # there are no more of them
    said: list[int] = field(default_factory=list[int])  # coarse tokens
    until: int = 0  # coarse tokens of the windows that were begun
    position: int = 0  # of the coarse token drawn last
    stream: Stream = field(default_factory=Stream)
    pushed: int = 0  # frames that are sound
    pieces: list[np.ndarray] = field(default_factory=list[np.ndarray])  # held, or all that were made
    sounded: bool = False
    passes: Counter[str] = field(default_factory=Counter[str])
    semantic_at_first: int = 0

    @property
    def due_at(self) -> float:
        """When what comes next of it must play by: sound that has left is still being heard."""
        return self.request.due_at + (self.pushed / FRAMES_PER_S if self.sounded else 0)

    @property
    def whole(self) -> bool:
        """All of its coarse tokens are drawn."""
        return self.ended and len(self.said) == coarse_length(len(self.heard))

    @property
    def window(self) -> int:
        """The one to begin next."""
        return self.until // WINDOW

    @property
    def begins_a_window(self) -> bool:
        if len(self.said) < self.until or self.whole:
            return False
        return self.ended or len(self.heard) >= self.windows.needs(self.window)

    @property
    def draws_coarse(self) -> bool:
        return len(self.said) < self.until

    @property
    def draws_semantic(self) -> bool:
        return bool(self.heard) and not self.ended

    @property
    def needs_semantic(self) -> bool:
        """Nothing else of it can go on."""
        return self.draws_semantic and not self.draws_coarse and not self.begins_a_window

    def frames_due(self) -> int:
        """Of the next piece, 0 where none can be made."""
        drawn = len(self.said) // 2
        if self.request.mode == "exact":
            return drawn - self.pushed if self.whole else 0
        return next_piece(self.schedule, len(self.pieces), self.pushed, drawn, whole=self.whole)

    def hear(self, token: int) -> None:
        if token == END:
            self.ended = True
            return
        self.heard.append(token)
        self.ended = len(self.heard) >= self.request.most_semantic

    def report(self) -> dict[str, object]:
        first = {"semantic_drawn": self.semantic_at_first, "semantic_total": len(self.heard)}
        return {"passes": dict(self.passes), "first_audio": first}


class Engine:
    """`step` does one pass of one stage. `steps`: how a decode step is carried out, see graphs.py."""

    def __init__(self, bark: Bark, slots: int, steps: Steps | None = None) -> None:
        self.bark = bark
        self.passes = Counter[str]()
        self.steps = 0
        self._device = bark.semantic.model.places.device
        self._steps = steps or self._eagerly
        self._free = list(range(slots))
        self._waiting: list[Sentence] = []
        self.active: list[Sentence] = []
        self._numbers = count(1)
        self.heavy = False  # the last pass was a prefill or the fine model's
        self._stage = "coarse"  # of the last step: two stages that are wanted take turns

    @property
    def idle(self) -> bool:
        return not self.active and not self._waiting

    @property
    def company(self) -> int:
        """How many are spoken at once when the next one is."""
        slots = len(self.active) + len(self._free)
        return min(slots, len(self.active) + len(self._waiting) + 1)

    @property
    def slots_in_use(self) -> int:
        return len(self.active)

    def submit(self, request: Request, schedule: Schedule | None = None) -> Sentence:
        """Raises BadVoice."""
        voice = self.bark.voices[request.voice]
        prompt = semantic_prompt(self.bark.ids(request.text), voice)
        windows = Windows.of(voice)
        sentence = Sentence(next(self._numbers), request, voice, windows, prompt, schedule or Schedule())
        self._waiting.append(sentence)
        return sentence

    def cancel(self, sentence: Sentence) -> None:
        """Its slot is free for the next step."""
        if sentence in self._waiting:
            self._waiting.remove(sentence)
        if sentence in self.active:
            self._leave(sentence)

    @torch.inference_mode()
    def step(self) -> list[Piece]:
        """One pass; the sound that came of it."""
        pieces = self._pass()
        self.steps += 1
        return pieces

    # what comes next

    def _pass(self) -> list[Piece]:
        self._join()
        heavy = self._due()
        light = self._wanted()
        if heavy and (not self.heavy or not light):
            self.heavy = True
            return heavy()
        self.heavy = False
        if light:
            self._decode(*light)
        return []

    def _join(self) -> None:
        self._waiting.sort(key=_urgency)
        while self._free and self._waiting:
            sentence = self._waiting.pop(0)
            sentence.slot = self._free.pop()
            self.active.append(sentence)

    def _leave(self, sentence: Sentence) -> None:
        self.active.remove(sentence)
        self._free.append(sentence.slot)

    def _due(self) -> Callable[[], list[Piece]] | None:
        """The most urgent sentence's sound, or prompts: all that are due go together."""
        active = sorted(self.active, key=_urgency)
        for sentence in active:
            if sentence.whole or sentence.frames_due():
                return lambda: self._sound(sentence)
            if sentence.begins_a_window:
                return lambda: self._prefill_coarse([one for one in active if one.begins_a_window])
            if not sentence.heard and not sentence.ended:
                return lambda: self._prefill_semantic([one for one in active if not one.heard])
        return None

    def _wanted(self) -> tuple[str, list[Sentence]] | None:
        coarse = [one for one in self.active if one.draws_coarse]
        semantic = [one for one in self.active if one.needs_semantic]
        if not coarse and not semantic:
            return None
        if semantic and (not coarse or self._stage == "coarse"):
            # Others' tokens come along: they will be needed, and a row more costs little.
            along = [one for one in self.active if one.draws_semantic and one.sounded]
            return "semantic", semantic + [one for one in along if one not in semantic]
        return "coarse", coarse

    # passes

    def _prefill_semantic(self, sentences: list[Sentence]) -> list[Piece]:
        prompts = torch.from_numpy(np.stack([one.prompt for one in sentences])).to(self._device)
        tokens = self.bark.semantic.prefill(prompts, self._slots(sentences), self._seeds(sentences))
        self._count("semantic", sentences)
        for one, token in zip(sentences, tokens.tolist(), strict=True):
            one.hear(token)
        return [self._end(one) for one in sentences if one.ended and not one.heard]

    def _prefill_coarse(self, sentences: list[Sentence]) -> list[Piece]:
        prompts = [self._window(one) for one in sentences]
        longest = max(len(prompt) for prompt in prompts)
        rows = np.stack(
            [np.pad(row, (0, longest - len(row)), constant_values=COARSE_INFER) for row in prompts]
        )
        lasts = [len(prompt) - 1 for prompt in prompts]
        draws = self._tensor([len(one.said) for one in sentences])
        slots, seeds = self._slots(sentences), self._seeds(sentences)
        ids = torch.from_numpy(rows).to(self._device)
        tokens = self.bark.coarse.prefill(ids, self._tensor(lasts), slots, seeds, draws)
        self._count("coarse", sentences)
        for one, token, last in zip(sentences, tokens.tolist(), lasts, strict=True):
            one.until = min(one.until + WINDOW, coarse_length(len(self._known(one))))
            one.position = last
            one.said.append(token)
        return []

    def _known(self, sentence: Sentence) -> list[int]:
        """What the window that begins may see: the original's has no more, though more may be drawn."""
        return sentence.heard if sentence.ended else sentence.heard[: sentence.windows.needs(sentence.window)]

    def _window(self, sentence: Sentence) -> np.ndarray:
        return sentence.windows.prompt(sentence.window, self._known(sentence), sentence.said)

    def _decode(self, stage: str, sentences: list[Sentence]) -> None:
        if stage == "semantic":
            last = [one.heard[-1] for one in sentences]
            draws = [len(one.heard) for one in sentences]
            positions = [SEMANTIC_START - 1 + draw for draw in draws]
        else:
            last = [one.said[-1] for one in sentences]
            draws = [len(one.said) for one in sentences]
            positions = [one.position + 1 for one in sentences]
        tokens = self._steps(
            stage,
            self._tensor(last),
            self._tensor(positions),
            [one.slot for one in sentences],
            self._seeds(sentences),
            self._tensor(draws),
            max(positions) + 1,
        )
        self._stage = stage
        self._count(stage, sentences)
        for one, token in zip(sentences, tokens.tolist(), strict=True):
            if stage == "semantic":
                one.hear(token)
            else:
                one.position += 1
                one.said.append(token)

    def _eagerly(
        self,
        stage: str,
        tokens: Tensor,
        positions: Tensor,
        slots: list[int],
        seeds: Tensor,
        draws: Tensor,
        length: int,
    ) -> Tensor:
        step = self.bark.semantic.decode_step if stage == "semantic" else self.bark.coarse.decode_step
        return step(tokens, positions, self._rows(slots), seeds, draws, length)

    def _rows(self, slots: list[int]) -> Tensor | slice:
        """Neighbours are read where they lie."""
        first = slots[0]
        if slots == list(range(first, first + len(slots))):
            return slice(first, first + len(slots))
        return self._tensor(slots)

    def _sound(self, sentence: Sentence) -> list[Piece]:
        size = sentence.frames_due()
        if not size:
            return [self._end(sentence)]
        # Not more than that, though more may be drawn: how much would depend on who else is spoken.
        coarse = torch.from_numpy(codes_of(sentence.said)[:, : sentence.pushed + size]).to(self._device)
        codes = self.bark.fine.complete(coarse, sentence.voice, sentence.request.seed)
        self._count("fine", [sentence])
        fresh = codes[:, sentence.pushed : sentence.pushed + size]
        samples = self.bark.codec.decode(fresh, sentence.stream).float().cpu().numpy()
        self._count("codec", [sentence])
        sentence.pushed += size
        sentence.pieces.append(samples)
        return self._released(sentence, samples)

    def _released(self, sentence: Sentence, samples: np.ndarray) -> list[Piece]:
        """The first pieces wait for each other, as the schedule says."""
        over = sentence.whole and sentence.pushed == len(sentence.said) // 2
        if not sentence.sounded:
            if len(sentence.pieces) < sentence.schedule.held and not over:
                return []
            sentence.sounded = True
            sentence.semantic_at_first = len(sentence.heard)
            samples = np.concatenate(sentence.pieces)
        if over:
            self._leave(sentence)
        return [Piece(sentence.number, samples, last=over)]

    def _end(self, sentence: Sentence) -> Piece:
        """It was all said before, or nothing was."""
        self._leave(sentence)
        return Piece(sentence.number, np.zeros(0, np.float32), last=True)

    def _count(self, stage: str, sentences: list[Sentence]) -> None:
        self.passes[stage] += 1
        for one in sentences:
            one.passes[stage] += 1

    def _slots(self, sentences: list[Sentence]) -> Tensor:
        return self._tensor([one.slot for one in sentences])

    def _seeds(self, sentences: list[Sentence]) -> Tensor:
        return self._tensor([one.request.seed for one in sentences])

    def _tensor(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, device=self._device)


def _urgency(sentence: Sentence) -> tuple[float, int]:
    return sentence.due_at, sentence.number
