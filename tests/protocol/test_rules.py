"""Each client event in each state: what it asks for, or its own refusal with nothing done."""

import base64
import json
from typing import Any

import pytest

from realtime.errors import ProtocolError
from realtime.protocol.config import Config
from realtime.protocol.request import Asked
from realtime.protocol.rules import (
    LONGEST_ITEM,
    MOST_ITEMS,
    SHORTEST_COMMIT_MS,
    Action,
    Append,
    Ask,
    Bring,
    CancelAside,
    Configure,
    Converse,
    GiveHint,
    Happen,
    Hush,
    Play,
    Prefer,
    Repeat,
    Show,
    Tell,
    View,
    apply,
    checked,
    heard_only,
)
from realtime.talk import moves
from realtime.talk.conversation import Call, CallOutput, Conversation, Entry, Message, Part
from realtime.talk.playback import Passage, Playback
from realtime.wire.client_events import TutorSettings
from realtime.wire.codec import decode, encode
from tests.protocol.strict import strict

Tree = dict[str, Any]

ASKED = Message("asked", "assistant", (Part("output_audio", "What is your name?"),))
ANSWERED = Message("answered", "user", (Part("input_audio", "Ana"),))
WRITTEN = Message("written", "assistant", (Part("output_text", "Nice."),))
CALLED = Call("called", "call_1", "look_up", "{}")
RETURNED = CallOutput("returned", "call_1", "a name")
PLAYED = Playback().begin("What is your name?").send(1000).end().play(1000)
NAME = Passage("What is your name?", 0, 1000)


def view(*, entries: tuple[Entry, ...] = (ASKED, ANSWERED, WRITTEN, CALLED, RETURNED), **more: Any) -> View:
    return View(conversation=Conversation(entries), played={"asked": PLAYED}, **more)


def sent(event: Tree, on: View | None = None) -> list[Action]:
    """What the event asks for; whatever is told can be read by a strict client."""
    actions = apply(decode(json.dumps(event)), on or view(), lambda kind: f"{kind}_new")
    for action in actions:
        if isinstance(action, Tell):
            strict(json.loads(encode(action.event, "event_1")))
    return actions


def refusal(event: Tree, on: View | None = None) -> tuple[str, str | None]:
    with pytest.raises(ProtocolError) as refused:
        sent(event, on)
    return refused.value.code, refused.value.param


def told(actions: list[Action]) -> list[Tree]:
    events = [action.event for action in actions if isinstance(action, Tell)]
    return [event.model_dump(mode="json", exclude={"event_id"}) for event in events]


def conversed(actions: list[Action]) -> Conversation:
    [conversation] = [action.conversation for action in actions if isinstance(action, Converse)]
    return conversation


def ids(conversation: Conversation) -> list[str]:
    return [entry.id for entry in conversation.entries]


# session.update


def test_an_update_gives_the_merged_session() -> None:
    event = {"type": "session.update", "session": {"type": "realtime", "instructions": "be kind"}}
    assert sent(event) == [Configure(Config(instructions="be kind"))]


def test_the_rate_of_the_microphone_depends_on_the_subprotocol() -> None:
    audio = {"input": {"format": {"type": "audio/pcm", "rate": 48_000}}}
    event = {"type": "session.update", "session": {"type": "realtime", "audio": audio}}
    assert refusal(event) == ("invalid_value", "session.audio.input.format.rate")
    [configured] = sent(event, view(tutor=True))
    assert isinstance(configured, Configure)
    assert configured.config.input_rate == 48_000


# the input buffer


def test_audio_is_appended() -> None:
    audio = base64.b64encode(b"\1\2\3\4").decode()
    assert sent({"type": "input_audio_buffer.append", "audio": audio}) == [Append(b"\1\2\3\4")]
    assert sent({"type": "input_audio_buffer.append", "audio": ""}) == [Append(b"")]


@pytest.mark.parametrize("audio", ["AAA", "A A=", "AAAA\n", "ñandú", "-_-_"])
def test_bad_base64(audio: str) -> None:
    assert refusal({"type": "input_audio_buffer.append", "audio": audio}) == ("invalid_base64", "audio")


def test_an_odd_number_of_bytes_is_no_pcm16() -> None:
    assert checked(b"\1\2", Config()) == b"\1\2"
    with pytest.raises(ProtocolError) as refused:
        checked(b"\1\2\3", Config())
    assert (refused.value.code, refused.value.param) == ("invalid_audio_length", "audio")


def test_a_byte_of_mu_law_is_a_sample() -> None:
    config = Config.model_validate({"audio": {"input": {"format": {"type": "audio/pcmu"}}}})
    assert checked(b"\1\2\3", config) == b"\1\2\3"


def test_a_commit_takes_what_is_there() -> None:
    enough = view(buffered_ms=SHORTEST_COMMIT_MS)
    assert sent({"type": "input_audio_buffer.commit"}, enough) == [Happen(moves.Committed())]


@pytest.mark.parametrize("buffered_ms", [0, SHORTEST_COMMIT_MS - 1])
def test_a_commit_of_nothing(buffered_ms: float) -> None:
    too_little = view(buffered_ms=buffered_ms)
    assert refusal({"type": "input_audio_buffer.commit"}, too_little) == (
        "input_audio_buffer_commit_empty",
        None,
    )


def test_a_clear_is_acknowledged_after_it_happened() -> None:
    happened, acknowledged = sent({"type": "input_audio_buffer.clear"})
    assert happened == Happen(moves.Cleared())
    assert told([acknowledged]) == [{"type": "input_audio_buffer.cleared"}]


def test_output_audio_buffer_clear_is_for_other_transports() -> None:
    assert refusal({"type": "output_audio_buffer.clear"})[0] == "invalid_event"


# conversation.item.create


def creating(item_id: str | None = None, after: str | None = None, **item: Any) -> Tree:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}], **item}
    event: Tree = {"type": "conversation.item.create", "item": item}
    if item_id is not None:
        item["id"] = item_id
    if after is not None:
        event["previous_item_id"] = after
    return event


@pytest.mark.parametrize(
    ("after", "before", "at"),
    [(None, "returned", 5), ("root", None, 0), ("asked", "asked", 1), ("returned", "returned", 5)],
)
def test_an_item_is_put_where_the_client_says(after: str | None, before: str | None, at: int) -> None:
    actions = sent(creating("mine", after))
    assert ids(conversed(actions))[at] == "mine"
    added, done = told(actions)
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert added["previous_item_id"] == done["previous_item_id"] == before
    assert added["item"]["id"] == "mine"


def test_an_item_without_an_id_gets_one() -> None:
    assert ids(conversed(sent(creating())))[-1] == "item_new"


def test_the_result_of_a_function_is_an_item() -> None:
    event = {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "call_1", "output": "a name"},
    }
    assert conversed(sent(event)).entries[-1] == CallOutput("item_new", "call_1", "a name")


def test_an_id_is_given_once() -> None:
    assert refusal(creating("asked")) == ("item_create_duplicate_item_id", "item.id")


def test_an_item_goes_after_one_that_is_there() -> None:
    assert refusal(creating("mine", "gone")) == ("item_create_invalid_previous_item_id", "previous_item_id")


def test_a_role_holds_its_own_kind_of_content() -> None:
    assert refusal(creating(role="assistant")) == ("invalid_value", "item.content")


def test_a_conversation_is_bounded() -> None:
    content = [{"type": "input_text", "text": "x" * (LONGEST_ITEM + 1)}]
    item = {"type": "message", "role": "user", "content": content}
    assert refusal({"type": "conversation.item.create", "item": item}) == ("item_too_large", "item")
    full = tuple(Message(str(n), "user", ()) for n in range(MOST_ITEMS))
    content[0]["text"] = "hello"
    created = {"type": "conversation.item.create", "item": item}
    assert refusal(created, view(entries=full))[0] == "conversation_full"
    assert sent(created)


@pytest.mark.parametrize("transcript", [None, "Tea, please."])
def test_a_recording_is_heard_unless_its_words_came_with_it(transcript: str | None) -> None:
    spoken = {"type": "input_audio", "audio": base64.b64encode(b"\0\0").decode(), "transcript": transcript}
    item = {"id": "tea", "type": "message", "role": "user", "content": [spoken]}
    brought, _, added, _ = sent({"type": "conversation.item.create", "item": item})
    assert brought == Bring("tea", b"\0\0", known=transcript is not None)
    assert "audio" not in told([added])[0]["item"]["content"][0]
    spoken["audio"] = "no base64!"
    assert refusal({"type": "conversation.item.create", "item": item})[0] == "invalid_base64"


# conversation.item.retrieve, delete, truncate


@pytest.mark.parametrize("item_id", ["asked", "answered", "written", "called", "returned"])
def test_any_item_is_retrieved(item_id: str) -> None:
    [shown] = sent({"type": "conversation.item.retrieve", "item_id": item_id})
    assert isinstance(shown, Show)
    assert shown.entry.id == item_id


def test_an_item_in_progress_is_retrieved() -> None:
    speaking = Message("now", "assistant", (), "in_progress")
    actions = sent({"type": "conversation.item.retrieve", "item_id": "now"}, view(entries=(speaking,)))
    assert actions == [Show(speaking)]


def test_an_item_is_deleted() -> None:
    actions = sent({"type": "conversation.item.delete", "item_id": "answered"})
    assert "answered" not in ids(conversed(actions))
    assert told(actions) == [{"type": "conversation.item.deleted", "item_id": "answered"}]


@pytest.mark.parametrize("verb", ["retrieve", "delete"])
def test_no_such_item(verb: str) -> None:
    event = {"type": f"conversation.item.{verb}", "item_id": "gone"}
    assert refusal(event) == (f"item_{verb}_invalid_item_id", "item_id")


def truncating(item_id: str = "asked", audio_end_ms: int = 500, content_index: int = 0) -> Tree:
    event = {"type": "conversation.item.truncate", "item_id": item_id, "audio_end_ms": audio_end_ms}
    return {**event, "content_index": content_index}


def test_what_was_not_heard_is_cut() -> None:
    actions = sent(truncating(audio_end_ms=500))
    heard = Message("asked", "assistant", (Part("output_audio", "What is"),), "incomplete")
    assert conversed(actions).find("asked") == heard
    assert told(actions) == [
        {"type": "conversation.item.truncated", "item_id": "asked", "content_index": 0, "audio_end_ms": 500}
    ]


def test_the_cut_may_be_anywhere_in_what_was_sent() -> None:
    assert conversed(sent(truncating(audio_end_ms=0))).find("asked") == Message(
        "asked", "assistant", (Part("output_audio", ""),), "incomplete"
    )
    assert len(sent(truncating(audio_end_ms=1000))) == 2


def test_truncating_what_still_plays_ends_its_playing() -> None:
    assert sent(truncating(), view(playing_id="asked"))[0] == Hush()
    assert Hush() not in sent(truncating(), view(playing_id="another"))


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        (truncating("gone"), "item_truncate_invalid_item_id", "item_id"),
        (truncating("answered"), "item_truncate_invalid_item_type", "item_id"),
        (truncating("written"), "item_truncate_invalid_item_type", "item_id"),
        (truncating("called"), "item_truncate_invalid_item_type", "item_id"),
        (truncating(audio_end_ms=1002), "item_truncate_invalid_audio_end_ms", "audio_end_ms"),
        (truncating(content_index=1), "invalid_value", "content_index"),
    ],
)
def test_what_cannot_be_truncated(event: Tree, code: str, param: str) -> None:
    assert refusal(event) == (code, param)


@pytest.mark.parametrize("entry", [CALLED, RETURNED])
def test_only_a_message_is_heard(entry: Entry) -> None:
    assert heard_only(PLAYED, 500)(entry) == entry


# response.create, response.cancel


def test_a_reply_is_asked_for() -> None:
    assert sent({"type": "response.create"}) == [Ask(Asked(Config()))]


def test_the_next_reply_is_asked_for_while_the_last_still_plays() -> None:
    assert sent({"type": "response.create"}, view(playing_id="asked")) == [Ask(Asked(Config()))]


def wanted(response: Tree, now: View | None = None) -> Asked:
    [action] = sent({"type": "response.create", "response": response}, now or view())
    assert isinstance(action, Ask)
    return action.asked


def test_a_reply_has_its_own_settings() -> None:
    own = wanted({"instructions": "Be brief.", "output_modalities": ["text"], "max_output_tokens": 9})
    assert (own.config.instructions, own.config.spoken, own.config.max_output_tokens) == (
        "Be brief.",
        False,
        9,
    )
    assert own.config.audio == Config().audio


def test_a_reply_aside_may_be_asked_for_at_any_time() -> None:
    aside = wanted({"conversation": "none", "metadata": {"topic": "x"}}, view(response_id="resp_1"))
    assert (aside.aside, aside.metadata) == (True, {"topic": "x"})


def test_a_reply_may_answer_other_items_than_the_conversations() -> None:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    given = wanted({"input": [{"type": "item_reference", "id": "asked"}, message]}).entries
    assert given is not None
    assert given[0].id == "asked"
    assert isinstance(given[1], Message)
    assert given[1].text == "Hi"
    assert wanted({"input": []}).entries == ()


@pytest.mark.parametrize(
    ("response", "param"),
    [
        ({"metadata": {str(n): "x" for n in range(17)}}, "response.metadata"),
        ({"metadata": {"long": "x" * 513}}, "response.metadata.long"),
        ({"conversation": "other"}, "response.conversation"),
        ({"output_modalities": ["audio", "text"]}, "response.output_modalities"),
        ({"max_output_tokens": 0}, "response.max_output_tokens"),
        ({"input": [{"type": "item_reference", "id": "gone"}]}, "response.input"),
    ],
)
def test_a_reply_that_cannot_be_is_refused(response: Tree, param: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        sent({"type": "response.create", "response": response})
    assert refused.value.code == "invalid_value"
    assert (refused.value.param or "").startswith(param)


def test_an_aside_is_cancelled_by_its_id() -> None:
    now = view(asides=("resp_9",), response_id="resp_1")
    assert sent({"type": "response.cancel", "response_id": "resp_9"}, now) == [CancelAside("resp_9")]


def test_a_transcription_session_gives_no_replies() -> None:
    assert (
        refusal({"type": "response.create"}, view(config=Config(type="transcription")))[0] == "invalid_event"
    )


def test_a_session_becomes_one_of_transcription_while_nothing_has_happened() -> None:
    update = {"type": "session.update", "session": {"type": "transcription"}}
    [action] = sent(update, view(entries=()))
    assert isinstance(action, Configure)
    assert action.config.audio.input.transcription is not None
    assert refusal(update, view(entries=(), fresh=False))[0] == "invalid_value"
    assert refusal(update, view())[0] == "invalid_value"


def test_one_reply_at_a_time() -> None:
    busy = view(response_id="resp_1")
    assert refusal({"type": "response.create"}, busy)[0] == "conversation_already_has_active_response"


@pytest.mark.parametrize("named", [{}, {"response_id": "resp_1"}, {"response_id": None}])
def test_the_reply_is_cancelled(named: Tree) -> None:
    assert sent({"type": "response.cancel", **named}, view(response_id="resp_1")) == [
        Happen(moves.ReplyCancelled())
    ]


@pytest.mark.parametrize("active", [None, "resp_2"])
def test_no_such_reply_to_cancel(active: str | None) -> None:
    event = {"type": "response.cancel", "response_id": "resp_1"}
    with pytest.raises(ProtocolError, match=r"^Cancellation failed") as refused:
        sent(event, view(response_id=active))
    assert refused.value.code == "response_cancel_not_active"


def test_a_cancel_without_a_reply() -> None:
    assert refusal({"type": "response.cancel"}) == ("response_cancel_not_active", None)


# tutor.v1

TUTOR_EVENTS: list[tuple[Tree, Action]] = [
    ({"type": "tutor.playhead", "item_id": "asked", "played_ms": 400}, Play("asked", 400)),
    ({"type": "tutor.settings", "lesson": "cafe"}, Prefer(TutorSettings(lesson="cafe"))),
    ({"type": "tutor.hint"}, GiveHint()),
    ({"type": "tutor.again"}, Repeat("asked", NAME, slower=False)),
    ({"type": "tutor.again", "slower": True}, Repeat("asked", NAME, slower=True)),
]


@pytest.mark.parametrize(("event", "action"), TUTOR_EVENTS)
def test_tutor_v1(event: Tree, action: Action) -> None:
    assert sent(event, view(tutor=True)) == [action]


@pytest.mark.parametrize(
    "event", [*(event for event, _ in TUTOR_EVENTS), {"type": "tutor.resume", "session_id": "s"}]
)
def test_tutor_events_need_the_subprotocol(event: Tree) -> None:
    assert refusal(event) == ("invalid_event", "type")


def test_what_was_heard_last_is_said_again_whatever_came_after_it() -> None:
    early = Playback().begin("Hello.").send(500).end().play(500)
    unheard = Playback().begin("Never mind.").send(500).end()
    entries = [Message(id, "assistant", (Part("output_audio", id),)) for id in ("early", "asked", "unheard")]
    played = {"early": early, "asked": PLAYED, "unheard": unheard}
    on = View(conversation=Conversation((*entries, ANSWERED)), played=played, tutor=True)
    assert sent({"type": "tutor.again"}, on) == [Repeat("asked", NAME, slower=False)]


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (view(tutor=True, listening=False), "floor_taken"),
        (view(tutor=True, entries=()), "nothing_to_repeat"),
        (view(tutor=True, entries=(ANSWERED, WRITTEN)), "nothing_to_repeat"),
    ],
    ids=["somebody speaks", "nothing was said", "nothing was spoken"],
)
def test_nothing_is_said_again(on: View, code: str) -> None:
    assert refusal({"type": "tutor.again"}, on) == (code, None)


def test_a_talk_is_resumed_only_at_the_beginning() -> None:
    assert refusal({"type": "tutor.resume", "session_id": "sess_1"}, view(tutor=True)) == (
        "invalid_event",
        "type",
    )
