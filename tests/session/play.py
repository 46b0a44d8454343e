"""Random plays: what a client may send and an engine may do, in any order, as hypothesis makes them up.

A step that names an item or a response says which of those seen so far by a number.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from realtime.engines.protocols import CallDelta, ChatEnded
from realtime.errors import EngineDown, EngineRefused, EngineTimeout
from realtime.talk.tokens import Tokens
from realtime.talk.transcript import Transcript
from tests.session.scripted import Answer, Clip, Gate, Outcome, heard

Tree = dict[str, Any]
TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@dataclass(frozen=True)
class Say:
    """The learner's microphone."""

    ms: int
    speech: bool


@dataclass(frozen=True)
class Send:
    """A client event; `{item}` and `{response}` in it stand for the `nth` that is known."""

    event: Tree | str | bytes
    nth: int = 0


@dataclass(frozen=True)
class Engine:
    """From now on an engine does this; None in a sequence is a gate that `Open` opens."""

    name: str
    script: tuple[Any, ...]


@dataclass(frozen=True)
class Settle:
    """The client reads all that there is."""


@dataclass(frozen=True)
class Open:
    """What waits at gates goes on."""


Step = Say | Send | Engine | Settle | Open
Phrase = tuple[Step, ...]


def _session(**fields: Any) -> Tree:
    return {"type": "session.update", "session": {"type": "realtime", **fields}}


def _detect(**fields: Any) -> Tree:
    return _session(audio={"input": {"turn_detection": fields or None}})


def _reply(**fields: Any) -> Tree:
    return {"type": "response.create", "response": fields}


def _item(content: str | None, role: str = "user", **fields: Any) -> Tree:
    kind = "output_text" if role == "assistant" else "input_text"
    item = {"type": "message", "role": role, "content": [{"type": kind, "text": content}]}
    return {"type": "conversation.item.create", "item": item | fields.pop("item", {}), **fields}


def _output(call_id: str) -> Tree:
    item = {"type": "function_call_output", "call_id": call_id, "output": "rain"}
    return {"type": "conversation.item.create", "item": item}


def _on(kind: str, **fields: Any) -> Tree:
    return {"type": f"conversation.item.{kind}", "item_id": "{item}", **fields}


TALKING: list[Tree] = [
    {"type": "response.create"},
    {"type": "response.create"},
    _reply(conversation="none"),
    _reply(conversation="none", output_modalities=["text"], metadata={"topic": "aside"}),
    _reply(output_modalities=["text"]),
    _reply(tools=[TOOL], tool_choice="required"),
    _reply(max_output_tokens=1),
    _reply(input=[], instructions="Be brief."),
    _reply(input=[{"type": "item_reference", "id": "{item}"}]),
    _reply(audio={"output": {"format": {"type": "audio/pcmu"}}}),
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "{response}"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
]
ITEMS: list[Tree] = [
    _item("Tea, please."),
    _item("Be kind.", "system", previous_item_id="root"),
    _item("Hello!", "assistant", previous_item_id="{item}"),
    _item("Again.", item={"id": "chosen"}),
    _item("Again.", item={"id": "{item}"}),
    _output("call_1"),
    _on("retrieve"),
    _on("delete"),
    _on("delete"),
    _on("truncate", content_index=0, audio_end_ms=0),
    _on("truncate", content_index=0, audio_end_ms=200),
    _on("truncate", content_index=1, audio_end_ms=10**6),
]
SETTING: list[Tree] = [
    _detect(),
    _detect(type="server_vad"),
    _detect(type="server_vad", create_response=False),
    _detect(type="server_vad", interrupt_response=False),
    _detect(type="server_vad", create_response=False, interrupt_response=False),
    _detect(type="server_vad", silence_duration_ms=100, prefix_padding_ms=0),
    _detect(type="semantic_vad", eagerness="high"),
    _session(audio={"input": {"transcription": {"model": "any"}}}),
    _session(audio={"input": {"transcription": None}}),
    _session(output_modalities=["text"]),
    _session(output_modalities=["audio"]),
    _session(tools=[TOOL]),
    _session(audio={"output": {"format": {"type": "audio/pcmu"}}}),
]
WRONG: list[Tree | str | bytes] = [
    "hello",
    "[" * 5000,
    b"\1",
    {"type": "nonsense"},
    {"type": "input_audio_buffer.append", "audio": "?"},
    {"type": "input_audio_buffer.append", "audio": "AA=="},
    {"type": "output_audio_buffer.clear"},
    {"type": "response.cancel", "response_id": "resp_none"},
    _session(audio={"input": {"format": {"type": "audio/pcm", "rate": 7}}}),
    _session(type="transcription"),
    _reply(max_output_tokens=0),
    _reply(metadata={"n": 1}),
    _item("?", item={"id": "x", "role": "nobody"}),
    _item("?", previous_item_id="item_none"),
    {"type": "conversation.item.delete", "item_id": "item_none"},
]
TUTOR: list[Tree] = [
    {"type": "tutor.playhead", "item_id": "{item}", "played_ms": 100},
    {"type": "tutor.playhead", "item_id": "{item}", "played_ms": 10**6},
    {"type": "tutor.playhead", "item_id": "{item}", "played_ms": 10**400},
    {"type": "tutor.settings", "lesson": "milk"},
    {"type": "tutor.settings", "lesson": ""},
    {"type": "tutor.settings", "lesson": "none"},
    {"type": "tutor.hint"},
    {"type": "tutor.again"},
    {"type": "tutor.again", "slower": True},
    {"type": "tutor.resume", "session_id": "sess_none"},
]

_HEARD: list[Outcome | None] = [
    heard("tea please"),
    heard("tea please and sugar"),
    heard("wait no"),
    heard("mm-hm"),
    Transcript(),
    EngineTimeout("recognition", "too late"),
    EngineDown("recognition", "gone"),
    None,
]
_VOICED: list[Clip | None] = [
    Clip(),
    Clip([100, 300]),
    Clip([3000]),
    Clip([]),
    Clip([100, EngineDown("speech", "gone")]),
    Clip(entering=EngineRefused("speech", "no")),
    None,
]
_CALL = (
    CallDelta(0, "call_1", "weather", ""),
    CallDelta(0, None, None, '{"city":'),
    CallDelta(0, None, None, '"x"}'),
)
_SECOND = (CallDelta(1, "call_2", "weather", "{}"),)
_END = (ChatEnded("stop", Tokens(3, 2)),)
_WRITTEN: list[tuple[Any, ...]] = [
    ("Of course. ", "Here is ", "your tea. ", "Anything else?", *_END),
    (*_CALL, *_END),
    ("One moment. ", *_CALL, *_SECOND, *_END),
    (*_CALL, "Done.", *_END),
    ("Of course, I", ChatEnded("length", Tokens(3, 2))),
    _END,
    (),
    (EngineDown("chat", "gone"),),
    ("Of course. ", EngineRefused("chat", "no")),
    ("Of course. ", None, "Here it is.", *_END),
    (None, *_CALL, *_END),
]


CREATE = Send({"type": "response.create"})
PLAYED = Send({"type": "tutor.playhead", "item_id": "{item}", "played_ms": 10**6})
AGAIN = Send({"type": "tutor.again", "slower": True})
PHRASES: list[Phrase] = [
    (Say(900, True), Say(700, False)),
    (Say(900, True), Say(700, False), Settle()),
    (Say(900, True), Say(200, False), Settle(), Say(400, True), Say(700, False)),
    (CREATE, Settle(), Say(900, True)),
    (CREATE, Settle(), Say(150, True), Say(350, False)),
    (CREATE, Say(150, True)),
    (CREATE, Settle(), PLAYED, Settle(), AGAIN, Settle(), CREATE),
    (CREATE, Settle(), PLAYED, Settle(), AGAIN, Say(900, True), Say(700, False)),
    (CREATE, Settle(), Send({"type": "response.cancel"})),
    (CREATE, Settle(), Send(_on("delete")), Open()),
    (CREATE, Settle(), Send(_on("truncate", content_index=0, audio_end_ms=100)), Open()),
    (Send(_detect()), Say(400, True), Send({"type": "input_audio_buffer.commit"}), CREATE),
    (Send(_reply(tools=[TOOL], tool_choice="required")), Settle(), Send(_output("call_1")), CREATE),
    (
        Send(_reply(conversation="none")),
        Settle(),
        Send({"type": "response.cancel", "response_id": "{response}"}),
    ),
]


def phrases(*, tutor: bool) -> st.SearchStrategy[Phrase]:
    """Steps by themselves, and some that belong together because chance would seldom find them."""
    some = st.integers(0, 3)
    sent = [TALKING, TALKING, ITEMS, SETTING, WRONG, *([TUTOR] if tutor else [])]
    step = st.one_of(
        st.sampled_from([Say(900, True), Say(400, True), Say(150, True), Say(700, False), Say(350, False)]),
        *(st.builds(Send, st.sampled_from(events), some) for events in sent),
        st.builds(Engine, st.sampled_from(["finals", "partials"]), _scripts(_HEARD)),
        st.builds(Engine, st.just("voice"), _scripts(_VOICED)),
        st.builds(Engine, st.just("chat"), _scripts(_WRITTEN)),
        st.sampled_from([Settle(), Open()]),
    )
    return st.one_of(st.sampled_from(PHRASES), st.tuples(step))


def _scripts(outcomes: list[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(outcomes), min_size=1, max_size=3).map(tuple)


def staged(script: tuple[Any, ...], gates: list[Gate], kind: str) -> list[Any]:
    """The script with gates where it says None."""

    def gate() -> Gate:
        gates.append(Gate())
        return gates[-1]

    match kind:
        case "voice":
            return [Clip([100, gate(), 100]) if one is None else one for one in script]
        case "chat":
            answers: list[Answer] = [
                tuple(gate() if step is None else step for step in one) for one in script
            ]
            return answers
        case _:
            outcomes = [gate() if one is None else one for one in script]
            return [*outcomes, heard("tea please")] if isinstance(outcomes[-1], Gate) else outcomes
