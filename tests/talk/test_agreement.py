"""Committed words are never rewritten, and joined to the rest they are the transcript."""

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.talk.agreement import Agreement, hear, settle
from realtime.talk.transcript import Word

Words = tuple[Word, ...]


def words(text: str, start_ms: int = 0) -> Words:
    """300 ms each, one after the other."""
    return tuple(
        Word(word, start_ms + 300 * at, start_ms + 300 * (at + 1)) for at, word in enumerate(text.split())
    )


def text(heard: Words) -> str:
    return " ".join(word.text for word in heard)


def after(*recognitions: str) -> Agreement:
    agreement = Agreement()
    for recognition in recognitions:
        agreement = hear(agreement, words(recognition))
    return agreement


def test_one_recognition_commits_nothing() -> None:
    assert after("I like tea") == Agreement((), words("I like tea"))


def test_two_that_agree_commit_all_but_the_newest_word() -> None:
    agreement = after("I like", "I like tea and")
    assert text(agreement.committed) == "I like"
    assert text(agreement.tentative) == "tea and"


def test_the_newest_word_is_not_committed_though_it_is_agreed_on() -> None:
    agreement = after("I like tea", "I like tea")
    assert text(agreement.committed) == "I like"
    assert text(agreement.tentative) == "tea"


def test_only_what_agrees_is_committed() -> None:
    agreement = after("I like the sea", "I like tea and milk")
    assert text(agreement.committed) == "I like"


def test_capital_letters_do_not_disagree() -> None:
    assert text(after("i Like tea", "I like tea and").committed) == "I like tea"


def test_committed_words_stay_though_the_recogniser_thinks_again() -> None:
    agreement = after("I like tea", "I like tea and", "Why like tea and milk")
    assert text(agreement.committed + agreement.tentative) == "I like tea and milk"


def test_a_recognition_shorter_than_what_is_committed_takes_nothing_back() -> None:
    agreement = after("I like tea", "I like tea and", "Why")
    assert text(agreement.committed) == "I like tea"
    assert agreement.tentative == ()


def test_silence_commits_nothing() -> None:
    assert after("", "") == Agreement()


def test_the_last_recognition_is_committed_whole() -> None:
    agreement = settle(after("I like", "I like tea"), words("I like tea and milk"))
    assert text(agreement.committed) == "I like tea and milk"
    assert agreement.tentative == ()


VOCABULARY = st.sampled_from(("I", "like", "tea", "Tea", "the", "sea"))
RECOGNITIONS = st.lists(st.lists(VOCABULARY, max_size=6).map(" ".join), max_size=6)


@settings(max_examples=100, deadline=None)
@given(RECOGNITIONS, st.lists(st.integers(0, 200), min_size=6, max_size=6))
def test_committed_words_only_ever_grow(recognitions: list[str], shifts: list[int]) -> None:
    agreement = Agreement()
    for at, recognition in enumerate(recognitions):
        heard = words(recognition, start_ms=shifts[at])
        before, agreement = agreement, hear(agreement, heard)
        assert agreement.committed[: len(before.committed)] == before.committed
    final = settle(agreement, words(recognitions[-1] if recognitions else ""))
    assert final.committed[: len(agreement.committed)] == agreement.committed


@settings(max_examples=100, deadline=None)
@given(st.lists(VOCABULARY, max_size=10), st.lists(st.floats(0, 1), max_size=6).map(sorted))
def test_deltas_join_to_the_final_transcript(said: list[str], shares: list[float]) -> None:
    """A recogniser that only ever hears more of the same."""
    agreement, deltas = Agreement(), list[Word]()
    for share in shares:
        heard = said[: round(share * len(said))]
        before, agreement = agreement, hear(agreement, words(" ".join(heard)))
        deltas += agreement.committed[len(before.committed) :]
    before, agreement = agreement, settle(agreement, words(" ".join(said)))
    deltas += agreement.committed[len(before.committed) :]
    assert text(tuple(deltas)) == " ".join(said)


@settings(max_examples=100, deadline=None)
@given(RECOGNITIONS)
def test_nothing_is_shown_twice(recognitions: list[str]) -> None:
    """What is shown, committed and tentative, lies in the order of its times."""
    agreement = Agreement()
    for recognition in recognitions:
        agreement = hear(agreement, words(recognition))
        shown = agreement.committed + agreement.tentative
        assert list(shown) == sorted(shown, key=lambda word: word.start_ms)
        assert len({word.start_ms for word in shown}) == len(shown)
