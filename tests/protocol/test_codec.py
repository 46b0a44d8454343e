"""Text frames to events and back; each bad frame has its own refusal."""

import json

import pytest

from realtime.errors import ProtocolError
from realtime.wire.client_events import AudioAppend, ItemCreate, ResponseCancel, SessionUpdate
from realtime.wire.codec import decode, encode, told
from realtime.wire.items import InputAudio, MessageItem
from realtime.wire.server_events import Cleared, Committed, ItemAdded
from tests.protocol.strict import strict


def refusal(frame: str | bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        decode(frame)
    strict(json.loads(encode(told(refused.value), "event_1")))
    return refused.value


def test_an_event_is_read() -> None:
    assert decode('{"type":"response.cancel","event_id":"e1"}') == ResponseCancel(event_id="e1")
    assert decode(b'{"type":"input_audio_buffer.append","audio":"AAA="}') == AudioAppend(audio="AAA=")


def test_what_the_server_does_not_know_of_an_event_is_no_matter() -> None:
    assert decode('{"type":"response.cancel","mood":"good"}') == ResponseCancel()


def test_nulls_of_an_update_are_kept_for_the_merge() -> None:
    event = decode('{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}')
    assert event == SessionUpdate(session={"audio": {"input": {"turn_detection": None}}})


def test_an_item_is_read_by_its_type() -> None:
    item = '{"type":"message","role":"user","content":[{"type":"input_audio"}]}'
    event = decode(f'{{"type":"conversation.item.create","item":{item},"previous_item_id":"root"}}')
    message = MessageItem(role="user", content=(InputAudio(),))
    assert event == ItemCreate(item=message, previous_item_id="root")


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ("", "invalid_json", None),
        ("hello", "invalid_json", None),
        ('{"type":', "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        ("[" * 100_000, "invalid_json", None),
        ('{"type":"response.cancel","event_id":"\\ud800"}', "invalid_json", None),
        ("[]", "invalid_event", None),
        ("3", "invalid_event", None),
        ("{}", "missing_required_parameter", "type"),
        ('{"type":"response.stop"}', "unknown_event_type", "type"),
        ('{"type":7}', "unknown_event_type", "type"),
        ('{"type":"response.stop","n":' + "9" * 5000 + "}", "invalid_json", None),
        ('{"type":"conversation.item.delete"}', "missing_required_parameter", "item_id"),
        ('{"type":"conversation.item.create"}', "missing_required_parameter", "item"),
        ('{"type":"conversation.item.create","item":{}}', "missing_required_parameter", "item.type"),
        ('{"type":"conversation.item.create","item":{"type":"mcp_call"}}', "invalid_value", "item.type"),
        (
            '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text"}]}}',
            "missing_required_parameter",
            "item.content.0.text",
        ),
        ('{"type":"session.update","session":[]}', "invalid_value", "session"),
        ('{"type":"input_audio_buffer.append","audio":7}', "invalid_value", "audio"),
        (
            '{"type":"conversation.item.truncate","item_id":"a","content_index":0,"audio_end_ms":-1}',
            "invalid_value",
            "audio_end_ms",
        ),
        ('{"type":"response.cancel","event_id":"' + "e" * 513 + '"}', "invalid_value", "event_id"),
    ],
)
def test_a_bad_frame_is_refused_by_name(frame: str | bytes, code: str, param: str | None) -> None:
    error = refusal(frame)
    assert (error.code, error.param) == (code, param)


def test_a_refusal_names_the_event_that_caused_it() -> None:
    assert refusal('{"type":"response.stop","event_id":"mine"}').event_id == "mine"
    assert refusal('{"type":"conversation.item.delete","event_id":"mine"}').event_id == "mine"
    assert refusal('{"type":"response.stop","event_id":7}').event_id is None


def test_an_error_on_the_wire() -> None:
    error = ProtocolError("invalid_value", "no such thing", param="item_id")
    assert strict(json.loads(encode(told(error, "mine"), "event_7"))).model_dump() == {
        "type": "error",
        "event_id": "event_7",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_value",
            "message": "no such thing",
            "param": "item_id",
            "event_id": "mine",
        },
    }


def test_the_id_that_an_error_carries_itself_counts() -> None:
    assert told(ProtocolError("code", "why", event_id="its own"), "other").error.event_id == "its own"


def test_an_event_leaves_with_its_id() -> None:
    assert json.loads(encode(Cleared(), "event_9")) == {
        "type": "input_audio_buffer.cleared",
        "event_id": "event_9",
    }


def test_null_is_said_only_where_clients_look_for_it() -> None:
    first = json.loads(encode(Committed(item_id="a"), "e"))
    assert first["previous_item_id"] is None
    message = MessageItem(id="a", role="user", content=(InputAudio(),))
    item = json.loads(encode(ItemAdded(item=message), "e"))["item"]
    assert item["content"] == [{"type": "input_audio", "transcript": None}]
    assert "status" not in item
