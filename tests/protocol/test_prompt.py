"""The conversation as a chat server reads it."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.config import Config, NamedTool, Tool
from realtime.protocol.prompt import (
    OPENING,
    SUMMARISE,
    UNHEARD,
    messages,
    summarising,
    token_limit,
    tool_choice,
    tools,
)
from realtime.talk.conversation import Call, CallOutput, Entry, Message, Part


def _said(role: Any, text: str | None, kind: Any = "input_text") -> Message:
    return Message(f"{role}-{text}", role, (Part(kind, text),))


def test_calls_made_in_one_go_share_a_message_and_their_outputs_follow() -> None:
    entries = (
        _said("user", "How is the weather here and there?"),
        Call("a", "call_1", "weather", '{"city": "Oslo"}'),
        Call("b", "call_2", "weather", '{"city": "Rome"}'),
        CallOutput("c", "call_1", "rain"),
        CallOutput("d", "call_2", "sun"),
        _said("assistant", "Rain, and sun.", "output_audio"),
    )
    system, user, calls, first, second, answer = messages("Be kind.", entries)
    assert system == {"role": "system", "content": "Be kind."}
    assert user["content"] == "How is the weather here and there?"
    assert [call["id"] for call in calls["tool_calls"]] == ["call_1", "call_2"]
    assert first == {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    assert second["tool_call_id"] == "call_2"
    assert answer == {"role": "assistant", "content": "Rain, and sun."}


def test_calls_of_two_turns_stay_apart() -> None:
    entries = (Call("a", "call_1", "f", "{}"), CallOutput("b", "call_1", "x"), Call("c", "call_2", "f", "{}"))
    assert [len(one.get("tool_calls", ())) for one in messages("", entries)[1:]] == [1, 0, 1]


def test_what_was_not_understood_is_said_and_what_was_not_heard_is_left_out() -> None:
    entries = (_said("user", None, "input_audio"), _said("assistant", "", "output_audio"))
    assert messages("", entries) == ({"role": "user", "content": UNHEARD},)


def test_arguments_that_were_cut_off_are_left_out() -> None:
    *_, made = messages("", (Call("a", "call_1", "weather", '{"city": "Os'),))
    assert made["tool_calls"][0]["function"] == {"name": "weather", "arguments": "{}"}


LEARNER = st.lists(
    st.builds(_said, st.sampled_from(["user", "user", "system"]), st.text(max_size=5)), max_size=3
)
CALLS = st.lists(st.sampled_from(["{}", '{"a": 1}', '{"a']), min_size=1, max_size=3).map(
    lambda given: [Call(text, str(n), "f", text) for n, text in enumerate(given)]
)
ANSWER = st.text(max_size=9).map(lambda text: [_said("assistant", text, "output_audio")])
# What was there before each reply, and the reply: one that was cut to nothing leaves its empty item.
TALK = st.lists(st.tuples(LEARNER, ANSWER | CALLS), min_size=1, max_size=8)


def _answered(talk: list[tuple[list[Any], list[Any]]]) -> list[Entry]:
    """Each turn with the outputs of its calls, which belong before the next reply."""
    entries: list[Entry] = []
    for heard, answer in talk:
        outputs = [CallOutput(call.id, call.call_id, "x") for call in answer if isinstance(call, Call)]
        entries += [*heard, *answer, *outputs]
    return entries


@given(TALK)
def test_a_prompt_only_grows_at_its_end(talk: list[tuple[list[Any], list[Any]]]) -> None:
    prompts = [
        messages("Be kind.", [*_answered(talk[:turn]), *heard]) for turn, (heard, _) in enumerate(talk)
    ]
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before


@given(TALK, st.data())
def test_what_was_cut_or_deleted_changes_the_prompt_from_there_on_only(
    talk: list[tuple[list[Any], list[Any]]], data: st.DataObject
) -> None:
    entries = _answered(talk)
    at = data.draw(st.integers(0, len(entries) - 1))
    cut = data.draw(st.sampled_from([[], [_said("assistant", "Oh", "output_audio")]]))
    before, after = (
        messages("Be kind.", entries),
        messages("Be kind.", [*entries[:at], *cut, *entries[at + 1 :]]),
    )
    same = messages("Be kind.", entries[:at])
    # Calls made in one go are one message; and the tutor's beginning is a message only until the learner's.
    settled = same[:-1] if _joins(entries, at) or same[-1]["content"] == OPENING else same
    assert before[: len(settled)] == after[: len(settled)] == settled


def _joins(entries: list[Entry], at: int) -> bool:
    return at > 0 and isinstance(entries[at - 1], Call)


def test_a_talk_that_the_tutor_begins_has_a_learner_in_it() -> None:
    begun = messages("Be kind.", ())
    assert begun[1:] == ({"role": "user", "content": OPENING},)
    going_on = messages("Be kind.", (_said("assistant", "Hello!"), _said("user", "Hi.")))
    assert going_on[:2] == begun
    assert OPENING not in [message["content"] for message in messages("", (_said("user", "Hi."),))]


def test_tools_are_nested_as_chat_servers_know_them() -> None:
    config = Config(tools=(Tool(name="weather"),), tool_choice=NamedTool(name="weather"), max_output_tokens=7)
    assert tools(config) == ({"type": "function", "function": {"name": "weather"}},)
    assert tool_choice(config) == {"type": "function", "function": {"name": "weather"}}
    assert (token_limit(config), token_limit(Config())) == (7, None)


def test_a_summary_stands_behind_the_instructions() -> None:
    said = (_said("user", "Hi."),)
    system, user = messages("Be kind.", said, "Their name is Ana.")
    assert system["content"] == "Be kind.\n\nEarlier in this talk: Their name is Ana."
    assert user["content"] == "Hi."
    assert messages("", said, "Their name is Ana.")[0]["role"] == "system"
    assert summarising("Be kind.", said, "")[:-1] == messages("Be kind.", said)
    assert summarising("Be kind.", said, "")[-1] == {"role": "user", "content": SUMMARISE}
