"""A reply as ears hear it: pauses between sentences, none inside, at whatever speed the voice makes it.

The clock is the tests' own: a voice that takes twice as long as its speech costs no time here.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import anyio
import numpy as np
import pytest

from realtime.engines.protocols import VOICE_RATE, Captioned, Sound
from realtime.session.edges import Edges
from realtime.session.news import ClipBegan, ClipCaptioned, ClipSounded, ReplyNews, ReplyPlayed
from realtime.session.pace import ClockPace, Pace, PlayheadPace
from realtime.session.reply import FIRST_PATIENCE_MS, Delivery, Reply
from realtime.talk.transcript import Word
from tests.session.timeless import run

TEXTS = (
    "This is where we all begin,",
    "and it goes on for a while.",
    "It is a sentence that is a little longer than the first one was, is it not?",
    "And then it ends with many more words than anybody would want to hear.",
)
PIECE_MS = 100
WORD_MS = 300


def length_ms(text: str) -> int:
    return len(text.split()) * WORD_MS


@dataclass
class SteadyVoice:
    """Makes a tone at `rate` times real time, its own silence around it: of `margins_ms` before and after."""

    rate: float
    captions: bool = True
    margins_ms: tuple[int, int] = (0, 0)
    due_ms: list[int] = field(default_factory=list[int])
    asked_at_ms: list[float] = field(default_factory=list[float])

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        self.due_ms.append(due_ms)
        self.asked_at_ms.append(anyio.current_time() * 1000)
        yield self._made(text)

    async def _made(self, text: str) -> AsyncGenerator[Sound]:
        before, after = self.margins_ms
        if self.captions:
            starts = range(before, before + length_ms(text), WORD_MS)
            words = zip(text.split(), starts, strict=True)
            yield Captioned(tuple(Word(word, at, at + WORD_MS) for word, at in words))
        quiet = [np.zeros(ms * 24, np.int16) for ms in (before, after)]
        sound = np.concatenate((quiet[0], tone(length_ms(text)), quiet[1]))
        for at in range(0, len(sound), PIECE_MS * 24):
            await anyio.sleep(PIECE_MS / 1000 / self.rate)
            yield sound[at : at + PIECE_MS * 24].tobytes()


def tone(ms: int) -> np.ndarray:
    return (np.sin(2 * np.pi * 200 * np.arange(ms * 24) / VOICE_RATE) * 6000).astype(np.int16)


@dataclass
class Ears:
    """What a loudspeaker plays, sample by sample, holes and all; it tells where it is."""

    pace: Pace
    sound: list[np.ndarray] = field(default_factory=list[np.ndarray])
    clips: list[int] = field(default_factory=list[int])  # at which sample each began
    captions: list[tuple[Word, ...]] = field(default_factory=list[tuple[Word, ...]])
    began_ms: float = 0
    ends_at_ms: float = 0
    sent_ms: float = 0
    longest_lead_ms: float = 0
    over: bool = False

    @property
    def heard(self) -> np.ndarray:
        return np.concatenate(self.sound)

    async def take(self, news: ReplyNews) -> None:
        match news:
            case ClipBegan():
                self.clips.append(-1)
            case ClipCaptioned(words=words):
                self.captions.append(words)
            case ClipSounded(pcm=pcm):
                self._play(np.frombuffer(pcm, np.int16))
            case ReplyPlayed():
                self.over = True
            case _:
                pass

    def _play(self, samples: np.ndarray) -> None:
        now_ms = anyio.current_time() * 1000
        self.began_ms = self.began_ms or now_ms
        hole_ms = max(0.0, now_ms - self.ends_at_ms) if self.sound else 0
        self.sound.append(np.zeros(round(hole_ms * 24), np.int16))
        if self.clips[-1] < 0:
            self.clips[-1] = sum(map(len, self.sound))
        self.sound.append(samples)
        self.ends_at_ms = max(now_ms, self.ends_at_ms) + len(samples) / 24
        self.sent_ms += len(samples) / 24
        self.longest_lead_ms = max(self.longest_lead_ms, self.ends_at_ms - now_ms)

    async def report(self) -> None:
        while not self.over:
            await anyio.sleep(0.1)
            if isinstance(self.pace, PlayheadPace):
                ahead_ms = max(0.0, self.ends_at_ms - anyio.current_time() * 1000)
                self.pace.played(self.sent_ms - ahead_ms)


def speak(voice: SteadyVoice, pace: Pace | None = None, *, behind: bool = False) -> Ears:
    async def talk() -> Ears:
        ears = Ears(pace or PlayheadPace(2000, stalled_ms=5000))
        reply = Reply("r", script, Delivery(voice, "any", 1, behind), ears.pace)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reply.run, ears.take)
            tasks.start_soon(ears.report)
            reply.release()
        assert reply.behind is (voice.rate < 1)
        return ears

    async def script() -> AsyncGenerator[str]:
        for text in TEXTS:
            yield f"{text} "

    return run(talk())


def gaps_ms(sound: np.ndarray) -> list[float]:
    """Silences of more than 5 ms between sounds, in order."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 100)
    return [float(b - a) / 24 for a, b in pairwise(loud) if b - a > 5 * 24]


def clips_of(ears: Ears) -> list[np.ndarray]:
    """Each clip with the pause before it and the silence after it."""
    return [ears.heard[begin:end] for begin, end in pairwise((*ears.clips, len(ears.heard)))]


@pytest.mark.parametrize(
    ("rate", "margins_ms"), [(1.2, (0, 0)), (10, (0, 0)), (10, (70, 360)), (10, (300, 1000))]
)
@pytest.mark.parametrize("reported", [True, False])
def test_between_sentences_is_the_pause_that_their_punctuation_wants(
    rate: float, margins_ms: tuple[int, int], reported: bool
) -> None:
    """Whatever silence a voice leaves around its clips."""
    pace = PlayheadPace(2000, 5000) if reported else ClockPace(10_000)
    ears = speak(SteadyVoice(rate, margins_ms=margins_ms), pace)
    comma, sentence, question = gaps_ms(ears.heard)
    assert sentence == question == pytest.approx(300, abs=30)
    assert comma == pytest.approx(120, abs=30)


@pytest.mark.parametrize("captions", [True, False])
@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8, 0.95])
def test_a_voice_that_falls_behind_pauses_between_sentences(rate: float, captions: bool) -> None:
    ears = speak(SteadyVoice(rate, captions))
    assert [gaps_ms(clip)[1:] for clip in clips_of(ears)[1:]] == [[], [], []], "a hole inside a sentence"
    assert sum(gaps_ms(ears.heard)) > 1000 * (1 - rate), "it does fall behind"
    said_ms = len(ears.heard) / 24 - sum(gaps_ms(ears.heard))
    assert said_ms == pytest.approx(sum(map(length_ms, TEXTS)), abs=100), "nothing is lost"


def test_the_first_sound_waits_for_nothing() -> None:
    ears = speak(SteadyVoice(0.5))
    assert ears.began_ms == pytest.approx(PIECE_MS / 0.5)


@pytest.mark.parametrize("rate", [0.6, 0.8])
def test_where_the_voice_is_known_to_be_slow_the_first_clip_waits_too(rate: float) -> None:
    ears = speak(SteadyVoice(rate), behind=True)
    assert [gaps_ms(clip)[1:] for clip in clips_of(ears)] == [[], [], [], []]
    assert ears.began_ms <= PIECE_MS / rate + FIRST_PATIENCE_MS + PIECE_MS / rate


def test_nobody_waits_long_for_the_first_sound() -> None:
    ears = speak(SteadyVoice(0.2), behind=True)
    assert ears.began_ms == pytest.approx(PIECE_MS / 0.2 + FIRST_PATIENCE_MS)


def test_no_more_is_sent_ahead_than_the_lead() -> None:
    ears = speak(SteadyVoice(100))
    assert 1900 < ears.longest_lead_ms <= 2000 + 3 * PIECE_MS  # what goes together when there is plenty


@pytest.mark.parametrize("rate", [2, 10])
def test_each_clip_is_due_when_the_sound_before_it_ends(rate: float) -> None:
    voice = SteadyVoice(rate)
    ears = speak(voice)
    wanted_at_ms = [0, *(ears.began_ms + begin / 24 for begin in ears.clips[1:])]
    for due_ms, asked_at_ms, at_ms in zip(voice.due_ms, voice.asked_at_ms, wanted_at_ms, strict=True):
        assert due_ms == pytest.approx(at_ms - asked_at_ms, abs=110), "a report is up to 100 ms old"
    assert voice.due_ms[-1] > 1000


@pytest.mark.parametrize("margins_ms", [(0, 0), (130, 360)])
def test_the_words_times_count_the_pause_and_not_what_was_cut_off(margins_ms: tuple[int, int]) -> None:
    ears = speak(SteadyVoice(10, margins_ms=margins_ms))
    for clip, words in zip(clips_of(ears), ears.captions, strict=True):
        onset_ms = int(np.flatnonzero(np.abs(clip) > 100)[0]) / 24
        assert words[0].start_ms == pytest.approx(onset_ms, abs=10)


# the edges of a clip


def shaped(*pieces: np.ndarray) -> tuple[np.ndarray, Edges]:
    edges = Edges()
    given = [edges.feed(piece.astype(np.int16).tobytes()) for piece in pieces]
    return np.frombuffer(b"".join([*given, edges.finish()]), np.int16), edges


ROOM = np.random.default_rng(7).normal(0, 20, 24 * 400).astype(np.int16)


@pytest.mark.parametrize("size", [7, 240, 1000, 100_000])
def test_a_clips_own_silence_is_cut_however_it_comes(size: int) -> None:
    clip = np.concatenate((ROOM, tone(500), ROOM[: 24 * 100], tone(500), ROOM))
    sound, edges = shaped(*(clip[at : at + size] for at in range(0, len(clip), size)))
    assert (edges.cut_ms, edges.tail_ms) == (380, 40)
    assert len(sound) == (20 + 500 + 100 + 500 + 40) * 24
    body = slice(20 * 24, -40 * 24)
    assert np.array_equal(sound[body], clip[len(ROOM) : -len(ROOM)])


def test_a_clip_that_begins_and_breaks_off_loud_does_not_click() -> None:
    """At its edges it moves no faster than inside."""
    for cut in range(0, 120, 7):
        sound, edges = shaped(tone(300)[cut : len(tone(300)) - 2 * cut])
        steps = np.abs(np.diff(np.concatenate(([0], sound.astype(int), [0]))))
        assert steps.max() <= 1.1 * np.abs(np.diff(tone(300).astype(int))).max()
        assert 5 <= edges.tail_ms < 10


def test_what_is_too_soft_to_be_told_from_silence_is_said_all_the_same() -> None:
    sound, edges = shaped(ROOM, ROOM)
    assert np.array_equal(sound, np.concatenate((ROOM, ROOM)))
    assert edges.cut_ms == 0
    assert not len(shaped()[0])


def test_a_playhead_that_stands_still_is_waited_for_once_and_then_goes_by_the_clock() -> None:
    async def sent() -> list[float]:
        pace, at_s = PlayheadPace(2000, stalled_ms=5000), list[float]()
        for _ in range(100):
            await pace.room()
            pace.sent(100)
            at_s.append(anyio.current_time())
        await pace.drained()
        return [at_s[19], at_s[20], at_s[39], at_s[-1], anyio.current_time()]

    assert run(sent()) == pytest.approx([0, 5, 5, 11, 13], abs=0.3)


@pytest.mark.parametrize("pace", [PlayheadPace(200, stalled_ms=5000), ClockPace(200)])
def test_the_lead_may_be_shorter_than_a_burst(pace: Pace) -> None:
    ears = speak(SteadyVoice(10), pace)
    assert len(ears.clips) == len(TEXTS)
    assert ears.longest_lead_ms <= 200 + 3 * PIECE_MS
    assert len(gaps_ms(ears.heard)) == len(TEXTS) - 1


def test_a_playhead_that_comes_to_a_stop_is_waited_for_from_its_last_report_on() -> None:
    async def sent() -> float:
        pace = PlayheadPace(2000, stalled_ms=5000)
        pace.sent(4000)

        async def report() -> None:
            for second in range(1, 4):
                await anyio.sleep(1)
                pace.played(100 * second)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(report)
            await pace.room()
        return anyio.current_time()

    assert run(sent()) == pytest.approx(3 + 5, abs=0.01)


def test_a_playhead_that_is_reported_again_is_followed_again() -> None:
    async def sent() -> float:
        pace = PlayheadPace(2000, stalled_ms=5000)
        for _ in range(21):
            await pace.room()
            pace.sent(100)
        pace.played(2100)
        for _ in range(21):
            await pace.room()
            pace.sent(100)
        return anyio.current_time()

    assert run(sent()) == pytest.approx(10, abs=0.2)
