"""Which words ask for the turn."""

import pytest

from realtime.talk.backchannel import asks_for_the_turn
from realtime.talk.transcript import Word


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("", False),
        ("mm-hm", False),
        ("Yeah, okay.", False),
        ("wait", True),
        ("yes but", True),
        ("Uh, sorry", True),
        ("No!", True),
    ],
)
def test_one_word_that_is_more_than_a_backchannel_asks_for_the_turn(said: str, asks: bool) -> None:
    assert asks_for_the_turn(Word(word, 0, 100) for word in said.split()) is asks
