"""What is believed and what is taken for an invention; where windows part; which language; what bias fits."""

from pathlib import Path

import numpy as np
import pytest

from gpu.decode import decode
from gpu.pipe import Head
from gpu.whisper import language
from gpu.whisper.batch import Heard, Window, Word
from gpu.whisper.evidence import Evidence, objection
from gpu.whisper.prompts import LENGTHS, MOST_TOKENS, bias
from gpu.whisper.recognition import add, nothing
from gpu.whisper.voice import WINDOW, Voice, seconds
from gpu.whisper.windows import LONGEST, parted
from tests.rooms import RATE, Make, fan, keyboard, music, silence

SURE, UNSURE = -0.3, -1.4


@pytest.mark.parametrize(
    ("text", "voiced_s", "no_speech", "mean", "why"),
    [
        ("I would like a tea, please.", 1.6, 0.05, SURE, None),
        ("Yes.", 0.2, 0.3, SURE, None),
        ("Um, I, uh, I think so.", 1.5, 0.1, SURE, None),
        ("No, no, no!", 0.8, 0.1, SURE, None),
        ("I goed at home yesterday.", 1.5, 0.1, -0.9, None),
        ("", 0, 0.9, UNSURE, None),
        ("Thank you for watching!", 0.0, 0.2, SURE, "no voice"),
        ("Thank you for watching!", 0.06, 0.2, SURE, "no voice"),
        ("Thank you.", 0.6, 0.8, UNSURE, "no speech"),
        ("Thank you.", 0.6, 0.8, SURE, None),
        ("Thank you.", 0.6, 0.2, UNSURE, None),
        ("Subtitles by the people of the community of these films.", 0.4, 0.2, SURE, "too much text"),
        ("la " * 60, 20, 0.2, SURE, "compressible"),
        ("so so so so", 3, 0.2, UNSURE, "a loop"),
        ("I do I do I do I do", 3, 0.2, UNSURE, "a loop"),
    ],
)
def test_the_rule(text: str, voiced_s: float, no_speech: float, mean: float, why: str | None) -> None:
    assert objection(Evidence(text, voiced_s, no_speech, mean)) == why


@pytest.mark.parametrize(
    ("no_speech", "words", "dropped"),
    [
        (0.8, [], ["no speech"]),
        (0.1, [{"word": "Thank", "start": 30.2, "end": 30.5, "score": 0.9}], []),
    ],
)
def test_what_is_not_believed_reaches_no_learner(
    no_speech: float, words: list[Head], dropped: list[str]
) -> None:
    answer = nothing("en")
    window = Window(np.zeros(16_000, np.int16), voiced_s=0.6)
    heard = Heard("en", [1], "Thank", no_speech, UNSURE, [Word("Thank", 0.2, 0.5, 0.9)])
    add(answer, window, heard, offset_s=30)
    assert (answer["words"], answer["dropped"]) == (words, dropped)


@pytest.mark.parametrize("make", [silence, fan, music, keyboard])
@pytest.mark.parametrize("louder", [1, 4])
def test_no_voice_is_found_where_nobody_speaks(make: Make, louder: int) -> None:
    """With push-to-talk nothing else stands between a room and Whisper."""
    sound = louder * make(60 * RATE, np.random.default_rng(8))
    audio = np.clip(sound, -32768, 32767).astype(np.int16)
    before = audio.copy()
    assert seconds(Voice().of(audio)) == 0
    assert (audio == before).all()


def test_a_voice_is_found() -> None:
    speech = decode((Path(__file__).parents[1] / "data" / "librivox-amiable.wav").read_bytes())
    assert seconds(Voice().of(speech)) > len(speech) / RATE / 2


def test_a_long_recording_is_parted_in_its_pauses() -> None:
    voiced = np.ones(70 * 16_000 // WINDOW + 1, np.bool_)
    voiced[700:720] = False
    windows = parted(70 * 16_000, voiced)
    assert windows[0] == range(710 * WINDOW)
    assert [a.stop for a in windows[:-1]] == [b.start for b in windows[1:]]
    assert windows[-1].stop == 70 * 16_000
    assert all(len(window) <= LONGEST for window in windows)


def test_a_short_recording_is_one_window() -> None:
    assert parted(LONGEST, np.zeros(0, np.bool_)) == [range(LONGEST)]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ({"en": 0.5, "es": 0.4}, "en"),
        ({"en": 0.3, "es": 0.6}, "en"),
        ({"en": 0.1, "es": 0.8}, "es"),
        ({"fr": 0.99, "en": 0.004, "es": 0.006}, "en"),
    ],
)
def test_the_first_language_is_favoured(probabilities: dict[str, float], expected: str) -> None:
    assert language.chosen(["en", "es"], probabilities) == expected


@pytest.mark.parametrize(
    ("languages", "voiced_s", "asked"),
    [(["en", "es"], 1.4, False), (["en", "es"], 1.6, True), (["en"], 9, False)],
)
def test_little_voice_is_not_asked_about(languages: list[str], voiced_s: float, asked: bool) -> None:
    assert language.needs_asking(languages, voiced_s) is asked


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def test_what_was_said_stands_last_and_within_half_the_context() -> None:
    tokens = bias("so far", ["a" * 40, "b" * 300], letters)
    assert "".join(map(chr, tokens)) == (" " + "a" * 40 + " so far")[-48:]
    assert bias("", [], letters) == []
    assert len(bias("x" * 900, ["y"], letters)) == MOST_TOKENS


def test_few_lengths_make_few_batches() -> None:
    lengths = {len(bias("x" * said, [], letters)) for said in range(11, 400)}
    assert lengths == set(LENGTHS)
    assert "".join(map(chr, bias("Yes, I", [], letters))) == " Yes, I"
