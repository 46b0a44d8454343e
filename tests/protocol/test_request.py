"""What a response.create asks for."""

from realtime.protocol.config import Config
from realtime.protocol.request import Asked, asked
from realtime.talk.conversation import Conversation

FIELDS = (
    *("conversation", "input", "metadata", "instructions", "output_modalities", "audio"),
    *("tools", "tool_choice", "max_output_tokens", "prompt", "reasoning"),
)


def test_a_null_is_as_good_as_absent() -> None:
    config = Config(instructions="Be kind.", max_output_tokens=7)
    nulls = dict.fromkeys(FIELDS)
    wanted = asked(config, nulls, Conversation(), lambda kind: kind, tutor=False)
    assert wanted == Asked(config)
