"""Streamed text is cut where a voice can pause, whatever the chunks it comes in."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.talk.segmenter import LONGEST, Segment, Segmenter, shown, speakable


def cut(*chunks: str) -> list[str]:
    return [segment.text for segment in segments_of(*chunks)]


def segments_of(*chunks: str) -> list[Segment]:
    segmenter, segments = Segmenter(), list[Segment]()
    for chunk in chunks:
        segmenter, more = segmenter.feed(chunk)
        segments += more
    return segments + segmenter.finish()


def test_sentences_are_segments() -> None:
    assert cut("Hello, Ana. How are you? Great!") == ["Hello, Ana.", "How are you?", "Great!"]


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    segmenter, none = Segmenter().feed("Hello, Ana.")
    assert none == []
    _, segments = segmenter.feed(" H")
    assert segments == [Segment("Hello, Ana.")]


def test_the_first_segment_may_end_at_a_clause() -> None:
    text = "Would you like some tea, or a coffee, or maybe milk, or water? Good, then let us go, shall we?"
    assert cut(text) == [
        "Would you like some tea,",
        "or a coffee, or maybe milk, or water?",
        "Good, then let us go, shall we?",
    ]


def test_a_short_first_clause_is_not_torn_off() -> None:
    assert cut("Well, I think so.") == ["Well, I think so."]


@pytest.mark.parametrize(
    "text",
    [
        "I am Dr. Smith and this is Mrs. Jones.",
        "J. R. R. Tolkien wrote it.",
        "Some fruit, e.g. an apple.",
        "It costs 3.50 euros.",
        "1. Say your name.",
        "Go to (St. James) now.",
        "It is at 10:30 on page 4.5 of the book.",
    ],
)
def test_a_full_stop_that_ends_no_sentence(text: str) -> None:
    assert cut(text, " Yes.") == [text, "Yes."]


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("Well... I think so.", ["Well...", "I think so."]),
        ("I see… Good.", ["I see…", "Good."]),
        ("... Hello.", ["... Hello."]),
        ("Really?! No.", ["Really?!", "No."]),
        ("So did I. Yes.", ["So did I.", "Yes."]),
        ('She said, "I am tired." Then she left.', ['She said, "I am tired."', "Then she left."]),
        ("“Yes!” she said. (Maybe.) Good.", ["“Yes!”", "she said.", "(Maybe.)", "Good."]),
        ("¿Cómo estás? ¡Muy bien! Gracias.", ["¿Cómo estás?", "¡Muy bien!", "Gracias."]),
        ("One line\nAnother line\n\n\nA third", ["One line", "Another line", "A third"]),
    ],
)
def test_where_a_sentence_ends(text: str, segments: list[str]) -> None:
    assert cut(text) == segments


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Great!** Now *you*.", "Great! Now you."),
        ("# A title", "A title"),
        ("Say `hello`, _please_.", "Say hello, please."),
        ("Look at [the map](http://maps.example/a).", "Look at the map."),
        ("Look at https://maps.example/a?b=c now.", "Look at now."),
        ("Well done 🎉🎉!", "Well done!"),
        ("Good 👩‍🏫 ⭐ ✅ job", "Good job"),
        ("snake_case", "snake case"),
        ("two  \t spaces", "two spaces"),
        ("🎉 ... !", ""),
        ("**", ""),
        ("", ""),
    ],
)
def test_neither_markup_nor_emoji_is_spoken(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_what_cannot_be_spoken_is_no_segment() -> None:
    assert cut("🎉 ", "Hello there. ", "🙂!\n\n") == ["Hello there."]
    assert cut("https://maps.example/a. Hello there.") == ["Hello there."]


def test_an_overlong_sentence_breaks_at_a_clause() -> None:
    _, first, *others = cut("Listen. " + "and so on " * 10 + "until here, " + "and so on " * 10)
    assert first.endswith("until here,")
    assert len(others) == 1


def test_an_overlong_sentence_without_clauses_breaks_between_words() -> None:
    text = "word " * 100
    assert all(len(segment) <= LONGEST for segment in cut(text))
    assert " ".join(cut(text)).split() == text.split()


def test_an_overlong_word_breaks_at_the_limit() -> None:
    assert [len(segment) for segment in cut("a" * 450)] == [LONGEST, LONGEST, 50]


def test_a_clause_that_ends_beyond_the_limit_is_no_first_segment() -> None:
    assert len(cut("word " * 50 + "end, and more")[0]) <= LONGEST


def test_white_space_counts_toward_no_limit() -> None:
    assert cut("Hello. ", " " + "x" * LONGEST) == ["Hello.", "x" * LONGEST]
    line = "word " * 39 + "last"
    assert cut(line + "\n\n\nNext") == [line, "Next"]


WORDS = ("a", "I", "Dr", "3", "12", "hello", "señor", "word" * 12, "x" * 70, "e.g")
PIECES = st.sampled_from((*WORDS, *'.…!?,;:"”’)(¿¡*_#—🎉🙂⭐\n\t', "...", "**", "  ", *(" ",) * 6))
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data())
def test_any_chunks_give_the_same_segments(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    chunks = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert cut(*chunks) == cut(text) == cut(*text)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_nothing_that_can_be_said_is_lost_or_doubled(text: str) -> None:
    segments = cut(text)
    assert _letters("".join(segments)) == _letters(text)
    assert all(0 < len(segment) <= LONGEST for segment in segments)
    assert all(segment == segment.strip() == speakable(segment) for segment in segments)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def test_sounds_are_spoken_and_not_shown() -> None:
    segments = cut("[laughs] That is funny. [sighs]\nWell, [Clears throat] let us go on.")
    assert segments == ["[laughs] That is funny.", "Well, [Clears throat] let us go on."]
    assert [shown(segment) for segment in segments] == ["That is funny.", "Well, let us go on."]


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("text", ["One.\n\nTwo. Three", "One\nTwo. Three", "\nOne. \n* \n Two. Three"])
def test_a_segment_knows_that_it_begins_a_line(text: str, size: int) -> None:
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    found = [(segment.text.rstrip("."), segment.new_line) for segment in segments_of(*chunks)]
    assert found == [("One", text.startswith("\n")), ("Two", True), ("Three", False)]
