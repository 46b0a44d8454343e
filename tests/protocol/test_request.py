"""What a response.create asks for."""

from typing import Any

import pytest

from realtime.errors import ProtocolError
from realtime.protocol.config import Config
from realtime.protocol.request import Asked, asked
from realtime.talk.conversation import Conversation, Message, Part

SAID = Message("said", "user", (Part("input_text", "Tea?"),))
SESSION = Config(instructions="Be kind.")
WRITTEN = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hm?"}]}


def _asked(**given: Any) -> Asked:
    return asked(SESSION, given or None, Conversation((SAID,)), lambda kind: f"{kind}_new", tutor=False)


def test_without_a_word_it_is_as_the_session_says() -> None:
    assert _asked() == Asked(SESSION)


def test_its_own_fields_hold_for_this_response_only() -> None:
    wanted = _asked(output_modalities=["text"], max_output_tokens=5, metadata={"a": "b"}, conversation="none")
    assert (wanted.config.output_modalities, wanted.config.max_output_tokens) == (("text",), 5)
    assert wanted.config.instructions == "Be kind."
    assert (wanted.metadata, wanted.aside) == ({"a": "b"}, True)
    assert SESSION.output_modalities == ("audio",)


def test_its_input_is_all_that_it_answers() -> None:
    assert _asked(input=[]).entries == ()
    entries = _asked(input=[{"type": "item_reference", "id": "said"}, WRITTEN]).entries
    assert entries == (SAID, Message("item_new", "user", (Part("input_text", "Hm?"),)))


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"conversation": "other"}, "response.conversation"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "response.metadata"),
        ({"metadata": {"k" * 65: "x"}}, "response.metadata"),
        ({"metadata": {"k": "x" * 513}}, "response.metadata.k"),
        ({"input": [{"type": "item_reference", "id": "none"}]}, "response.input"),
        ({"max_output_tokens": 0}, "response.max_output_tokens"),
        ({"output_modalities": ["audio", "text"]}, "response.output_modalities"),
        (
            {"audio": {"output": {"format": {"type": "audio/pcm", "rate": 8000}}}},
            "response.audio.output.format",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(given: dict[str, Any], param: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        _asked(**given)
    assert (refused.value.param or "").startswith(param)
