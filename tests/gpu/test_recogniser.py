"""What the embedded recogniser keeps of a voice: nothing."""

import wave
from pathlib import Path

import pytest

from gpu.embedded.child import Stop
from gpu.embedded.recognition import Recogniser

AMIABLE = Path(__file__).parents[1] / "data" / "librivox-amiable.wav"


@pytest.mark.parametrize("partial", [True, False])
def test_no_features_of_a_voice_stay_in_its_folder(tmp_path: Path, partial: bool) -> None:
    recogniser, going_on = Recogniser(tmp_path), Stop()
    going_on.current = 1
    head = {"expected": ["He might even have been made amiable himself."], "partial": partial, "prompt": ""}
    with wave.open(str(AMIABLE)) as wav:
        body = wav.readframes(wav.getnframes())
    (answer, _), *_ = recogniser.answer(head, body, going_on)
    assert [one["word"] for one in answer["words"]][-1] == "himself"
    assert list(tmp_path.glob("*.mfc")) == []
