"""People who speak for long, recognised a few seconds at a time: the joined words are those of the whole."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gpu.embedded.child import Stop
from gpu.embedded.recognition import Recogniser
from gpu.embedded.script import sentences_of, what_follows, words_of
from realtime.talk.agreement import LONG_MS, LONGEST_MS, Agreement, hear, settle, trim
from realtime.talk.transcript import Transcript, Word
from realtime.word_errors import edits

DATA = Path(__file__).parents[1] / "data"
ASK = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)
AMIABLE = "He might even have been made amiable himself."
ILL_DISPOSED = "He was not an ill-disposed young man."
PIECE_MS = 500
SHORT = (3000, 4000)
SHIPPED = (LONG_MS, LONGEST_MS)


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recogniser]:
    yield Recogniser(tmp_path_factory.mktemp("scratch"))


def recording(*names: str) -> np.ndarray:
    pieces = []
    for name in names:
        with wave.open(str(DATA / f"{name}.wav")) as wav:
            pieces.append(np.frombuffer(wav.readframes(wav.getnframes()), np.int16))
    return np.concatenate(pieces)


def recognise(recogniser: Recogniser, audio: np.ndarray, expected: list[str], prompt: str) -> Transcript:
    head, going_on = {"expected": expected, "partial": True, "prompt": prompt}, Stop()
    going_on.current = 1
    (answer, _), *_ = recogniser.answer(head, audio.tobytes(), going_on)
    assert "words" in answer, "a word without pronunciation"
    return Transcript(
        tuple(
            Word(word["word"], round(word["start"] * 1000), round(word["end"] * 1000))
            for word in answer["words"]
        )
    )


def heard_at_once(recogniser: Recogniser, audio: np.ndarray, expected: list[str]) -> list[str]:
    return recognise(recogniser, audio, expected, "").text.split()


def heard_on_the_way(
    recogniser: Recogniser, audio: np.ndarray, expected: list[str], limits_ms: tuple[int, int]
) -> tuple[list[str], Agreement]:
    long_ms, longest_ms = limits_ms
    agreement = Agreement()
    for end_ms in range(PIECE_MS, len(audio) // 16 + PIECE_MS, PIECE_MS):
        piece = audio[agreement.cut_ms * 16 : end_ms * 16]
        heard = recognise(recogniser, piece, expected, agreement.prompt).later(agreement.cut_ms)
        if end_ms * 16 >= len(audio):
            agreement = settle(agreement, heard.words)
        else:
            agreement = trim(hear(agreement, heard.words), end_ms, long_ms=long_ms, longest_ms=longest_ms)
    return [word.text for word in agreement.committed], agreement


@pytest.mark.parametrize(
    ("names", "said", "limits_ms"),
    [
        (["jfk"], ASK, SHORT),
        (["librivox-amiable"], AMIABLE, SHORT),
        (["librivox-ill-disposed"], ILL_DISPOSED, SHORT),
        (["jfk", "librivox-amiable", "jfk"], f"{ASK} {AMIABLE} {ASK}", SHORT),
        (
            ["librivox-ill-disposed", "jfk", "librivox-amiable", "jfk"],
            f"{ILL_DISPOSED} {ASK} {AMIABLE} {ASK}",
            SHIPPED,
        ),
    ],
)
def test_people_are_understood_as_well_as_at_once(
    recogniser: Recogniser, names: list[str], said: str, limits_ms: tuple[int, int]
) -> None:
    audio, expected = recording(*names), [said, "Could you say that again, please?"]
    joined, agreement = heard_on_the_way(recogniser, audio, expected, limits_ms)
    at_once = heard_at_once(recogniser, audio, expected)
    words = list(words_of(said))
    assert edits(words, at_once) <= len(words) / 10
    assert edits(words, joined) <= edits(words, at_once) + 1
    assert (agreement.left > 0) == (len(audio) > 16 * limits_ms[1])


def test_what_follows_a_prompt() -> None:
    sentences = sentences_of(["I'd like a cup of tea, please.", "I'd like a cup of coffee.", "No, thanks."])
    assert what_follows("I'd like a cup of", sentences) == (
        ("tea", "please"),
        ("of", "tea", "please"),
        ("coffee",),
        ("of", "coffee"),
    )
    assert what_follows("", sentences) == sentences
    assert what_follows("What is", sentences) == sentences
