"""What of a talk is given to the chat model: whole old turns leave it, many at once, never the last."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.window import (
    FRAME,
    FULL,
    KEPT,
    Kept,
    Measure,
    answer_limit,
    fitted,
    length,
    oldest,
    outgrown,
    retention,
    turns,
)
from realtime.talk.conversation import Call, CallOutput, Entry, Message, Part
from realtime.talk.tokens import Tokens


def _said(number: int, role: str, characters: int = 20) -> Message:
    return Message(str(number), role, (Part("input_text", "x" * characters),))  # pyright: ignore[reportArgumentType]


def _talk(*lengths: int) -> tuple[Entry, ...]:
    """A turn for each length: what the learner said, and an answer as long."""
    pairs = [
        (_said(2 * n, "user", long), _said(2 * n + 1, "assistant", long)) for n, long in enumerate(lengths)
    ]
    return tuple(entry for pair in pairs for entry in pair)


TALKS = st.lists(st.integers(0, 300), min_size=1, max_size=30).map(lambda lengths: _talk(*lengths))


def test_a_turn_begins_where_the_learner_takes_the_word() -> None:
    greeting, asked, more, call = (
        _said(0, "assistant"),
        _said(1, "user"),
        _said(2, "user"),
        Call("3", "c", "f", "{}"),
    )
    output, answer, thanks = CallOutput("4", "c", "sun"), _said(5, "assistant"), _said(6, "user")
    assert turns((greeting, asked, more, call, output, answer, thanks)) == [
        (greeting,),
        (asked, more, call, output, answer),
        (thanks,),
    ]
    assert turns(()) == []


@given(TALKS, st.floats(0, 20_000))
def test_what_leaves_is_the_oldest_whole_turns_and_no_more_than_is_needed(
    talk: tuple[Entry, ...], most: float
) -> None:
    out = oldest(talk, most)
    assert talk[: len(out)] == out and len(out) % 2 == 0
    assert len(out) < len(talk)
    assert length(talk[len(out) :]) <= most or len(talk) - len(out) == 2
    assert not out or length(talk[len(out) - 2 :]) > most


@given(st.lists(st.integers(0, 100), min_size=2, max_size=60), st.integers(600, 4000))
def test_between_two_steps_the_talk_only_grows(lengths: list[int], room: int) -> None:
    talk, kept, before, steps = _talk(*lengths), Kept(), (), 0
    for end in range(2, len(talk) + 1, 2):
        kept = fitted(kept, talk[:end], room, KEPT)
        here = kept.of(talk[:end])
        assert length(here) <= room
        if here[: len(before)] != before:
            steps += 1
            assert length(here) <= max(room * KEPT, length(here[-2:]))
        before = here
    # Each step makes half of the room free, so that there is one for each half that was said.
    assert steps <= length(talk) / (room * (1 - KEPT))


def test_a_summary_is_asked_for_when_the_step_is_near_and_stands_for_it() -> None:
    talk, room = _talk(100, 100, 100, 100), 4 * 2 * (100 + FRAME) + 100
    assert outgrown(Kept(), talk[:4], room, KEPT) == ()
    leaving = outgrown(Kept(), talk, room, KEPT)
    assert leaving == talk[:4]
    kept = Kept(Kept().without(leaving).left_out, "They like bread.")
    assert kept.of(talk) == talk[4:]
    assert fitted(kept, talk, room, KEPT) is kept
    assert fitted(kept, _talk(*[100] * 9), room, KEPT).summary == "They like bread."


def test_the_server_measures() -> None:
    guess = Measure()
    assert guess.tokens(400) == 100
    measured = guess.after(400, Tokens(200, 7))
    assert measured.tokens(400) == 200
    assert (measured.after(400, None), measured.after(0, Tokens(1, 1))) == (measured, measured)
    assert guess.refused(1000, 500).tokens(1000) == 500
    assert guess.refused(4000, 500) == guess


def test_the_room_is_what_answer_and_instructions_leave() -> None:
    assert Measure(0.5).room(1000, 100, 300) == (950 - 100) / 0.5 - 300
    assert [answer_limit(*given) for given in ((None, 1000), (120, 1000), (4096, 1000))] == [250, 120, 500]


def test_a_client_may_forbid_to_leave_anything_out_or_say_how_much_stays() -> None:
    ratio = {"type": "retention_ratio", "retention_ratio": 0.3}
    assert [retention(given) for given in ("disabled", "auto", ratio)] == [None, KEPT, 0.3]
    assert [retention({"type": "retention_ratio", "retention_ratio": bad}) for bad in ("x", 7)] == [
        KEPT,
        FULL,
    ]
