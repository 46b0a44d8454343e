"""session.update: a deep merge that is validated and echoed whole."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import ProtocolError
from realtime.protocol.config import Config, Level, SemanticVad, ServerVad, merged, policy
from realtime.talk.turn import Policy
from realtime.wire.codec import encode
from realtime.wire.server_events import SessionUpdated
from tests.protocol.strict import strict

Tree = dict[str, Any]


def updated(*changes: Tree, tutor: bool = False) -> Tree:
    """The session as it is echoed after these updates."""
    config = Config()
    for change in changes:
        config = merged(config, {"type": "realtime", **change}, tutor=tutor)
    described = {**config.model_dump(mode="json"), "id": "sess_1", "object": "realtime.session"}
    frame = json.loads(encode(SessionUpdated(session=described), "event_1"))
    strict(frame)
    session: Tree = frame["session"]
    return session


def refusal(change: Tree, *, tutor: bool = False) -> tuple[str, str | None]:
    with pytest.raises(ProtocolError) as refused:
        merged(Config(), {"type": "realtime", **change}, tutor=tutor)
    return refused.value.code, refused.value.param


def hearing(**change: Any) -> Tree:
    return {"audio": {"input": change}}


def speaking(**change: Any) -> Tree:
    return {"audio": {"output": change}}


def detection(**change: Any) -> Tree:
    return hearing(turn_detection=change)


# the echo


def test_a_session_begins_with_the_protocols_defaults() -> None:
    session = updated()
    assert session["output_modalities"] == ["audio"]
    assert session["audio"]["input"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "turn_detection": {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
            "create_response": True,
            "interrupt_response": True,
        },
        "transcription": None,
        "noise_reduction": None,
    }
    assert session["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "alloy",
        "speed": 1.0,
    }


def test_what_an_update_does_not_name_stays() -> None:
    session = updated(
        {"instructions": "be kind", **speaking(voice="verse")}, {"model": "tutor", "tracing": "auto"}
    )
    assert session["instructions"] == "be kind"
    assert session["audio"]["output"]["voice"] == "verse"
    assert session["tracing"] == "auto"


def test_an_empty_update_changes_nothing() -> None:
    assert updated({}) == updated()


def test_the_model_belongs_to_the_connection() -> None:
    assert updated({"model": "another"})["model"] == "tutor"


def test_unknown_fields_are_left_out_of_the_echo() -> None:
    transcription = {"model": "whisper-1", "delay": None, "keywords": ["tea"]}
    session = updated({"mood": "good", **hearing(transcription=transcription)})
    assert "mood" not in session
    assert session["audio"]["input"]["transcription"] == {"model": "whisper-1"}


# the merge


def test_a_field_deep_in_the_tree_is_changed_alone() -> None:
    session = updated(detection(type="server_vad", threshold=0.7), detection(silence_duration_ms=200))
    assert session["audio"]["input"]["turn_detection"]["threshold"] == 0.7
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200
    assert session["audio"]["output"] == updated()["audio"]["output"]


@pytest.mark.parametrize(
    ("field", "on"),
    [
        ("turn_detection", {"type": "server_vad"}),
        ("transcription", {"model": "whisper-1"}),
        ("noise_reduction", {"type": "near_field"}),
    ],
)
def test_null_turns_off(field: str, on: Tree) -> None:
    session = updated(hearing(**{field: on}), hearing(**{field: None}))
    assert session["audio"]["input"][field] is None
    assert updated(hearing(**{field: None}), hearing(**{field: on}))["audio"]["input"][field] is not None


def test_null_turns_tracing_off() -> None:
    assert updated({"tracing": {"workflow_name": "lesson"}}, {"tracing": None})["tracing"] is None


def test_null_elsewhere_is_the_default_again() -> None:
    session = updated({"instructions": "be kind", "max_output_tokens": 100}, {"instructions": None})
    assert session["instructions"] == ""
    assert session["max_output_tokens"] == 100
    assert updated(detection(threshold=0.9), detection(threshold=None)) == updated()


def test_null_is_the_default_in_what_was_off_too() -> None:
    on = detection(type="server_vad", threshold=None, silence_duration_ms=200)
    turned_on = updated(hearing(turn_detection=None), on)["audio"]["input"]["turn_detection"]
    assert (turned_on["threshold"], turned_on["silence_duration_ms"]) == (0.5, 200)


def test_a_member_of_another_type_replaces_the_old_one_whole() -> None:
    session = updated(detection(threshold=0.9), detection(type="semantic_vad", eagerness="low"))
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": True,
        "interrupt_response": True,
    }
    back = updated(detection(threshold=0.9), detection(type="semantic_vad"), detection(type="server_vad"))
    assert back == updated()


def test_a_format_of_another_type_leaves_the_rate_behind() -> None:
    session = updated(hearing(format={"type": "audio/pcmu"}))
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert (
        merged(
            Config(), {"type": "realtime", **hearing(format={"type": "audio/pcma"})}, tutor=False
        ).input_rate
        == 8000
    )


def test_a_list_is_replaced_whole() -> None:
    one, two = ({"type": "function", "name": name} for name in ("one", "two"))
    assert updated({"tools": [one, two]}, {"tools": [two]})["tools"] == [two]
    assert updated({"tools": [one]}, {"tools": []})["tools"] == []


def test_a_tool_may_be_chosen_by_name() -> None:
    chosen = {"type": "function", "name": "look_up"}
    assert updated({"tool_choice": chosen})["tool_choice"] == chosen
    assert updated({"tool_choice": chosen}, {"tool_choice": "none"})["tool_choice"] == "none"


def test_text_instead_of_speech() -> None:
    assert updated({"output_modalities": ["text"]})["output_modalities"] == ["text"]
    assert Config().spoken
    assert not Config(output_modalities=("text",)).spoken


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.none() | st.text(max_size=5),
        "output_modalities": st.sampled_from((["audio"], ["text"], None)),
        "max_output_tokens": st.sampled_from((None, 1, 4096, "inf")),
        "tracing": st.sampled_from((None, "auto", {"workflow_name": "lesson"}, {"group_id": "1"})),
        "truncation": st.sampled_from((None, "auto", {"type": "retention_ratio", "retention_ratio": 0.5})),
        "tool_choice": st.sampled_from((None, "auto", {"type": "function", "name": "look_up"})),
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "input": st.fixed_dictionaries(
                    {},
                    optional={
                        "turn_detection": st.sampled_from(
                            (
                                None,
                                {"type": "server_vad", "threshold": None, "silence_duration_ms": 0},
                                {"type": "server_vad", "create_response": False, "idle_timeout_ms": 6000},
                                {"type": "semantic_vad", "eagerness": "high"},
                            )
                        ),
                        "transcription": st.sampled_from((None, {}, {"language": "en"}, {"prompt": None})),
                        "noise_reduction": st.sampled_from(
                            (None, {"type": "near_field"}, {"type": "far_field"})
                        ),
                        "format": st.sampled_from((None, {"type": "audio/pcm"}, {"type": "audio/pcmu"})),
                    },
                ),
                "output": st.fixed_dictionaries({}, optional={"voice": st.sampled_from((None, "verse"))}),
            },
        ),
    },
)


@settings(max_examples=100, deadline=None)
@given(st.lists(CHANGES, max_size=3))
def test_any_updates_leave_a_session_that_strict_clients_can_read(changes: list[Tree]) -> None:
    echoed = updated(*changes)
    assert updated(*changes, {}) == echoed
    if changes:
        assert updated(*changes, changes[-1]) == echoed


# refusals


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"type": "transcription"}, "session.type"),
        ({"output_modalities": ["audio", "text"]}, "session.output_modalities"),
        ({"output_modalities": []}, "session.output_modalities.0"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
        ({"tool_choice": "look_up"}, "session.tool_choice"),
        ({"tools": [{"type": "function"}]}, "session.tools.0.name"),
        ({"audio": 7}, "session.audio"),
        (detection(threshold=1.5), "session.audio.input.turn_detection.threshold"),
        (detection(type="magic"), "session.audio.input.turn_detection.type"),
        (hearing(format={"type": "audio/mp3"}), "session.audio.input.format.type"),
        (hearing(format={"type": "audio/pcm", "rate": 16_000}), "session.audio.input.format.rate"),
        (hearing(noise_reduction={"type": "none"}), "session.audio.input.noise_reduction.type"),
        (speaking(speed=9), "session.audio.output.speed"),
        (speaking(speed=float("nan")), "session.audio.output.speed"),
        (speaking(format={"type": "audio/mp3"}), "session.audio.output.format.type"),
        (speaking(format={"type": "audio/pcm", "rate": 16_000}), "session.audio.output.format"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_that_the_client_gave_it(change: Tree, param: str) -> None:
    assert refusal(change) == ("invalid_value", param)


def test_an_update_must_say_its_type() -> None:
    with pytest.raises(ProtocolError) as refused:
        merged(Config(), {"instructions": "be kind"}, tutor=False)
    assert (refused.value.code, refused.value.param) == ("missing_required_parameter", "session.type")


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_the_page_sends_at_the_rate_of_its_own_clock(rate: int) -> None:
    config = merged(
        Config(), {"type": "realtime", **hearing(format={"type": "audio/pcm", "rate": rate})}, tutor=True
    )
    assert config.input_rate == rate


@pytest.mark.parametrize("rate", [8000, 15_999, 48_001])
def test_even_the_page_sends_at_no_rate_that_cannot_be_heard(rate: int) -> None:
    change = hearing(format={"type": "audio/pcm", "rate": rate})
    assert refusal(change, tutor=True) == ("invalid_value", "session.audio.input.format.rate")


# the turn's policy


def configured(turn_detection: ServerVad | SemanticVad | None) -> Config:
    audio = Config().audio
    heard = audio.input.model_copy(update={"turn_detection": turn_detection})
    return Config(audio=audio.model_copy(update={"input": heard}))


def test_without_voice_activity_the_client_commits() -> None:
    assert policy(configured(None), tutor=False) == Policy(detect=False)
    assert policy(configured(None), tutor=True) == Policy(detect=False, graceful=True, live=True)


def test_server_vad_keeps_its_fixed_silence() -> None:
    detection = ServerVad(silence_duration_ms=800, create_response=False, interrupt_response=False)
    expected = Policy(endpoint_ms=800, late_ms=64, respond=False, interrupt=False)
    assert policy(configured(detection), tutor=False) == expected


def test_tutor_v1_ducks_joins_and_shows_words() -> None:
    expected = Policy(graceful=True, live=True, attentive=True, late_ms=64, pause_ms=500)
    assert policy(configured(ServerVad()), tutor=True) == expected


def test_semantic_vad_waits_longer_the_less_eager_it_is() -> None:
    waits = [
        policy(configured(SemanticVad(eagerness=eagerness)), tutor=False).endpoint_ms
        for eagerness in ("high", "medium", "auto", "low")
    ]
    assert waits == [400, 700, 700, 1200]


def test_a_beginner_is_waited_for_longer() -> None:
    levels: tuple[Level, ...] = ("A1", "A2", "B1")
    waits = [policy(configured(ServerVad()), tutor=True, level=level).endpoint_ms for level in levels]
    assert waits == sorted(set(waits), reverse=True)
    assert waits[1] == ServerVad().silence_duration_ms
    pauses = [policy(configured(ServerVad()), tutor=True, level=level).pause_ms for level in levels]
    assert pauses == sorted(set(pauses), reverse=True)


def test_patience_and_level_both_stretch_the_wait() -> None:
    detection = configured(ServerVad(silence_duration_ms=1000))
    asked = policy(detection, tutor=True, patience="high", level="B1")
    assert (asked.endpoint_ms, asked.pause_ms) == (1800, 900)


def test_no_level_stretches_what_a_ga_client_asked_for() -> None:
    for detection in (ServerVad(), SemanticVad()):
        asked = policy(configured(detection), tutor=False)
        assert policy(configured(detection), tutor=False, level="A1") == asked
        assert asked.pause_ms == 0


def test_only_semantic_vad_and_the_tutors_own_protocol_look_at_the_words() -> None:
    assert policy(configured(SemanticVad()), tutor=False).attentive
    assert policy(configured(ServerVad()), tutor=True).attentive
    assert not policy(configured(ServerVad()), tutor=False).attentive


def test_a_format_that_a_response_cannot_have_is_named_as_the_responses() -> None:
    with pytest.raises(ProtocolError) as refused:
        merged(
            Config(),
            {"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcm", "rate": 8000}}}},
            tutor=False,
            root="response",
        )
    assert refused.value.param == "response.audio.output.format"
