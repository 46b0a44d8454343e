"""Our steps draw what the original's functions draw."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from gpu.bark import generate, voices
from gpu.bark.weights import Bark
from tests.bark import reference, tiny

pytestmark = pytest.mark.usefixtures("original")

LENGTHS = 100, 158, 210, 300, 700  # shorter than is offered, too: the windows' arithmetic is the same
FRAMES = 225


def voice(length: int) -> tuple[voices.Voice, dict[str, np.ndarray]]:
    parts = tiny.make_voice(length)
    return voices.check(parts, least_semantic=1), parts


def semantic(bark: Bark, text: str, ours: voices.Voice, seed: int, most: int = 768) -> list[int]:
    prompt = generate.semantic_prompt(bark.ids(text), ours)
    return list(generate.semantic_tokens(bark.semantic, prompt, seed, most))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("text", tiny.TEXTS)
def test_semantic_tokens_are_the_originals(bark: Bark, text: str, length: int) -> None:
    ours, theirs = voice(length)
    drawn = semantic(bark, text, ours, seed=7, most=150)
    # One token past the duration is kept, as the original counts.
    assert drawn == reference.semantic(text, theirs, seed=7, max_gen_duration_s=149.5 / 49.9)
    assert len(drawn) == 150


def test_a_sentence_may_be_as_long_as_the_positions_reach(bark: Bark) -> None:
    ours, theirs = voice(300)
    assert semantic(bark, tiny.TEXTS[0], ours, seed=1) == reference.semantic(tiny.TEXTS[0], theirs, seed=1)


def test_a_sentence_ends_where_the_originals_ends(bark: Bark) -> None:
    """Where its end is drawn, and where it is likely and something else is drawn."""
    ours, theirs = voice(300)
    head = bark.semantic.model.head.clone()
    head[generate.END] *= 3  # random weights hardly ever end
    ending = replace(bark, semantic=replace(bark.semantic, model=replace(bark.semantic.model, head=head)))
    only_drawn = 0
    with reference.ending(3):
        for seed in range(4):
            expected = reference.semantic(tiny.TEXTS[0], theirs, seed)
            assert semantic(ending, tiny.TEXTS[0], ours, seed) == expected
            assert len(expected) < 768
            only_drawn += reference.semantic(tiny.TEXTS[0], theirs, seed, min_eos_p=None) == expected
    assert 0 < only_drawn < 4


def test_a_text_is_read_as_the_original_reads_it_and_cut_where_it_cuts(bark: Bark) -> None:
    ours, theirs = voice(210)
    text = "  What\tdid you \n\n do? " * 60
    assert len(bark.ids(text)) > 256
    drawn = semantic(bark, text, ours, seed=3, most=40)
    assert drawn == reference.semantic(text, theirs, seed=3, max_gen_duration_s=39.5 / 49.9)


@pytest.mark.parametrize("length", LENGTHS)
def test_coarse_tokens_are_the_originals(bark: Bark, length: int) -> None:
    ours, theirs = voice(length)
    heard = semantic(bark, tiny.TEXTS[1], ours, seed=7, most=150)
    said = list(generate.coarse_tokens(bark.coarse, generate.Windows.of(ours), iter(heard), seed=7))
    assert len(said) == 450
    assert np.array_equal(generate.codes_of(said), reference.coarse(heard, theirs, seed=7))


def test_a_voice_with_sound_to_spare_gives_an_even_number_of_semantic_tokens(bark: Bark) -> None:
    """As the original takes them; where its sound is no longer than its tokens, that is so anyway."""
    _, theirs = voice(110)
    theirs["semantic_prompt"] = theirs["semantic_prompt"][-107:]
    ours = voices.check(theirs, least_semantic=1)
    heard = list(range(60))
    said = list(generate.coarse_tokens(bark.coarse, generate.Windows.of(ours), iter(heard), seed=3))
    assert np.array_equal(generate.codes_of(said), reference.coarse(heard, theirs, seed=3))


@pytest.mark.parametrize("count", [1, 2, 19, 20, 47, 48, 67, 149, 400])
def test_sentences_of_any_length_end_where_the_originals_end(bark: Bark, count: int) -> None:
    ours, theirs = voice(300)
    heard = np.random.default_rng(count).integers(0, 10_000, count).tolist()
    said = list(generate.coarse_tokens(bark.coarse, generate.Windows.of(ours), iter(heard), seed=2))
    assert np.array_equal(generate.codes_of(said), reference.coarse(heard, theirs, seed=2))


def test_the_first_sound_needs_47_semantic_tokens_of_a_long_enough_voice(bark: Bark) -> None:
    ours, _ = voice(210)
    asked = 0

    def counted():
        nonlocal asked
        while True:
            asked += 1
            yield asked

    said = generate.coarse_tokens(bark.coarse, generate.Windows.of(ours), counted(), seed=0)
    first = list(islice(said, 60))
    assert (len(first), asked) == (60, 47)
    next(said)
    assert asked == 67


@pytest.mark.parametrize("length", [158, 300, 700])
def test_fine_codes_are_the_originals_of_any_prefix_and_of_the_whole(bark: Bark, length: int) -> None:
    ours, theirs = voice(length)
    coarse = np.random.default_rng(0).integers(0, 1024, (2, FRAMES))
    for frames in 7, 22, 112, FRAMES:
        drawn = bark.fine.complete(torch.from_numpy(coarse[:, :frames]), ours, seed=11)
        assert np.array_equal(drawn.numpy(), reference.fine(coarse[:, :frames], theirs, seed=11))


@pytest.mark.parametrize("frames", [511, 512, 513, 750, 1100])
def test_long_sentences_are_completed_in_the_originals_windows(bark: Bark, frames: int) -> None:
    ours, theirs = voice(400)
    coarse = np.random.default_rng(1).integers(0, 1024, (2, frames))
    drawn = bark.fine.complete(torch.from_numpy(coarse), ours, seed=5)
    assert np.array_equal(drawn.numpy(), reference.fine(coarse, theirs, seed=5))
