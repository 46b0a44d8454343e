"""One step for many sentences is the step of each; noise is of its place alone."""

from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.bark import generate, noise
from gpu.bark.voices import check
from gpu.bark.weights import Bark
from tests.bark import tiny

ROWS = 8
STEPS = 40
MASK = (1 << 64) - 1


def prompts(bark: Bark) -> torch.Tensor:
    """A row for every text and voice there is, and some again: [8, 513]."""
    pairs = [(text, voice) for voice in bark.voices.offered.values() for text in tiny.TEXTS][:ROWS]
    rows = [generate.semantic_prompt(bark.ids(text), voice) for text, voice in pairs]
    return torch.stack([torch.from_numpy(row) for row in rows])


def semantic_of_each(bark: Bark, seeds: list[int], steps: int = STEPS) -> list[list[int]]:
    return [
        list(generate.semantic_tokens(bark.semantic, row.numpy(), seed, steps))
        for row, seed in zip(prompts(bark), seeds, strict=True)
    ]


def semantic_of_all(
    bark: Bark, seeds: list[int], slots: torch.Tensor, *, in_place: bool = False, length: int | None = None
) -> list[list[int]]:
    """The same in one batch; in a slice of slots or in any of them."""
    keys = torch.tensor(seeds)
    tokens = bark.semantic.prefill(prompts(bark), slots, keys)
    drawn = [tokens]
    for draw in range(1, STEPS):
        positions = torch.full((ROWS,), generate.SEMANTIC_START - 1 + draw)
        where = slice(0, ROWS) if in_place else slots
        draws = torch.full((ROWS,), draw)
        seen = length or int(positions[0]) + 1
        tokens = bark.semantic.decode_step(tokens, positions, where, keys, draws, seen)
        drawn.append(tokens)
    return torch.stack(drawn, 1).tolist()


def test_a_batch_draws_what_each_sentence_draws_alone(bark: Bark) -> None:
    seeds = list(range(ROWS))
    alone = semantic_of_each(bark, seeds)
    assert len({tuple(row) for row in alone}) == ROWS
    anywhere = torch.tensor([5, 2, 7, 0, 1, 6, 3, 4])
    assert semantic_of_all(bark, seeds, anywhere) == alone
    assert semantic_of_all(bark, seeds, torch.arange(ROWS), in_place=True) == alone


def test_what_an_earlier_sentence_left_in_a_slot_is_not_seen(bark: Bark) -> None:
    seeds = list(range(ROWS))
    alone = semantic_of_each(bark, seeds)
    for cache in bark.semantic.cache.keys, bark.semantic.cache.values:
        for layer in cache:
            layer.normal_()
    assert semantic_of_all(bark, seeds, torch.arange(ROWS), length=512) == alone


def test_coarse_sentences_at_different_places_share_a_step(bark: Bark) -> None:
    """Their prompts are of different lengths, their next tokens of different codebooks."""
    heard = list(range(300))
    windows = [generate.Windows.of(check(tiny.make_voice(100 + 20 * row), 1)) for row in range(ROWS)]
    alone = [
        list(islice(generate.coarse_tokens(bark.coarse, row, iter(heard), seed), 10))
        for seed, row in enumerate(windows)
    ]
    assert len({tuple(row) for row in alone}) == ROWS
    rows = [row.prompt(0, heard[: row.needs(0)], []) for row in windows]
    lasts = torch.tensor([len(row) - 1 for row in rows])
    assert len({len(row) for row in rows}) > 4
    padded = torch.full((ROWS, 900), 77)
    for row, prompt in enumerate(rows):
        padded[row, : len(prompt)] = torch.from_numpy(prompt)
    every = torch.arange(ROWS)
    slots = every.flip(0)
    drawn = bark.coarse.prefill(padded, lasts, slots, every, torch.zeros_like(every))
    assert drawn.tolist() == [row[0] for row in alone]

    def step(some: torch.Tensor, draws: torch.Tensor) -> None:
        fed = torch.tensor([alone[row][draw - 1] for row, draw in zip(some, draws, strict=True)])
        made = bark.coarse.decode_step(fed, lasts[some] + draws, slots[some], some, draws, 947)
        assert made.tolist() == [alone[row][draw] for row, draw in zip(some, draws, strict=True)]

    for ahead in range(1, ROWS):  # row n gets n steps
        step(every[ahead:], torch.full((ROWS - ahead,), ahead))
    step(every, every + 1)


def test_bits_are_splitmix64s() -> None:
    """Its published first three for the seed 1234567."""
    states = [(1234567 + n * (noise.GAMMA & MASK)) & MASK for n in (1, 2, 3)]
    signed = torch.tensor([state - (1 << 64) if state >> 63 else state for state in states])
    bits = [value & MASK for value in noise.mix(signed).tolist()]
    assert bits == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 2), st.lists(st.integers(0, 2000), min_size=1, max_size=5))
def test_noise_is_of_its_place_whatever_is_drawn_beside_it(seed: int, stage: int, places: list[int]) -> None:
    together = noise.exponential(torch.full((len(places),), seed), stage, torch.tensor(places), 50)
    for place, row in zip(places, together, strict=True):
        assert torch.equal(noise.exponential(torch.tensor(seed), stage, torch.tensor(place), 50), row)


def test_noise_differs_with_everything_it_is_keyed_by() -> None:
    def made(seed: int, stage: int, place: int, codebook: int) -> tuple[float, ...]:
        return tuple(noise.exponential(torch.tensor(seed), stage, torch.tensor(place), 4, codebook).tolist())

    keys = [
        (seed, stage, place, book)
        for seed in (0, 1)
        for stage in range(3)
        for place in (0, 1)
        for book in (2, 3)
    ]
    assert len({made(*key) for key in keys}) == len(keys)


def test_noise_is_exponential_and_draws_by_probability() -> None:
    places = torch.arange(20_000)
    made = noise.exponential(torch.zeros_like(places), noise.SEMANTIC, places, 4)
    assert made.min() > 0
    assert made.mean().item() == pytest.approx(1, abs=0.02)
    assert made.var().item() == pytest.approx(1, abs=0.05)
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    drawn = noise.draw(probabilities.expand(20_000, 4), made).bincount(minlength=4) / 20_000
    assert torch.allclose(drawn, probabilities, atol=0.015)
