"""What the learner has heard at each playhead, with the times of the words and without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.talk.playback import Passage, Playback
from realtime.talk.transcript import Word

WORDS = (Word("Nice", 0, 200), Word("to", 200, 300), Word("meet", 300, 600), Word("you.", 700, 1000))


def captioned() -> Playback:
    return Playback().begin("Nice to meet you.").caption(WORDS).send(400).send(600).end()


def uncaptioned() -> Playback:
    return Playback().begin("Nice to meet you.").send(1000).end()


@pytest.mark.parametrize(
    ("until_ms", "heard"),
    [
        (-1, ""),
        (0, ""),
        (99, ""),
        (100, "Nice"),
        (250, "Nice to"),
        (449, "Nice to"),
        (450, "Nice to meet"),
        (849, "Nice to meet"),
        (850, "Nice to meet you."),
        (1000, "Nice to meet you."),
        (9999, "Nice to meet you."),
    ],
)
def test_a_word_is_heard_once_its_middle_has_been_played(until_ms: int, heard: str) -> None:
    assert captioned().heard(until_ms) == heard


@pytest.mark.parametrize(
    ("until_ms", "heard"), [(0, ""), (100, ""), (250, "Nice"), (500, "Nice to"), (1000, "Nice to meet you.")]
)
def test_without_word_times_a_clip_is_heard_by_its_share(until_ms: int, heard: str) -> None:
    assert uncaptioned().heard(until_ms) == heard


def test_the_share_of_a_clip_that_is_still_growing_is_unknown() -> None:
    assert Playback().begin("Nice to meet you.").send(1000).heard(500) == ""


def test_word_times_serve_while_the_clip_is_still_growing() -> None:
    assert Playback().begin("Nice to meet you.").caption(WORDS).send(500).heard(460) == "Nice to meet"


def test_word_times_may_count_other_words_than_the_text() -> None:
    """A voice that reads "3.50" as three words."""
    times = (
        Word("three", 0, 300),
        Word("euros", 300, 600),
        Word("fifty", 600, 900),
        Word("please", 900, 1200),
    )
    playback = Playback().begin("3.50 please").caption(times).send(1200).end()
    assert playback.heard(500) == "3.50"
    assert playback.heard(1200) == "3.50 please"


def test_clips_are_laid_end_to_end() -> None:
    playback = captioned().begin("I am Atom.").send(600).end()
    assert playback.sent_ms == 1600
    assert playback.heard(1000) == "Nice to meet you."
    assert playback.heard(1400) == "Nice to meet you. I am"
    assert playback.heard(1600) == "Nice to meet you. I am Atom."


@pytest.mark.parametrize(
    ("until_ms", "heard"), [(1000, ""), (1290, ""), (1449, "I"), (1451, "I am"), (1600, "I am Atom.")]
)
def test_in_the_pause_before_a_clip_nothing_of_it_is_heard(until_ms: int, heard: str) -> None:
    paused = captioned().begin("I am Atom.").send(300, pause=True)
    words = (Word("I", 300, 400), Word("am", 400, 500), Word("Atom.", 500, 600))
    for playback in (paused.send(300).end(), paused.caption(words).send(300).end()):
        assert playback.sent_ms == 1600
        assert playback.heard(until_ms) == f"Nice to meet you. {heard}".strip()


def test_a_clip_that_made_no_sound_was_not_heard() -> None:
    playback = captioned().begin("I am Atom.").end()
    assert playback.heard(1000) == "Nice to meet you."
    assert Playback().begin("I am Atom.").end().heard(0) == ""
    assert Playback().begin("I am Atom.").heard(100) == ""


def test_nothing_was_heard_of_nothing() -> None:
    assert Playback().heard(1000) == ""


def test_the_playhead_moves_only_forward_and_only_over_what_was_sent() -> None:
    playback = captioned().play(300)
    assert playback.lead_ms == 700
    assert playback.play(200).played_ms == 300
    assert playback.play(5000).played_ms == 1000
    assert playback.play(5000).lead_ms == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(("tea", "sea", "see")), max_size=5), st.integers(0, 2000), st.booleans()
        ),
        max_size=4,
    ),
    st.lists(st.floats(0, 9000), min_size=2, max_size=2).map(sorted),
)
def test_ears_that_have_got_further_have_heard_more(
    clips: list[tuple[list[str], int, bool]], points: list[float]
) -> None:
    playback = Playback()
    for words, ms, captioned in clips:
        playback = playback.begin(" ".join(words))
        if captioned:
            each = ms // max(1, len(words))
            playback = playback.caption(
                tuple(Word(word, each * at, each * (at + 1)) for at, word in enumerate(words))
            )
        playback = playback.send(ms).end()
    early, late = (playback.heard(point) for point in points)
    assert late.startswith(early)
    assert playback.heard(playback.sent_ms + 1).split() == [word for words, _, _ in clips for word in words]


def said(*texts: str, played_ms: float = 10_000) -> Playback:
    """A second each, with a pause of 100 ms before each but the first."""
    playback = Playback()
    for text in texts:
        playback = playback.begin(text)
        playback = playback.send(100, pause=True) if len(playback.clips) > 1 else playback
        playback = playback.send(1000).end()
    return playback.play(played_ms)


@pytest.mark.parametrize(
    ("playback", "passage"),
    [
        (said("Hello.", "How are you?"), Passage("How are you?", 1100, 2100)),
        (said("Very well then,", "and how are you?"), Passage("Very well then, and how are you?", 0, 2100)),
        (said("Good.", "Very well,", "we go."), Passage("Very well, we go.", 1100, 3200)),
        (said('He said "yes."', "Did you?"), Passage("Did you?", 1100, 2100)),
        (said("Hello.", "How are you?", played_ms=900), Passage("Hello.", 0, 900)),
        (said("Hello.", "How are you today?", played_ms=1050), Passage("Hello.", 0, 1000)),
        (said("Hello.", "How are you today?", played_ms=1600), Passage("How are", 1100, 1600)),
        (said("Hello.", played_ms=0), None),
        (Playback(), None),
    ],
)
def test_the_last_sentence_is_the_last_that_was_heard_as_far_as_it_was(
    playback: Playback, passage: Passage | None
) -> None:
    # "Hello." without word times is heard by its share, so that a part of its clip may be all of it.
    assert playback.last_sentence() == passage
