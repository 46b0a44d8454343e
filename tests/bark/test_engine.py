"""Many sentences in one engine: each as if alone, the first sound early, a slot free once it is left."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gpu.bark.codec import Stream
from gpu.bark.engine import Engine, Sentence
from gpu.bark.generate import Windows, coarse_tokens, codes_of, semantic_prompt, semantic_tokens
from gpu.bark.request import Request
from gpu.bark.schedule import Schedule
from gpu.bark.weights import Bark
from tests.bark.tiny import TEXTS

THREE_SECONDS = 150


def request(bark: Bark, number: int = 0, tokens: int = THREE_SECONDS) -> Request:
    voices = sorted(bark.voices.offered)
    text = TEXTS[number % len(TEXTS)]
    return Request(text, voices[number % len(voices)], seed=number, most_semantic=tokens)


def alone(bark: Bark, asked: Request) -> tuple[list[int], list[int]]:
    """Its tokens by the loops that are compared with the original."""
    voice = bark.voices[asked.voice]
    prompt = semantic_prompt(bark.ids(asked.text), voice)
    heard = list(semantic_tokens(bark.semantic, prompt, asked.seed, asked.most_semantic))
    return heard, list(coarse_tokens(bark.coarse, Windows.of(voice), iter(heard), asked.seed))


def run(engine: Engine) -> dict[int, list[np.ndarray]]:
    sounds: dict[int, list[np.ndarray]] = {}
    while not engine.idle:
        for piece in engine.step():
            sounds.setdefault(piece.sentence, []).append(piece.samples)
    return sounds


def until_sound(engine: Engine) -> None:
    while not engine.step():
        pass


@pytest.mark.parametrize("count", [1, 3, 8])
def test_each_sentence_draws_what_it_draws_alone(bark: Bark, count: int) -> None:
    engine = Engine(bark, slots=8)
    asked = [request(bark, number, tokens=60 + 10 * number) for number in range(count)]
    spoken = [engine.submit(one) for one in asked]
    run(engine)
    assert [(one.heard, one.said) for one in spoken] == [alone(bark, one) for one in asked]
    assert len({tuple(one.said) for one in spoken}) == count


def test_joining_leaving_and_being_given_up_changes_nothing_for_the_others(bark: Bark) -> None:
    engine = Engine(bark, slots=3)
    asked = [request(bark, number, tokens=70) for number in range(5)]
    spoken: list[Sentence] = []
    for one in asked:  # the last two wait for a slot
        spoken.append(engine.submit(one))
        for _ in range(25):
            engine.step()
    engine.cancel(spoken[1])
    run(engine)
    for one, sentence in zip(asked, spoken, strict=True):
        if sentence is not spoken[1]:
            assert (sentence.heard, sentence.said) == alone(bark, one)


def test_the_sound_does_not_depend_on_who_else_is_spoken(bark: Bark) -> None:
    asked = request(bark, 2, tokens=90)
    single = Engine(bark, slots=1)
    first = single.submit(asked)
    [by_itself] = run(single).values()
    crowd = Engine(bark, slots=4)
    others = [crowd.submit(request(bark, number, tokens=90)) for number in (0, 1, 3)]
    second = crowd.submit(asked)
    among_others = run(crowd)[second.number]
    assert len(others) == 3
    assert first.said == second.said
    np.testing.assert_allclose(np.concatenate(among_others), np.concatenate(by_itself), atol=1e-5)


def test_the_first_sound_comes_after_61_passes(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    sentence = engine.submit(request(bark))
    until_sound(engine)
    assert engine.passes == {"semantic": 47, "coarse": 14, "fine": 1, "codec": 1}
    assert sentence.pushed == 7
    run(engine)
    assert sentence.report()["first_audio"] == {"semantic_drawn": 47, "semantic_total": THREE_SECONDS}


def test_a_sentence_is_pushed_once_and_to_its_end(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    sentence = engine.submit(request(bark))
    [pieces] = run(engine).values()
    assert sum(map(len, pieces)) == len(sentence.said) // 2 * 320
    assert [len(piece) // 320 for piece in pieces] == [7, 15, 30, 60, 113]


@pytest.mark.parametrize(("number", "tokens"), [(0, THREE_SECONDS), (2, 400)])
def test_each_piece_is_its_end_of_what_the_original_makes_of_the_sentence_so_far(
    bark: Bark, number: int, tokens: int
) -> None:
    """The voice stays where it is and all coarse codes are seen again: no piece is the next one's history."""
    asked = request(bark, number, tokens)
    engine = Engine(bark, slots=2)
    sentence = engine.submit(asked)
    engine.submit(request(bark, 1, tokens=60))
    pieces = run(engine)[sentence.number]
    coarse = torch.from_numpy(codes_of(sentence.said))
    stream, pushed = Stream(), 0
    for piece in pieces:
        begins, pushed = pushed, pushed + len(piece) // 320
        codes = bark.fine.complete(coarse[:, :pushed], bark.voices[asked.voice], asked.seed)
        made = bark.codec.decode(codes[:, begins:], stream)
        np.testing.assert_allclose(piece, made.numpy(), atol=1e-5)
    assert len(pieces) >= 5
    assert pushed == coarse.shape[1]


def test_exact_sound_is_the_codecs_of_the_whole(bark: Bark) -> None:
    asked = replace(request(bark, 1), mode="exact")
    engine = Engine(bark, slots=2)
    sentence = engine.submit(asked)
    engine.submit(request(bark, 2, tokens=60))
    pieces = run(engine)[sentence.number]
    codes = bark.fine.complete(torch.from_numpy(codes_of(sentence.said)), sentence.voice, asked.seed)
    assert len(pieces) == 1
    np.testing.assert_allclose(pieces[0], bark.codec.decode(codes, Stream()).numpy(), atol=1e-5)


def test_who_is_given_up_leaves_the_slot_before_the_next_step(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    first = engine.submit(request(bark, 0))
    second = engine.submit(request(bark, 1, tokens=60))
    until_sound(engine)
    assert not second.heard
    engine.cancel(first)
    drawn = len(first.said)
    engine.step()
    assert second.heard
    assert len(first.said) == drawn
    run(engine)
    assert (second.heard, second.said) == alone(bark, request(bark, 1, tokens=60))


def test_the_most_urgent_goes_first(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    later = engine.submit(replace(request(bark, 0, tokens=60), due_at=2.0))
    sooner = engine.submit(replace(request(bark, 1, tokens=60), due_at=1.0))
    engine.step()
    assert sooner.heard
    assert not later.heard


def test_who_has_sound_in_hand_lets_others_go_first(bark: Bark) -> None:
    """The first was due sooner, and has 7 frames, 0.09 s, that are still being heard."""
    engine = Engine(bark, slots=2)
    first = engine.submit(request(bark, 0))
    until_sound(engine)
    while not first.frames_due():
        engine.step()
    second = engine.submit(replace(request(bark, 1), due_at=0.05))
    while not second.heard:
        engine.step()
    assert first.pushed == 7
    until_sound(engine)
    assert (first.pushed, second.pushed) == (22, 0)


def test_no_two_long_passes_follow_each_other_while_a_step_is_wanted(bark: Bark) -> None:
    engine = Engine(bark, slots=4)
    for number in range(4):
        engine.submit(request(bark, number, tokens=100))
        for _ in range(30):
            engine.step()
    long_passes = 0
    while not engine.idle:
        wanted = any(one.draws_coarse or one.needs_semantic for one in engine.active)
        was_long = engine.heavy
        engine.step()
        assert not (was_long and engine.heavy and wanted)
        long_passes += engine.heavy
    assert long_passes > 8


def test_first_pieces_wait_for_each_other_where_the_schedule_says_so(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    engine.submit(request(bark), Schedule(held=3))
    [pieces] = run(engine).values()
    assert [len(piece) // 320 for piece in pieces] == [7 + 15 + 30, 60, 113]


def test_a_sentence_that_ends_at_once_is_over(bark: Bark) -> None:
    engine = Engine(bark, slots=1)
    sentence = engine.submit(request(bark, 0, tokens=1))
    sounds = run(engine)
    assert sentence.heard
    assert sum(map(len, sounds[sentence.number])) == 320
