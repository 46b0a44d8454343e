"""Which voices are offered, and why others are not."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gpu.bark.errors import BadVoice
from gpu.bark.voices import check, load_voices
from tests.bark import tiny


def test_the_hubs_layout_and_npz_files_are_read_alike(tmp_path: Path) -> None:
    tiny.write_voice(tmp_path / "hub", "v2/en_speaker_6", tiny.make_voice(300))
    (tmp_path / "pack" / "v2").mkdir(parents=True)
    np.savez(tmp_path / "pack" / "v2" / "en_speaker_6.npz", **tiny.make_voice(300))
    hub, pack = load_voices(tmp_path / "hub"), load_voices(tmp_path / "pack")
    assert hub.offered.keys() == pack.offered.keys() == {"v2/en_speaker_6"}
    for part in "semantic", "coarse", "fine":
        one, two = (getattr(voices["v2/en_speaker_6"], part) for voices in (hub, pack))
        assert np.array_equal(one, two)


def test_the_originals_presets_are_offered_but_for_those_that_start_late() -> None:
    spec = find_spec("bark")
    assert spec and spec.submodule_search_locations
    voices = load_voices(Path(spec.submodule_search_locations[0]) / "assets" / "prompts")
    assert len(voices.offered) + len(voices.refused) == 271
    assert voices.refused.keys() == {
        "en_speaker_5",
        "en_speaker_6",
        "tr_speaker_4",
        "v2/tr_speaker_5",
        "v2/zh_speaker_5",
        "v2/zh_speaker_6",
        "v2/zh_speaker_9",
    }
    assert voices["v2/en_speaker_6"].fine.shape[0] == 8
    with pytest.raises(BadVoice, match="158 semantic tokens, and needs 210"):
        voices["en_speaker_6"]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    tiny.write_voice(tmp_path, "v2/en_speaker_6", tiny.make_voice(300))
    with pytest.raises(BadVoice, match=r"no voice 'v2/en_speaker_77'. Voices: v2/en_speaker_6"):
        load_voices(tmp_path)["v2/en_speaker_77"]


@pytest.mark.parametrize(
    ("part", "change", "reason"),
    [
        ("semantic_prompt", lambda codes: codes[:209], "209 semantic tokens"),
        ("semantic_prompt", lambda codes: codes * 0 + 10_000, "leaves 0 to 9999"),
        ("semantic_prompt", lambda codes: codes[None], "of shape"),
        ("semantic_prompt", lambda codes: codes.astype(np.float32), "float32"),
        ("coarse_prompt", lambda codes: codes[:, :100], "do not belong"),
        ("coarse_prompt", lambda codes: codes[:1], "of shape"),
        ("coarse_prompt", lambda codes: codes - 1024, "leaves 0 to 1023"),
        ("fine_prompt", lambda codes: codes[:2], "of shape"),
        ("fine_prompt", lambda codes: codes[:, :0], "is empty"),
        ("fine_prompt", lambda codes: codes + 1024, "leaves 0 to 1023"),
    ],
)
def test_a_voice_that_is_not_fit_says_why(part: str, change, reason: str) -> None:
    parts = tiny.make_voice(300)
    check(parts)
    with pytest.raises(BadVoice, match=reason):
        check(parts | {part: change(parts[part])})


def test_one_broken_voice_takes_no_other_with_it(tmp_path: Path) -> None:
    tiny.write_voice(tmp_path, "v2/good", tiny.make_voice(300))
    tiny.write_voice(tmp_path, "v2/gone", tiny.make_voice(300))
    tiny.write_voice(tmp_path, "v2/cut", tiny.make_voice(300))
    (tmp_path / "speaker_embeddings" / "v2" / "gone_fine_prompt.npy").unlink()
    cut = tmp_path / "speaker_embeddings" / "v2" / "cut_fine_prompt.npy"
    cut.write_bytes(cut.read_bytes()[:500])
    index = json.loads((tmp_path / "speaker_embeddings_path.json").read_text())
    del index["v2/good"]["coarse_prompt"]
    index["v2/half"] = index["v2/good"]
    index["v2/good"] = index["v2/good"] | {"coarse_prompt": "speaker_embeddings/v2/good_coarse_prompt.npy"}
    index["v2/half"] = {"semantic_prompt": index["v2/half"]["semantic_prompt"]}
    (tmp_path / "speaker_embeddings_path.json").write_text(json.dumps(index))
    voices = load_voices(tmp_path)
    assert voices.offered.keys() == {"v2/good"}
    assert "cannot be read" in voices.refused["v2/gone"]
    assert "cannot be read" in voices.refused["v2/cut"]
    assert voices.refused["v2/half"] == "it has no coarse_prompt and no fine_prompt"


def test_a_file_that_would_run_something_is_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", semantic_prompt=np.array([object()], dtype=object))
    assert "cannot be read" in load_voices(tmp_path).refused["evil"]
