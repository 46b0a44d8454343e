"""The wire form of a reply: every event in its order, and whatever was opened is closed again."""

import base64
import json
from typing import Any

import pytest

from realtime.protocol.config import Config
from realtime.protocol.request import Asked
from realtime.protocol.response import Ending, ResponseWire
from realtime.talk.conversation import Message
from realtime.talk.tokens import Tokens
from realtime.wire.codec import encode
from realtime.wire.items import ResponseError
from realtime.wire.server_events import ServerEvent
from tests.protocol.strict import strict

SPOKEN = Config()
WRITTEN = Config(output_modalities=("text",))
SECOND = bytes(48_000)
DELTA_BYTES = 4800
FAILED = ResponseError(type="server_error", code="engine_down", message="speech: gone")

OPENED = ["response.created"]
BEGUN = ["response.output_item.added", "conversation.item.added", "response.content_part.added"]
CLOSED_AUDIO = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
]
CLOSED_TEXT = ["response.output_text.done", *CLOSED_AUDIO[2:]]
OVER = ["response.done"]


def told(*batches: list[ServerEvent]) -> list[dict[str, Any]]:
    """The events as a client reads them."""
    events = [event for batch in batches for event in batch]
    frames = [json.loads(encode(event, f"event_{at}")) for at, event in enumerate(events)]
    for frame in frames:
        strict(frame)
    return frames


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def wire(config: Config = SPOKEN) -> ResponseWire:
    return ResponseWire("resp_1", "conv_1", Asked(config))


def test_a_spoken_reply() -> None:
    reply = wire()
    events = told(
        reply.opened(),
        reply.begin_message("item_2", "item_1"),
        reply.say("Hello."),
        reply.sound(bytes(2 * DELTA_BYTES), DELTA_BYTES),
        reply.say(" How are you?"),
        reply.sound(bytes(10), DELTA_BYTES),
        reply.over("completed"),
    )
    words, sound = "response.output_audio_transcript.delta", "response.output_audio.delta"
    assert names(events) == [*OPENED, *BEGUN, words, sound, sound, words, sound, *CLOSED_AUDIO, *OVER]
    deltas = "".join(event["delta"] for event in events if event["type"] == words)
    assert deltas == "Hello. How are you?"
    done = {event["type"]: event for event in events}
    assert done["response.output_audio_transcript.done"]["transcript"] == deltas
    assert done["response.content_part.done"]["part"] == {"type": "audio", "transcript": deltas}
    item = done["response.output_item.done"]["item"]
    assert item["content"] == [{"type": "output_audio", "transcript": deltas}]
    assert item["status"] == "completed"
    assert done["response.done"]["response"]["output"] == [item]
    assert done["response.done"]["response"]["status_details"] is None


def test_a_written_reply() -> None:
    reply = wire(WRITTEN)
    events = told(
        reply.opened(),
        reply.begin_message("item_2", None),
        reply.say("Hello."),
        reply.say(" Bye."),
        reply.over("completed"),
    )
    delta = "response.output_text.delta"
    assert names(events) == [*OPENED, *BEGUN, delta, delta, *CLOSED_TEXT, *OVER]
    done = {event["type"]: event for event in events}
    assert done["response.output_text.done"]["text"] == "Hello. Bye."
    assert done["response.content_part.done"]["part"] == {"type": "text", "text": "Hello. Bye."}
    assert done["conversation.item.done"]["item"]["content"] == [
        {"type": "output_text", "text": "Hello. Bye."}
    ]


def test_the_item_is_announced_empty_and_in_progress() -> None:
    reply = wire()
    added, in_conversation, part = told(reply.begin_message("item_2", "item_1"))
    assert added["item"] == in_conversation["item"]
    assert added["item"]["status"] == "in_progress"
    assert added["item"]["content"] == []
    assert in_conversation["previous_item_id"] == "item_1"
    assert part["part"] == {"type": "audio", "transcript": ""}


def test_the_response_is_announced_without_output() -> None:
    [created] = told(wire().opened())
    assert created["response"]["status"] == "in_progress"
    assert created["response"]["output"] == []
    assert created["response"]["conversation_id"] == "conv_1"
    assert created["response"]["audio"]["output"]["voice"] == "alloy"


def test_sound_travels_whole_in_small_deltas() -> None:
    pcm = bytes(range(256)) * 100
    deltas = [base64.b64decode(event["delta"]) for event in told(wire().sound(pcm, DELTA_BYTES))]
    assert b"".join(deltas) == pcm
    assert max(map(len, deltas)) <= DELTA_BYTES
    assert all(len(delta) % 2 == 0 for delta in deltas)
    assert told(wire().sound(b"", DELTA_BYTES)) == []


@pytest.mark.parametrize("config", [SPOKEN, WRITTEN])
@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize(
    ("ending", "reason", "error"),
    [
        ("completed", None, None),
        ("cancelled", "turn_detected", None),
        ("cancelled", "client_cancelled", None),
        ("incomplete", "max_output_tokens", None),
        ("failed", None, FAILED),
    ],
)
def test_whatever_was_opened_is_closed(
    config: Config, steps: int, ending: Ending, reason: Any, error: ResponseError | None
) -> None:
    """The reply ends after each of its steps, in each way."""
    reply = wire(config)
    said = ["Hello.", " Bye."][: max(0, steps - 1)]
    before = [
        reply.opened(),
        *([reply.begin_message("item_2", "item_1")] if steps else []),
        *map(reply.say, said),
    ]
    told(*before)
    closed = (CLOSED_AUDIO if config.spoken else CLOSED_TEXT) if steps else []
    events = told(reply.over(ending, reason, error))
    assert names(events) == [*closed, *OVER]
    response = events[-1]["response"]
    assert response["status"] == ending
    assert _details(response) == (None if ending == "completed" else (ending, reason, error and error.code))
    statuses = [event["item"]["status"] for event in events if "item" in event]
    assert set(statuses) <= {"completed" if ending == "completed" else "incomplete"}
    kind, text = ("output_audio", "transcript") if config.spoken else ("output_text", "text")
    produced = [{"type": kind, text: "".join(said)}]
    assert [item["content"] for item in response["output"]] == ([produced] if steps else [])


def _details(response: dict[str, Any]) -> tuple[str, str | None, str | None] | None:
    details = response["status_details"]
    if details is None:
        return None
    return details["type"], details.get("reason"), details.get("error", {}).get("code")


def test_the_open_message_is_what_the_conversation_holds() -> None:
    reply = wire()
    assert reply.open is None
    reply.begin_message("item_2", None)
    reply.say("Hello.")
    assert isinstance(reply.open, Message)
    assert (reply.open.id, reply.open.role, reply.open.text) == ("item_2", "assistant", "Hello.")
    reply.over("completed")
    assert reply.open is None
    assert [entry.status for entry in reply.entries] == ["completed"]


def test_calls_follow_what_was_said_and_each_other() -> None:
    reply = wire()
    events = told(
        reply.begin_message("item_2", None),
        reply.say("One moment."),
        reply.begin_call("item_3", "item_2", "call_1", "weather"),
        reply.argue('{"city":'),
        reply.argue(' "Madrid"}'),
        reply.begin_call("item_4", "item_3", "call_2", "time"),
        reply.argue("{}"),
        reply.over("completed", usage=Tokens(7, 5, cached=6)),
    )
    arguments = "response.function_call_arguments"
    call_closed = [f"{arguments}.done", "conversation.item.done", "response.output_item.done"]
    assert names(events) == [
        *BEGUN,
        "response.output_audio_transcript.delta",
        *CLOSED_AUDIO,
        *BEGUN[:2],
        f"{arguments}.delta",
        f"{arguments}.delta",
        *call_closed,
        *BEGUN[:2],
        f"{arguments}.delta",
        *call_closed,
        *OVER,
    ]
    assert [event["output_index"] for event in events if event["type"] == BEGUN[0]] == [0, 1, 2]
    first = next(event for event in events if event["type"] == f"{arguments}.done")
    assert (first["name"], first["call_id"]) == ("weather", "call_1")
    assert json.loads(first["arguments"]) == {"city": "Madrid"}
    done = events[-1]["response"]
    assert [item["type"] for item in done["output"]] == ["message", "function_call", "function_call"]
    assert done["usage"]["total_tokens"] == 12
    assert done["usage"]["input_token_details"]["cached_tokens"] == 6


def test_aside_nothing_enters_the_conversation() -> None:
    reply = ResponseWire("resp_1", "conv_1", Asked(WRITTEN, {"topic": "aside"}, aside=True))
    events = told(
        reply.opened(), reply.begin_message("item_2", None), reply.say("Hello."), reply.over("completed")
    )
    assert not [name for name in names(events) if name.startswith("conversation.")]
    for event in (events[0], events[-1]):
        assert event["response"]["conversation_id"] is None
        assert event["response"]["metadata"] == {"topic": "aside"}
