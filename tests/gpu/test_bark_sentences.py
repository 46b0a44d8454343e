"""Text as Bark is given it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu.bark.sentences import (
    FEWEST_SYLLABLES,
    MOST_SYLLABLES,
    SLOWEST,
    SOUNDS,
    NothingToSay,
    longest_s,
    pieces,
    shortest_s,
    shown,
    spoken,
    syllables,
    word_errors,
    words_of,
)

MARKET = (
    "I went to the market with my mother and my sister because we wanted to buy apples, oranges and bananas, "
    "but when we arrived there it was already closed, so we went back home and ate some of the old bread."
)
TOKENS = [*("tea", "extraordinarily", "a", "12", "Why?", "Yes.", "and", "—", "home,", "“No.”"), *SOUNDS]
texts = st.lists(
    st.sampled_from([f"[{one}]" if one in SOUNDS else one for one in TOKENS]), min_size=1, max_size=120
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes. What would you like?", ["Yes. What would you like?"]),
        ("What would you like? Tea?", ["What would you like? Tea?"]),
        ("Why?", ["Why?"]),
        ("Good morning. How are you today?", ["Good morning.", "How are you today?"]),
        ("Dr. Smith said, “Come in.” He smiled.", ["Dr. Smith said, “Come in.”", "He smiled."]),
        ("[laughs] That is  funny!\n\nIsn't it funny?", ["[laughs] That is funny!", "Isn't it funny?"]),
        ("WOMAN: Tea [MAN] or ♪coffee♪, [whispers] sir?", ["Tea or coffee, whispers sir?"]),
        ("[sighs]", ["[sighs]"]),
        ("... Well, that is it. —", ["Well, that is it."]),
    ],
)
def test_pieces(text: str, said: list[str]) -> None:
    assert pieces(text) == said


def test_a_long_sentence_is_divided_at_a_clause() -> None:
    first, second = pieces(MARKET)
    assert first.endswith("bananas,")
    assert second.startswith("but when we")


@pytest.mark.parametrize("text", ["", " ", "...", "♪ ♪", "[]", "MAN: —"])
def test_what_cannot_be_said_is_refused(text: str) -> None:
    with pytest.raises(NothingToSay):
        pieces(text)


@given(texts)
def test_no_word_and_no_sound_is_lost_or_moved(text: str) -> None:
    try:
        made = pieces(text)
    except NothingToSay:
        assert not syllables(text)
    else:
        assert words_of(" ".join(made)) == words_of(text)
        assert [sound for sound in " ".join(made).split("[")[1:]] == text_sounds(made, text)


def text_sounds(made: list[str], text: str) -> list[str]:
    """The text's own, in its words' spacing."""
    kept = [token for token in spoken(text).split(" ") if token != "—"]
    joined = [token for token in " ".join(made).split(" ") if token != "—"]
    assert joined == kept
    return " ".join(made).split("[")[1:]


@given(texts)
def test_a_piece_is_neither_too_long_nor_without_need_too_short(text: str) -> None:
    try:
        made = pieces(text)
    except NothingToSay:
        return
    assert all(syllables(piece) <= MOST_SYLLABLES for piece in made)
    for piece, other in pairwise(made):
        if syllables(piece) + syllables(other) <= MOST_SYLLABLES:
            assert min(syllables(piece), syllables(other)) >= FEWEST_SYLLABLES


def test_a_word_without_end_is_divided() -> None:
    assert all(syllables(piece) <= MOST_SYLLABLES for piece in pieces("a" * 2000))


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("tea", 1),
        ("home", 1),
        ("table", 2),
        ("strengths", 1),
        ("café", 2),
        ("I'd", 1),
        ("banana", 3),
        ("12", 4),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_sounds_are_neither_words_nor_shown() -> None:
    text = "[Clears throat] Well, [laughs] that — was funny."
    assert shown(text) == "Well, that — was funny."
    assert words_of(text) == ["Well,", "that", "was", "funny."]
    assert syllables(text) == syllables("Well, that was funny.")


def test_a_sound_may_take_its_time() -> None:
    assert longest_s("[laughs] Well.") > longest_s("Well.") + 2


@pytest.mark.parametrize(
    ("text", "took_s"),
    [
        # The slowest and the fastest that were measured: a speech in a hall, a reader, espeak-ng.
        (
            "And so my fellow Americans, ask not what your country can do for you, "
            "ask what you can do for your country.",
            10.9,
        ),
        ("He might even have been made amiable himself.", 3.2),
        ("Tell me about your family and what you like to do on Sundays.", 3.6),
        ("Why?", 0.4),
    ],
)
def test_what_people_take_is_allowed(text: str, took_s: float) -> None:
    assert shortest_s(text) < took_s * 0.7
    assert longest_s(text) > took_s * 1.3
    assert longest_s(text) < syllables(text) / SLOWEST + 5


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("Would you like tea?", "would you like tea", 0),
        ("Would you like tea? [laughs]", "Would you like some tea?", 1 / 4),
        ("It’s fine.", "it's fine", 0),
        ("Yes.", "", 1),
        ("Yes.", "Yes, I would like to have that", 6),
    ],
)
def test_word_errors(said: str, heard: str, errors: float) -> None:
    assert word_errors(said, heard) == errors
