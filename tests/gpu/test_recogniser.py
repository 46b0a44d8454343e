"""What the embedded recogniser keeps of a voice: nothing; and of a lesson: little."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu.embedded.child import Stop
from gpu.embedded.recognition import GRAMMARS_KEPT, Recogniser

DATA = Path(__file__).parents[1] / "data"
AMIABLE = "He might even have been made amiable himself."
ALIKE = [AMIABLE, "He may be made able himself.", "She might have been amicable.", "A mighty oven."]


@pytest.fixture
def recogniser(tmp_path: Path) -> Recogniser:
    return Recogniser(tmp_path)


def voice(name: str) -> bytes:
    with wave.open(str(DATA / f"{name}.wav")) as wav:
        return wav.readframes(wav.getnframes())


def answer_of(recogniser: Recogniser, body: bytes, expected: list[str], *, partial: bool = False) -> Any:
    going_on = Stop()
    going_on.current = 1
    head = {"expected": expected, "partial": partial, "prompt": ""}
    (answer, _), *_ = recogniser.answer(head, body, going_on)
    return answer


@pytest.mark.parametrize("partial", [True, False])
def test_no_features_of_a_voice_stay_in_its_folder(
    recogniser: Recogniser, tmp_path: Path, partial: bool
) -> None:
    answer = answer_of(recogniser, voice("librivox-amiable"), [AMIABLE], partial=partial)
    assert [one["word"] for one in answer["words"]][-1] == "himself"
    assert list(tmp_path.glob("*.mfc")) == []


def test_a_loud_room_is_forgotten_with_its_voice(recogniser: Recogniser) -> None:
    """The decoder takes away the noise that it has learnt: of this room, not of the last one's."""
    amiable, loud = voice("librivox-amiable"), np.frombuffer(voice("jfk"), np.int16)
    noise = np.random.default_rng(1).normal(0, 3000, len(loud))
    before = answer_of(recogniser, amiable, ALIKE)
    answer_of(recogniser, np.clip(loud / 2 + noise, -32768, 32767).astype(np.int16).tobytes(), ALIKE)
    assert answer_of(recogniser, amiable, ALIKE) == before


def test_after_many_lessons_it_hears_as_at_first(recogniser: Recogniser, tmp_path: Path) -> None:
    amiable = voice("librivox-amiable")
    at_first = answer_of(recogniser, amiable, ALIKE)
    for number in range(GRAMMARS_KEPT + 1):
        answer_of(recogniser, amiable, [f"He might {'not even ' * number} be made himself."])
    assert answer_of(recogniser, amiable, ALIKE) == at_first
    assert answer_of(Recogniser(tmp_path), amiable, ALIKE) == at_first
