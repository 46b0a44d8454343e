"""What a frame of text says, where that is asked before it is read in its turn."""

import pytest

from realtime.wire.client_events import TutorPlayhead
from realtime.wire.codec import playhead


def test_a_playhead_is_told_from_all_else() -> None:
    text = '{"type": "tutor.playhead", "item_id": "item_1", "played_ms": 400}'
    assert playhead(text) == TutorPlayhead(item_id="item_1", played_ms=400)


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "response.cancel"}',
        '{"type": "response.cancel", "event_id": "tutor.playhead"}',
        '{"type": "tutor.playhead", "item_id": "item_1"}',
        '{"type": "tutor.playhead", "item_id": "item_1", "played_ms": "long"}',
        "tutor.playhead",
        "",
    ],
)
def test_what_is_none_or_a_wrong_one_is_left_to_who_reads_it(text: str) -> None:
    assert playhead(text) is None
