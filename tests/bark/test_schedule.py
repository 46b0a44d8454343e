"""Sound that is begun goes on: pieces by the speed of the machine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.bark.codec import FIRST_FRAMES
from gpu.bark.schedule import (
    FRAMES_PER_S,
    GROWING,
    Schedule,
    Speed,
    arrivals,
    chosen,
    frames_of,
    next_piece,
    start_s,
)

CARD = Speed(semantic=0.0002, coarse=0.0002, prefill=0.004, fine=0.011, frame=0.0001)
LAPTOP = Speed(semantic=0.03, coarse=0.04, prefill=1.0, fine=10.0, frame=0.01)

speeds = st.builds(
    Speed,
    semantic=st.floats(0, 0.05),
    coarse=st.floats(0, 0.05),
    prefill=st.floats(0, 1),
    fine=st.floats(0, 12),
    frame=st.floats(0, 0.02),
)


@settings(deadline=None)
@given(speeds, st.integers(5, 600), st.integers(1, 32))
def test_sound_that_has_begun_never_starves(speed: Speed, semantic: int, sentences: int) -> None:
    """The pieces that are not held come before what was played until then is over, in any company."""
    schedule = chosen(speed, semantic, sentences)
    pieces = list(arrivals(speed.among(sentences), semantic, schedule))
    begins_s = pieces[min(schedule.held, len(pieces)) - 1][0]
    played = 0
    for at_s, frames in pieces:
        assert at_s <= begins_s + played / FRAMES_PER_S + 1e-9
        played += frames


@settings(deadline=None)
@given(speeds, st.integers(5, 600))
def test_no_other_cut_starts_sooner(speed: Speed, semantic: int) -> None:
    """Nor one that makes the rest in one piece."""
    begins_s = start_s(list(arrivals(speed, semantic, chosen(speed, semantic))))
    cuts = [GROWING[first:] for first in range(len(GROWING))]
    for sizes in cuts + [(*cut, frames_of(semantic)) for cut in cuts]:
        assert begins_s <= start_s(list(arrivals(speed, semantic, Schedule(sizes)))) + 1e-9


@settings(deadline=None)
@given(speeds, st.integers(5, 600), st.integers(1, 32))
def test_how_a_sentence_is_cut_does_not_depend_on_its_company(
    speed: Speed, semantic: int, sentences: int
) -> None:
    assert chosen(speed, semantic, sentences).sizes == chosen(speed, semantic).sizes


def test_the_first_pieces_wait_where_many_are_spoken() -> None:
    held = [chosen(CARD, 150, sentences).held for sentences in (1, 4, 16, 32)]
    assert held[0] == 1
    assert held == sorted(held)
    assert held[-1] > 1


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1), st.integers(0, 400))
def test_every_frame_is_pushed_once_whenever_it_is_asked_for(asked: list[int], total: int) -> None:
    """The cuts are the same however late one asks."""

    def cuts(steps: list[int]) -> list[int]:
        drawn, pushed, sizes = 0, 0, list[int]()
        while pushed < total:
            drawn = min(total, drawn + steps[len(sizes) % len(steps)] if sizes else drawn + steps[0])
            whole = drawn == total
            size = next_piece(Schedule(), len(sizes), pushed, drawn, whole=whole)
            if size:
                sizes.append(size)
                pushed += size
            elif not whole:
                drawn += 1
        return sizes

    assert cuts(asked) == cuts([1])
    assert sum(cuts(asked)) == total


def test_what_is_left_of_a_long_sentence_is_not_left_to_one_piece() -> None:
    """At 2 ms a step it would come two seconds late."""
    steady = Speed(semantic=0.002, coarse=0.002, prefill=0.03, fine=0.15, frame=0.0005)
    rest = start_s(list(arrivals(steady, 499, Schedule((*GROWING, frames_of(499))))))
    assert start_s(list(arrivals(steady, 499, chosen(steady, 499)))) < rest - 1.9


@pytest.mark.parametrize(("semantic", "passes"), [(150, 61), (499, 61)])
def test_a_fast_card_begins_with_the_first_frames(semantic: int, passes: int) -> None:
    schedule = chosen(CARD, semantic)
    assert (schedule.sizes[0], schedule.held) == (FIRST_FRAMES, 1)
    at_s = next(arrivals(CARD, semantic, schedule))[0]
    steps = 47 * CARD.semantic + CARD.prefill + 13 * CARD.coarse
    assert passes == 47 + 14
    assert at_s == pytest.approx(steps + CARD.fine + 7 * CARD.frame)


def test_a_laptop_waits_until_it_can_go_on() -> None:
    schedule = chosen(LAPTOP, 150)
    pieces = list(arrivals(LAPTOP, 150, schedule))
    assert schedule.held == len(pieces) == 1
    assert sum(frames for _, frames in pieces) == frames_of(150) == 225
