"""Whatever a recogniser writes comes down to the words that were spoken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.tutor.spoken import as_spoken, in_full, plain, tokens
from tests.tutor.said import heard


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I'm 21 years old!", "i am twenty one years old"),
        ("I am twenty-one years old.", "i am twenty one years old"),
        ("I\u2019m fine, thanks.", "i am fine thank you"),
        ("Um, well, I don't... uh... know", "well i do not know"),
        ("It's 7:30 a.m.", "it is seven thirty"),
        ("It's 7:00", "it is seven o'clock"),
        ("I get up at 7 am", "i get up at seven"),
        ("I am a teacher at a school", "i am a teacher at a school"),
        ("That's $3.50, please", "that is three fifty dollars"),
        ("The 2nd street", "the second street"),
        ("José’s café", "jose's cafe"),
        ("He can't, she won't, let's go", "he can not she will not let us go"),
        ("My favourite colour", "my favorite color"),
        ("A large coffee, please.", "a large coffee"),
        ("", ""),
        ("¿¡...!?", ""),
    ],
)
def test_one_plain_form(written: str, spoken: str) -> None:
    assert " ".join(plain(written)) == spoken


def test_words_keep_how_surely_they_were_heard() -> None:
    [first, second] = tokens(heard("twenty-one", score=0.4))
    assert (first.text, second.text) == ("twenty", "one")
    assert first.score == second.score == 0.4


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30))
def test_any_text_has_a_plain_form_that_is_its_own(text: str) -> None:
    once = plain(text)
    assert plain(" ".join(once)) == once or any(not word.isalpha() for word in once)


def test_the_recogniser_is_told_plain_lower_case() -> None:
    assert as_spoken("Yes, I'd like a T-shirt, please.") == "yes i'd like a t-shirt please"
    assert in_full("Yes, I'd like one.") == "yes i would like one"
