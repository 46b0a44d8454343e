"""A transcript reads as its words."""

from realtime.talk.transcript import Transcript, Word


def test_the_text_is_the_words() -> None:
    assert (
        Transcript((Word("I", 0, 100), Word("am", 100, 300), Word("Ana", 300, 700, 0.9))).text == "I am Ana"
    )


def test_silence_has_no_text() -> None:
    assert Transcript() == Transcript((), None)
    assert Transcript().text == ""
