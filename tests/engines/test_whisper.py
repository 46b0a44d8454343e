"""The real faster-whisper, on random weights: many learners in one batch, each as if alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.random_whisper import make_whisper
from gpu.decode import Samples
from gpu.whisper.batch import Heard, Whisper, Window
from gpu.whisper.model import ModelMissing, load

SECOND = 16_000


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="session")
def whisper(folder: Path) -> Whisper:
    return Whisper(load(str(folder), "cpu", "float32"))


def sound(seed: int, seconds: float) -> Samples:
    """Tones that change, different for each seed."""
    random = np.random.default_rng(seed)
    pitch = np.repeat(random.uniform(100, 3000, 40), SECOND // 4)[: int(seconds * SECOND)]
    return (8000 * np.sin(np.cumsum(pitch) * 2 * np.pi / SECOND)).astype(np.int16)


def said(heard: Heard) -> tuple[str, list[int], list[tuple[str, float, float]]]:
    return heard.language, heard.tokens, [(word.word, word.start_s, word.end_s) for word in heard.words]


LEARNERS = [
    Window(
        sound(number, 1.5 + number % 4),
        voiced_s=2,
        prompt="badeba kilo" if number in (2, 5) else "",
        expected=["I would like a tea, please."] * (number % 3),
        languages=["es", "en"] if number % 4 == 3 else ["en", "es"],
        partial=number in (1, 6),
    )
    for number in range(8)
]


def test_a_batch_of_eight_learners_equals_eight_singles(whisper: Whisper) -> None:
    together = [said(heard) for heard in whisper.hear(LEARNERS)]
    alone = [said(whisper.hear([learner])[0]) for learner in LEARNERS]
    assert together == alone
    assert len({tuple(tokens) for _, tokens, _ in together}) == 8  # else the equality would say nothing
    assert all(words for _, _, words in together)


class Overheard:
    """A model that notes what its decoder is told to begin with."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.starts: list[list[int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, encoded: Any, starts: list[list[int]], **options: Any) -> Any:
        self.starts += starts
        return self._model.generate(encoded, starts, **options)


def test_what_was_said_and_is_expected_stands_before_the_transcript(folder: Path) -> None:
    model: Any = load(str(folder), "cpu", "float32")
    model.model = overheard = Overheard(model.model)
    window = Window(sound(1, 2), voiced_s=1)
    told = replace(window, prompt="ba ki", expected=["Tea."])
    without, with_bias = Whisper(model).hear([window, told])

    def written(text: str) -> list[int]:
        return model.hf_tokenizer.encode(text, add_special_tokens=False).ids

    begin = written("<|startoftranscript|><|en|><|transcribe|><|notimestamps|>")
    told_first = written("<|startofprev|> Tea. ba ki")
    assert len(begin) == 4
    assert sorted(overheard.starts, key=len) == [begin, told_first + begin]
    assert without.tokens != with_bias.tokens


def test_the_language_is_what_the_model_finds_likelier_by_far(folder: Path, whisper: Whisper) -> None:
    """And not where there is too little voice, or the language is none of the learner's."""
    found: Any = load(str(folder), "cpu", "float32").detect_language(audio=sound(1, 3) / np.float32(32768))
    likeliest, share, shares = found
    assert share > 10 * dict(shares)["en"]  # else nothing would be asked of the choice
    least = min(shares, key=lambda one: one[1])[0]
    heard = whisper.hear(
        [
            Window(sound(1, 3), voiced_s=2, languages=["en", likeliest]),
            Window(sound(1, 3), voiced_s=1, languages=["en", likeliest]),
            Window(sound(1, 3), voiced_s=2, languages=["en", least]),
            Window(sound(1, 3), voiced_s=2, languages=["en"]),
        ]
    )
    assert [one.language for one in heard] == [likeliest, "en", "en", "en"]
    assert heard[0].tokens != heard[1].tokens == heard[2].tokens


def test_words_lie_within_their_audio(whisper: Whisper) -> None:
    for learner, heard in zip(LEARNERS, whisper.hear(LEARNERS), strict=True):
        times = [time for word in heard.words for time in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert 0 <= times[0] <= times[-1] <= len(learner.audio) / SECOND


def test_a_model_that_is_not_there_says_what_to_type() -> None:
    with pytest.raises(ModelMissing, match="tutor pull cpu"):
        load("small", "cpu", "int8")


def test_a_model_without_its_tokenizer_is_named(tmp_path: Path) -> None:
    folder = make_whisper(tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelMissing, match=r"no tokenizer\.json"):
        load(str(folder), "cpu", "int8")


def test_a_broken_model_says_why(tmp_path: Path) -> None:
    folder = make_whisper(tmp_path)
    (folder / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelMissing, match="cannot run"):
        load(str(folder), "cpu", "int8")
