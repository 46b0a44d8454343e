"""Which models a profile needs, and when one counts as here."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from realtime.errors import PullError
from realtime.setup.models import (
    BARK,
    BARK_SMALL,
    LLAMA,
    LLAMA_4_BIT,
    TURBO,
    bark,
    chat,
    folder_of,
    is_pulled,
    located,
    needed,
    wanted,
    whisper,
)

COMMIT = "c" * 40


@dataclass(frozen=True)
class SmallCard:
    chat_model: str = LLAMA_4_BIT
    whisper_model: str = "small"
    voice_model: str = "bark-small"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def here(cache: Path, repo: str, *names: str, index: dict[str, str] | None = None) -> None:
    folder = cache / f"models--{repo.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for name in names:
        (snapshot / name).write_text("content")
    if index is not None:
        (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))


def repos(*arguments: object, **named: object) -> list[str]:
    return [model.repo for model in needed(*arguments, **named)]  # pyright: ignore


def test_each_profile_has_its_models() -> None:
    assert repos("embedded") == []
    assert repos("cpu") == ["Systran/faster-whisper-small"]
    assert repos("gpu") == [TURBO, LLAMA, BARK]


def test_the_plan_of_a_card_says_which() -> None:
    assert repos("gpu", SmallCard()) == ["Systran/faster-whisper-small", LLAMA_4_BIT, BARK_SMALL]


def test_models_that_are_named_come_in_place_of_the_usual_ones() -> None:
    named = repos("gpu", whisper_model="tiny", chat_model="a/b", voice_model="bark-small")
    assert named == ["Systran/faster-whisper-tiny", "a/b", BARK_SMALL]
    assert repos("embedded", voice_model="bark") == [BARK]
    assert repos("cpu", chat_model="a/b") == ["Systran/faster-whisper-small", "a/b"]
    assert repos("embedded", whisper_model="tiny") == []


def test_a_folder_is_not_pulled(tmp_path: Path) -> None:
    assert repos("cpu", whisper_model=str(tmp_path)) == []


def test_weights_are_wanted_once() -> None:
    names = [
        "a.safetensors",
        "consolidated.safetensors",
        "original/a.pth",
        "x/a.safetensors",
        "a.bin",
        "b.json",
    ]
    assert wanted(chat("a/b"), names) == ["a.safetensors", "b.json"]


def test_bark_comes_once_and_with_the_english_voices() -> None:
    names = [
        *("config.json", "pytorch_model.bin", "text_2.pt", "tokenizer.json", "speaker_embeddings_path.json"),
        "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy",
        "speaker_embeddings/v2/de_speaker_6_fine_prompt.npy",
        "speaker_embeddings/en_speaker_6_fine_prompt.npy",
    ]
    assert set(names) - set(wanted(bark("bark"), names)) == {"text_2.pt", *names[-2:]}


def test_bark_without_voices_is_not_here(cache: Path) -> None:
    model = bark("bark-small")
    here(
        cache,
        model.repo,
        "config.json",
        "pytorch_model.bin",
        "tokenizer.json",
        "speaker_embeddings_path.json",
    )
    assert not is_pulled(model)
    voice = folder_of(model) / "speaker_embeddings" / "v2" / "en_speaker_6_fine_prompt.npy"
    voice.parent.mkdir(parents=True)
    voice.touch()
    assert is_pulled(model)
    assert located("bark-small", bark) == folder_of(model)
    assert located(str(cache), bark) == cache


def test_a_model_is_here_with_all_that_loading_it_takes(cache: Path) -> None:
    model = whisper("small")
    assert not is_pulled(model)
    here(cache, model.repo, "model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
    assert is_pulled(model)
    assert folder_of(model).name == COMMIT


@pytest.mark.parametrize("lost", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_model_that_lost_a_file_is_not_here(cache: Path, lost: str) -> None:
    model = whisper("small")
    here(cache, model.repo, "model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
    (folder_of(model) / lost).unlink()
    assert not is_pulled(model)


def test_a_link_to_a_file_that_was_removed_does_not_count(cache: Path) -> None:
    model = whisper("small")
    here(cache, model.repo, "config.json", "tokenizer.json", "vocabulary.txt")
    (folder_of(model) / "model.bin").symlink_to(cache / "nowhere")
    assert not is_pulled(model)


def test_all_the_shards_that_the_index_names_must_be_here(cache: Path) -> None:
    model = chat("made/chat")
    here(cache, model.repo, "1.safetensors", "config.json", "tokenizer.json", index={"a": "1.safetensors"})
    assert is_pulled(model)
    index = {"a": "1.safetensors", "b": "2.safetensors"}
    (folder_of(model) / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    assert not is_pulled(model)


def test_the_folder_of_what_was_not_pulled_is_an_error(cache: Path) -> None:
    with pytest.raises(PullError, match="has not been pulled"):
        folder_of(whisper("small"))
