"""The benchmark of endpointing: its corpus is what it says, and its turn cuts off who pauses for too long."""

from random import Random

import pytest

from benchmarks import hesitations, hesitations_held_out
from benchmarks.answers import Answer, Learner, Piece, Saying, read
from benchmarks.endpointing import Talk, between, fixed, gain, listen, ours, point
from benchmarks.endpointing_plot import Point, svg
from benchmarks.hesitant_speech import Spoken, speak
from benchmarks.long_turn import word_errors
from benchmarks.misheard import Recogniser
from realtime.talk.transcript import Word

HALVES = (hesitations, hesitations_held_out)
SAID_BY_ALL = {"yes i am", "no i don't", "yes, please.", "okay"}
WORDS = tuple(f"w{n}" for n in range(40))


def saying(asked: str, *pieces: Piece) -> Saying:
    return Saying(Answer(asked, (), " ".join(piece.text for piece in pieces)), pieces)


def made(windows: str, *words: str, asked: str = "Why?") -> Talk:
    """`windows`: a character for each 32 ms, # where it holds speech."""
    said = tuple(Word(word, 0, 32 * windows.index("#")) for word in words)
    over_ms = 32 * len(windows.rstrip("."))
    spoken = Spoken(
        saying(asked, Piece(" ".join(words))), said, tuple(one == "#" for one in windows), over_ms
    )
    return Talk(Learner("A2", "en-us", 120, (spoken.saying,)), (spoken,))


def test_there_are_enough_utterances() -> None:
    assert sum(len(one.sayings) for half in HALVES for one in half.learners()) >= 300


@pytest.mark.parametrize("half", HALVES)
def test_pauses_are_as_long_and_as_hard_to_foresee_as_was_promised(half: object) -> None:
    learners = hesitations.learners() if half is hesitations else hesitations_held_out.learners()
    pauses = [piece for one in learners for said in one.sayings for piece in said.pieces[:-1]]
    assert all(300 <= piece.pause_ms <= 1500 for piece in pauses)
    assert sum(piece.whole for piece in pauses) >= len(pauses) / 4


def test_the_halves_share_no_text_and_no_voice() -> None:
    one, other = ({answer.text for answer in read(name)} for name in ("answers.txt", "answers_held_out.txt"))
    assert {text.lower() for text in one & other} <= SAID_BY_ALL
    voices = [{learner.voice for learner in half.learners()} for half in HALVES]
    assert not voices[0] & voices[1]


def test_what_is_said_is_heard_with_its_pauses() -> None:
    said = saying("Why?", Piece("I went to the beach", 800), Piece("with my family"))
    text = "I went to the beach with my family"
    (spoken,) = speak(Learner("A2", "en-us", 125, (said,)), seed=1)
    heard = "".join("#" if speech else "." for speech in spoken.windows)
    assert "#" + "." * 20 in heard.strip(".")
    assert abs(32 * len(heard.rstrip(".")) - spoken.over_ms) < 200
    assert " ".join(word.text for word in spoken.words) == text
    assert all(
        one.start_ms <= other.start_ms for one, other in zip(spoken.words, spoken.words[1:], strict=False)
    )


def test_one_word_in_seven_is_heard_wrong() -> None:
    recogniser, random = Recogniser("bare", WORDS), Random(5)
    said = [Word(WORDS[n], n, n + 1) for n in range(10)]
    heard = [recogniser.hear(said, 900, over=True, random=random) for _ in range(500)]
    wrong = sum(word_errors([w.text for w in said], [w.text for w in one.words]) for one in heard)
    assert 0.13 < wrong / 5000 < 0.17


def test_words_that_are_not_over_are_not_heard() -> None:
    said = (Word("one", 0, 300), Word("two", 300, 900))
    heard = [Recogniser("bare", WORDS).hear(said, 400, over=False, random=Random(n)) for n in range(20)]
    assert any(one.text == "one" for one in heard)
    assert not any("two" in one.text for one in heard)


def test_who_pauses_longer_than_the_wait_is_cut_off() -> None:
    talk = made("#" * 20 + "." * 25 + "#" * 20 + "." * 60, "apples")
    (hasty,), (patient,) = (listen([talk], "bare", fixed(ms), WORDS) for ms in (500, 1000))
    assert (hasty.cuts, patient.cuts) == (1, 0)
    assert (hasty.delay_ms, patient.delay_ms) == (512, 1024)


def test_our_policy_waits_for_words_that_hang() -> None:
    pausing = "#" * 20 + "." * 25 + "#" * 20 + "." * 60
    talks = [made(pausing, "I", "went", "to", "the")] * 20
    cut = [sum(one.cuts for one in listen(talks, "bare", way(500), WORDS)) for way in (fixed, ours)]
    assert cut[0] == 20
    assert cut[1] < 7  # some of the words are heard wrong


def test_a_policy_is_compared_where_the_fixed_waits_are_like_it() -> None:
    waits = (Point(300, 0.6, 300, 300, 300), Point(700, 0.2, 700, 700, 700))
    gained = gain(Point(500, 0.2, 500, 600, 900), waits)
    assert gained.at_median == pytest.approx(0.5)
    assert gained.at_mean == pytest.approx(0.2 / 0.3)
    assert gained.saved_ms == pytest.approx(200)
    assert between([(1, 1), (2, 2)], 3) is None


def test_the_curves_are_drawn() -> None:
    talks = [made("#" * 20 + "." * 60, "apples")] * 4
    one = point(500, listen(talks, "bare", fixed(500), WORDS))
    assert one.cut == 0
    assert svg({"fixed": (one,)}).count("<circle") == 1
