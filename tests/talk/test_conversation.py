"""What was said, in order; every change makes the next version."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from realtime.talk.conversation import (
    ROOT,
    Call,
    CallOutput,
    Conversation,
    DuplicateItem,
    Message,
    Part,
    UnknownItem,
    transcribed,
)


def said(item_id: str, text: str | None = "hello") -> Message:
    return Message(item_id, "user", (Part("input_audio", text),))


def talk(*ids: str) -> Conversation:
    conversation = Conversation()
    for item_id in ids:
        conversation = conversation.add(said(item_id))
    return conversation


def ids(conversation: Conversation) -> list[str]:
    return [entry.id for entry in conversation.entries]


def test_an_item_is_appended() -> None:
    assert ids(talk("a", "b", "c")) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("after", "order"),
    [(ROOT, ["x", "a", "b"]), ("a", ["a", "x", "b"]), ("b", ["a", "b", "x"]), (None, ["a", "b", "x"])],
)
def test_an_item_goes_where_it_is_put(after: str | None, order: list[str]) -> None:
    assert ids(talk("a", "b").add(said("x"), after)) == order


def test_who_comes_before() -> None:
    conversation = talk("a", "b")
    assert conversation.before("a") is None
    assert conversation.before("b") == "a"
    assert conversation.last_id == "b"
    assert Conversation().last_id is None


def test_an_item_is_found_changed_and_deleted() -> None:
    conversation = talk("a", "b", "c")
    assert conversation.find("b") == said("b")
    changed = conversation.change("b", lambda _: said("b", "bye"))
    assert changed.find("b") == said("b", "bye")
    assert ids(changed) == ["a", "b", "c"]
    assert ids(conversation.delete("b")) == ["a", "c"]


def test_an_item_is_in_the_conversation_once() -> None:
    with pytest.raises(DuplicateItem, match="'a' is already"):
        talk("a").add(said("a"))


@pytest.mark.parametrize(
    "use",
    [
        lambda empty: empty.find("x"),
        lambda empty: empty.before("x"),
        lambda empty: empty.delete("x"),
        lambda empty: empty.change("x", lambda entry: entry),
        lambda empty: empty.add(said("y"), "x"),
    ],
)
def test_an_unknown_item_is_named(use: Callable[[Conversation], object]) -> None:
    with pytest.raises(UnknownItem, match="no item 'x'"):
        use(talk("a"))


def test_every_change_makes_the_next_version_and_leaves_the_old_one_alone() -> None:
    first = talk("a")
    for changed in (first.add(said("b")), first.delete("a"), first.change("a", lambda entry: entry)):
        assert changed.version == first.version + 1
    assert ids(first) == ["a"]


def test_a_transcript_fills_in_what_was_spoken() -> None:
    message = Message("a", "user", (Part("input_text", "look:"), Part("input_audio", None)))
    assert message.text == "look:"
    known = transcribed(message, "a cat")
    assert known == replace(message, parts=(Part("input_text", "look:"), Part("input_audio", "a cat")))
    assert isinstance(known, Message)
    assert known.text == "look: a cat"


@pytest.mark.parametrize("entry", [Call("a", "call_1", "look_up", "{}"), CallOutput("a", "call_1", "cat")])
def test_only_messages_are_spoken(entry: Call | CallOutput) -> None:
    assert transcribed(entry, "a cat") == entry
