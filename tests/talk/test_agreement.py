"""Committed words are never rewritten, and joined to the rest they are the transcript."""

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.talk.agreement import JITTER_MS, LONG_MS, LONGEST_MS, Agreement, hear, settle, trim
from realtime.talk.transcript import Word
from realtime.word_errors import edits

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
    """What is shown, committed and tentative, lies in the order of its times, as far as they go."""
    agreement = Agreement()
    for recognition in recognitions:
        agreement = hear(agreement, words(recognition))
        shown = agreement.committed + agreement.tentative
        assert all(after.start_ms > one.start_ms - 2 * JITTER_MS for one, after in pairwise(shown))


# Audio that leaves.


@dataclass(frozen=True)
class Speech:
    """What is said, with its true times, and a recogniser that hears exactly the words in its audio."""

    words: Words
    random: Random
    jitter_ms: int = 0

    @property
    def end_ms(self) -> int:
        return self.words[-1].end_ms if self.words else 0

    def recognised(self, start_ms: int, end_ms: int) -> Words:
        inside = (word for word in self.words if word.end_ms > start_ms and word.end_ms <= end_ms)
        return tuple(
            replace(word, start_ms=self._about(word.start_ms), end_ms=self._about(word.end_ms))
            for word in inside
        )

    def _about(self, ms: int) -> int:
        return max(0, ms + self.random.randint(-self.jitter_ms, self.jitter_ms))


@dataclass
class Listened:
    agreement: Agreement
    trims: int
    heard_ms: int
    longest_ms: int


def listen(speech: Speech, *, long_ms: int, longest_ms: int, every_ms: int = 500) -> Listened:
    """A whole utterance through the agreement, as a session does it."""
    agreement, trims, heard_ms, longest = Agreement(), 0, 0, 0
    for now_ms in range(every_ms, speech.end_ms, every_ms):
        before = agreement
        heard = speech.recognised(agreement.cut_ms, now_ms)
        heard_ms += now_ms - agreement.cut_ms
        longest = max(longest, now_ms - agreement.cut_ms)
        agreement = trim(hear(agreement, heard), now_ms, long_ms=long_ms, longest_ms=longest_ms)
        assert agreement.committed[: len(before.committed)] == before.committed
        trims += agreement.left > before.left
    agreement = settle(agreement, speech.recognised(agreement.cut_ms, speech.end_ms))
    return Listened(agreement, trims, heard_ms, longest)


@st.composite
def speeches(draw: st.DrawFn, *, jitter_ms: int) -> Speech:
    """Few different words, so that they repeat; short ones and pauses among them."""
    said = draw(st.lists(st.tuples(VOCABULARY, st.integers(60, 600), st.integers(0, 700)), max_size=60))
    words, now_ms = list[Word](), 0
    for spelt, lasting_ms, pause_ms in said:
        words.append(Word(spelt, now_ms, now_ms + lasting_ms))
        now_ms += lasting_ms + (pause_ms if pause_ms > 350 else 0)
    return Speech(tuple(words), Random(draw(st.integers(0, 999))), jitter_ms)


@settings(max_examples=300, deadline=None)
@given(speeches(jitter_ms=JITTER_MS))
def test_no_word_is_lost_or_doubled_where_audio_leaves(speech: Speech) -> None:
    listened = listen(speech, long_ms=1500, longest_ms=2500)
    assert text(listened.agreement.committed) == text(speech.words)


def passage(seconds: int, seed: int = 1, jitter_ms: int = 100) -> Speech:
    """Fluent speech of many different words, 150 a minute, a pause now and then."""
    random, words, now_ms = Random(seed), list[Word](), 0
    while now_ms < seconds * 1000:
        lasting_ms = random.randint(120, 480)
        words.append(Word(f"w{random.randint(0, 400)}", now_ms, now_ms + lasting_ms))
        now_ms += lasting_ms + (random.randint(350, 900) if random.random() < 0.1 else 60)
    return Speech(tuple(words), random, jitter_ms)


def test_the_cost_of_a_long_turn_is_flat() -> None:
    listened = listen(passage(180), long_ms=LONG_MS, longest_ms=LONGEST_MS)
    everything_ms = sum(range(500, 180_000, 500))
    assert listened.trims > 10
    assert listened.longest_ms <= LONGEST_MS + 2000
    assert listened.heard_ms * 8 < everything_ms


def test_what_repeats_itself_stays_until_it_can_be_told_apart() -> None:
    said = words(" ".join(["no"] * 20))
    agreement = trim(Agreement(committed=said), 6000, long_ms=1000, longest_ms=2000)
    assert agreement.left == 0
    told_apart = trim(
        Agreement(committed=said + words("that is not so", 6000)), 7200, long_ms=1000, longest_ms=2000
    )
    assert told_apart.prompt.startswith("no no")


def test_audio_leaves_at_a_pause_before_it_has_to() -> None:
    said = words("I like tea") + words("and you like the sea", 1500)
    agreement = trim(Agreement(committed=said), 3500, long_ms=3000, longest_ms=5000)
    assert agreement.prompt == "I like tea"
    assert agreement.cut_ms == 1500 - JITTER_MS
    assert trim(Agreement(committed=said), 2900, long_ms=3000, longest_ms=5000).left == 0


def test_a_sentence_s_end_is_as_good_as_a_pause() -> None:
    said = words("I like tea. And you like the sea")
    agreement = trim(Agreement(committed=said), 3500, long_ms=2000, longest_ms=5000)
    assert agreement.prompt == "I like tea."


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(JITTER_MS + 1, 1000))
def test_rougher_times_do_bounded_damage(seed: int, jitter_ms: int) -> None:
    """Beyond the jitter allowed for, at most the words of that stretch are wrong, gone or doubled."""
    speech = passage(40, seed, jitter_ms)
    listened = listen(speech, long_ms=4000, longest_ms=6000)
    said, joined = text(speech.words).split(), text(listened.agreement.committed).split()
    shortest_ms = 180  # a word and the time to the next
    assert edits(said, joined) <= listened.trims * (jitter_ms // shortest_ms)
