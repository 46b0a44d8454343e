"""Conversation entries to and from the wire, in the vocabulary of items."""

import json
from typing import Any

import pytest

from realtime.errors import ProtocolError
from realtime.protocol.items import from_wire, to_wire
from realtime.talk.conversation import Call, CallOutput, Entry, Message, Part
from realtime.wire.client_events import ItemCreate
from realtime.wire.codec import decode, encode
from realtime.wire.server_events import ItemDone, ItemRetrieved
from tests.protocol.strict import strict

SAID = {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": "hello"}]}


def created(item: dict[str, Any]) -> Entry:
    event = decode(json.dumps({"type": "conversation.item.create", "item": item}))
    assert isinstance(event, ItemCreate)
    return from_wire(event.item, "item_new")


def shown(entry: Entry) -> dict[str, Any]:
    frame = json.loads(encode(ItemDone(item=to_wire(entry)), "event_1"))
    strict(frame)
    item: dict[str, Any] = frame["item"]
    return item


ENTRIES = [
    Message("a", "user", (Part("input_text", "hello"),)),
    Message("a", "user", (Part("input_audio", "hello"), Part("input_text", "there"))),
    Message("a", "user", (Part("input_audio", None),)),
    Message("a", "system", (Part("input_text", "be kind"),)),
    Message("a", "assistant", (Part("output_text", "hi"),)),
    Message("a", "assistant", (Part("output_audio", "hi"),)),
    Call("a", "call_1", "look_up", '{"word":"tea"}'),
    CallOutput("a", "call_1", "a drink"),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_shown_can_be_created_again(entry: Entry) -> None:
    """A client that reconnects replays its history."""
    assert created(shown(entry)) == entry


def test_items_speak_of_output() -> None:
    """Parts of a response are `text` and `audio`; content of an item is `output_text` and `output_audio`."""
    content = shown(Message("a", "assistant", (Part("output_text", "hi"), Part("output_audio", "ho"))))[
        "content"
    ]
    assert content == [{"type": "output_text", "text": "hi"}, {"type": "output_audio", "transcript": "ho"}]
    with pytest.raises(ProtocolError, match="content"):
        created({"type": "message", "role": "assistant", "content": [{"type": "audio", "transcript": "ho"}]})


def test_a_transcript_that_is_not_known_yet_is_null() -> None:
    [part] = shown(Message("a", "user", (Part("input_audio", None),)))["content"]
    assert part == {"type": "input_audio", "transcript": None}


def test_an_unfinished_message_says_so() -> None:
    assert (
        shown(Message("a", "assistant", (Part("output_audio", None),), "incomplete"))["status"]
        == "incomplete"
    )


def test_only_a_retrieved_item_holds_its_audio() -> None:
    entry = Message("a", "user", (Part("input_audio", "hello"), Part("input_text", "there")))
    frame = json.loads(encode(ItemRetrieved(item=to_wire(entry, "AAA=")), "event_1"))
    strict(frame)
    assert frame["item"]["content"][0]["audio"] == "AAA="
    assert "audio" not in shown(entry)["content"][0]


def test_the_clients_id_is_kept() -> None:
    assert created({**SAID, "id": "mine"}).id == "mine"
    assert created(SAID).id == "item_new"


def test_a_call_without_an_id_of_its_own_is_known_by_its_item() -> None:
    call = created({"type": "function_call", "name": "look_up", "arguments": "{}"})
    assert call == Call("item_new", "item_new", "look_up", "{}")


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", "output_text"),
        ("user", "output_audio"),
        ("system", "input_audio"),
        ("system", "output_text"),
        ("assistant", "input_text"),
        ("assistant", "input_audio"),
    ],
)
def test_a_role_cannot_hold_another_ones_content(role: str, kind: str) -> None:
    part = {"type": kind, "text": "hi"} if kind.endswith("text") else {"type": kind, "transcript": "hi"}
    with pytest.raises(ProtocolError) as refused:
        created({"type": "message", "role": role, "content": [part]})
    assert (refused.value.code, refused.value.param) == ("invalid_value", "item.content")
