"""The conversation as a chat server reads it."""

from typing import Any

from realtime.protocol.config import Config, NamedTool, Tool
from realtime.protocol.prompt import OPENING, UNHEARD, messages, token_limit, tool_choice, tools
from realtime.talk.conversation import Call, CallOutput, Message, Part


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


def test_a_prompt_only_grows_at_its_end() -> None:
    entries = tuple(_said(role, str(n)) for n, role in enumerate(["user", "assistant", "system"] * 3))
    whole = messages("Be kind.", entries)
    for count in range(1, len(entries)):
        assert whole[: count + 1] == messages("Be kind.", entries[:count])


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
