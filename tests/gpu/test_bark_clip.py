"""A clip's sound: trimmed, evened, ended."""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI

from gpu.bark.clip import (
    AFTER_FRAMES,
    BEFORE_FRAMES,
    FRAME_S,
    GAIN_DB_A_S,
    LONGEST_PAUSE_FRAMES,
    RATE,
    SENTENCE_FRAMES,
    TARGET_DB,
    Samples,
    Shaper,
    Take,
    must_end,
    timed,
    to_floats,
    to_pcm16,
)
from gpu.bark.sentences import words_of
from tests.gpu.test_speech import events

DATA = Path(__file__).parents[1] / "data"


def silence(seconds: float) -> Samples:
    noise = np.random.default_rng(5).normal(0, 1e-4, round(seconds * RATE))
    return noise.astype(np.float32)


def voice(seconds: float, level_db: float = -20) -> Samples:
    """A vowel of 150 Hz, as loud as asked for."""
    at = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * 150 * n * at) / n for n in range(1, 8))
    return (sound / np.sqrt(np.mean(sound**2)) * 10 ** (level_db / 20)).astype(np.float32)


def person() -> Samples:
    with wave.open(str(DATA / "librivox-amiable.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return np.concatenate((silence(0.5), soxr.resample(sound / 32768, 16_000, RATE), silence(0.5))).astype(
        "f4"
    )


def shaped(sound: Samples, shaper: Shaper | None = None) -> Samples:
    shaper = shaper or Shaper()
    return np.concatenate((shaper.feed(sound), shaper.finish()))


def level(sound: Samples) -> float:
    return 10 * np.log10(np.mean(sound.astype(np.float64) ** 2))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=30))
def test_the_same_samples_come_out_in_any_chunking(sizes: list[int]) -> None:
    sound, shaper = person(), Shaper(-30)
    places = [0, *np.minimum(np.cumsum(np.array(sizes, int)), len(sound)), len(sound)]
    parts = [shaper.feed(sound[start:end]) for start, end in pairwise(places)]
    np.testing.assert_array_equal(np.concatenate([*parts, shaper.finish()]), shaped(sound, Shaper(-30)))


def test_silence_around_the_sound_is_trimmed() -> None:
    sound = np.concatenate((silence(1.3), voice(2), silence(3)))
    assert len(shaped(sound)) / RATE == pytest.approx(2 + (BEFORE_FRAMES + AFTER_FRAMES) * FRAME_S, abs=0.03)


def test_nothing_of_a_person_is_trimmed() -> None:
    sound = person()
    kept = shaped(sound, Shaper(level(sound)))
    assert 3.1 < len(kept) / RATE < 3.5


def test_a_pause_stays_and_an_endless_one_is_shortened() -> None:
    for pause_s, kept_s in ((0.4, 0.4), (5, LONGEST_PAUSE_FRAMES * FRAME_S)):
        sound = np.concatenate((voice(1), silence(pause_s), voice(1)))
        after_s = AFTER_FRAMES * FRAME_S
        assert len(shaped(sound)) / RATE == pytest.approx(2 + kept_s + after_s, abs=0.05)


def test_a_click_is_no_onset() -> None:
    click = silence(1)
    click[5000:5010] = 0.5
    shaper = Shaper()
    assert len(shaper.feed(click)) == 0
    assert not shaper.begun
    assert len(shaper.finish()) == 0
    assert shaper.leading_s == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("db", [-33, -26, -20, -12, -8])
def test_a_voice_that_is_known_is_as_loud_as_the_others_from_its_first_sound(db: float) -> None:
    made = shaped(voice(2, db), Shaper(db))
    assert level(made[RATE // 5 : RATE // 2]) == pytest.approx(TARGET_DB, abs=1)
    assert level(made[RATE : 2 * RATE]) == pytest.approx(TARGET_DB, abs=1)


@pytest.mark.parametrize("db", [-30, -12])
def test_one_that_is_not_known_becomes_so_without_a_step(db: float) -> None:
    shaper = Shaper()
    made = shaped(voice(5, db), shaper)
    levels = [level(made[at : at + RATE // 5]) for at in range(RATE // 5, len(made) - RATE // 2, RATE // 5)]
    assert max(abs(after - before) for before, after in pairwise(levels)) < GAIN_DB_A_S / 5 + 0.3
    assert levels[-1] == pytest.approx(TARGET_DB, abs=1.5)
    assert shaper.level_db == pytest.approx(db, abs=1.5)


def test_a_gain_makes_no_joint() -> None:
    """Where a sine is evened, no sample jumps further than the sine itself does."""
    made = shaped(voice(3, -32), Shaper(-20))
    calm = voice(3, TARGET_DB)
    assert np.abs(np.diff(made[480:])).max() <= np.abs(np.diff(calm)).max() * 1.3


def test_no_sample_is_cut() -> None:
    made = shaped(voice(2, -3), Shaper(-30))
    assert np.abs(made).max() < 1


def test_the_end_fades() -> None:
    assert abs(shaped(voice(1))[-1]) < 1e-6


def test_the_first_sound_is_not_kept_back() -> None:
    shaper = Shaper()
    shaper.feed(silence(0.3))
    assert len(shaper.feed(voice(0.1))) / RATE > 0.1


@pytest.mark.parametrize(
    ("given_s", "pausing", "ends"),
    [(2, True, False), (4.9, True, False), (5.1, False, False), (5.1, True, True), (6.3, False, True)],
)
def test_a_runaway_ends_at_a_pause_or_soon_after(given_s: float, pausing: bool, ends: bool) -> None:
    assert must_end(given_s, 5, pausing=pausing) is ends


def test_a_pause_is_seen() -> None:
    shaper = Shaper()
    shaper.feed(voice(1))
    assert not shaper.pausing
    shaper.feed(silence(0.1))
    assert shaper.pausing


def test_words_follow_each_other_and_fill_the_clip() -> None:
    words = timed(words_of("Well, would you like a banana?"), 2.0)
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[0] == BEFORE_FRAMES * FRAME_S
    assert times[-1] == 2.0
    lengths = {word["word"]: word["end"] - word["start"] for word in words}
    assert lengths["banana?"] > 2 * lengths["you"]
    assert words[1]["start"] > words[0]["end"]


def test_the_times_of_no_words() -> None:
    assert timed([], 1.0) == []


TEXTS = [
    "Good morning, and welcome to the café. What would you like, a coffee?",
    "I would like to have a strawberry ice cream, please.",
    "Tell me about your family and what you like to do on Sundays.",
]


@pytest.mark.parametrize("text", TEXTS)
async def test_words_are_near_to_where_a_voice_says_them(client: AsyncOpenAI, text: str) -> None:
    answer = await client.audio.speech.create(model="x", voice="en-us", input=text, response_format="pcm")
    sound = await answer.aread()
    shaper = Shaper()
    shaped(to_floats(sound), shaper)
    guessed = timed(words_of(text), shaper.sounded_s)
    said = await said_at(client, text)
    away = [abs(word["start"] - at) for word, at in zip(guessed, said, strict=True)]
    assert np.mean(away) < 0.2


async def said_at(client: AsyncOpenAI, text: str) -> list[float]:
    """Where espeak-ng itself begins each word."""
    (words,) = [event["words"] for event in await events(client, text) if event["type"] == "speech.words"]
    return [word["start"] for word in words]


def test_samples_survive_their_form() -> None:
    sound = voice(0.1)
    np.testing.assert_allclose(to_floats(to_pcm16(sound)), sound, atol=1e-4)


def take(text: str, sound: Samples) -> tuple[Take, bytes]:
    """As it comes from the process, 0.1 s at a time."""
    one, made, pcm = Take(text), b"", to_pcm16(sound)
    for at in range(0, len(pcm), RATE // 5):
        if not one.over:
            made += one.hear(pcm[at : at + RATE // 5])
    return one, made + one.finish()


@pytest.mark.parametrize(
    ("sound", "fault"),
    [
        (voice(1.5), None),
        (np.concatenate((silence(1.5), voice(1.5), silence(4))), None),
        (silence(9), "silent"),
        (silence(1), "silent"),
        (voice(13), "runaway"),
        (np.concatenate([part for _ in range(9) for part in (voice(1.3), silence(0.3))]), "runaway"),
        (voice(0.2), "short"),
    ],
    ids=["as it should", "late", "silent", "soon over", "without end", "in pauses", "too short"],
)
def test_what_went_wrong_is_noticed(sound: Samples, fault: str | None) -> None:
    one, _ = take("What would you like?", sound)
    assert one.fault == fault


def test_a_runaway_is_cut_where_it_pauses() -> None:
    sound = np.concatenate([part for _ in range(9) for part in (voice(1.3), silence(0.3))])
    one, made = take("What would you like?", sound)
    length_s = len(made) / 2 / RATE
    assert 4 < length_s < 6.5
    assert one.sounded_s == pytest.approx(2 * 1.6 + 1.3, abs=0.02)


@pytest.mark.parametrize("tail_s", [0, 0.05, 3])
def test_after_a_sentence_is_a_pause(tail_s: float) -> None:
    one, made = take("What would you like?", np.concatenate((voice(1.5), silence(tail_s))))
    assert len(made) / 2 / RATE - one.sounded_s == pytest.approx(SENTENCE_FRAMES * FRAME_S, abs=0.001)
