"""How long the tutor pauses between two texts."""

import pytest

from realtime.talk.joint import NEW_LINE_MS, pause_ms


@pytest.mark.parametrize(
    ("before", "pause"),
    [
        ("Of course.", 300),
        ("Really?", 300),
        ("Stop!", 300),
        ("Well…", 300),
        ("Well...", 300),
        ('He said "yes."', 300),
        ("(It is late.)", 300),
        ("I have two things:", 200),
        ("It rains;", 200),
        ("Tea —", 200),
        ("If you like tea,", 120),
        ("“If you like tea,”", 120),
        ("a text too long for one breath", 60),
        ("3.50", 60),
        ("", 60),
    ],
)
def test_the_pause_is_as_the_punctuation_wants(before: str, pause: int) -> None:
    assert pause_ms(before, new_line=False) == pause
    assert pause_ms(before, new_line=True) == NEW_LINE_MS
