"""Every format of the same weights speaks the same; what is not Bark is refused with a reason."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertTokenizer

from gpu.bark import generate
from gpu.bark.codec import Stream
from gpu.bark.errors import BadModel
from gpu.bark.weights import Bark, load_tokenizer
from tests.bark import tiny


def spoken(bark: Bark, voices: Bark) -> tuple[list[int], list[int], torch.Tensor, torch.Tensor]:
    voice = voices.voices["v2/en_speaker_6"]
    prompt = generate.semantic_prompt(bark.ids(tiny.TEXTS[0]), voice)
    semantic = list(generate.semantic_tokens(bark.semantic, prompt, 1, 50))
    coarse = list(generate.coarse_tokens(bark.coarse, generate.Windows.of(voice), iter(semantic), 1))
    fine = bark.fine.complete(torch.from_numpy(generate.codes_of(coarse)), voice, 1)
    return semantic, coarse, fine, bark.codec.decode(fine, Stream())


def same(one: Bark, two: Bark, voices: Bark) -> bool:
    a, b = spoken(one, voices), spoken(two, voices)
    return a[:2] == b[:2] and torch.equal(a[2], b[2]) and torch.equal(a[3], b[3])


def test_checkpoints_of_the_original_speak_as_transformers_folder(bark: Bark, checkpoints: Path) -> None:
    assert same(Bark.load(checkpoints), bark, bark)


def test_the_small_checkpoints_are_found_by_their_names(bark: Bark, tmp_path: Path) -> None:
    tiny.write_checkpoints(tmp_path, tiny.make_model(), size="")
    tiny.write_vocabulary(tmp_path)
    assert same(Bark.load(tmp_path), bark, bark)


def test_an_older_folder_with_pickled_weights_speaks_the_same(
    bark: Bark, folder: Path, tmp_path: Path
) -> None:
    """As the hub has it: torch's older names of weights in two parts, and no embedding twice."""
    state = load_file(folder / "model.safetensors")
    for name in list(state):
        for new, old in ("original0", "weight_g"), ("original1", "weight_v"):
            if name.endswith(f"parametrizations.weight.{new}"):
                state[name.replace(f"parametrizations.weight.{new}", old)] = state.pop(name)
    torch.save(state, tmp_path / "pytorch_model.bin")
    shutil.copy(folder / "config.json", tmp_path)
    shutil.copy(folder / "vocab.txt", tmp_path)
    assert same(Bark.load(tmp_path), bark, bark)


def test_a_text_has_the_originals_ids(bark: Bark, folder: Path) -> None:
    theirs = BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=False)
    for text in [*tiny.TEXTS, "  Ünïcode\tand\n\nspaces ", "[laughs] 3.5 – it’s …", "你好"]:
        assert bark.ids(text) == theirs.encode(" ".join(text.split()), add_special_tokens=False)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "copy")


def refused(folder: Path) -> str:
    with pytest.raises(BadModel) as caught:
        Bark.load(folder)
    return str(caught.value)


def test_the_silent_tokenizer_of_five_tokens_is_refused(copy: Path) -> None:
    """transformers hands one out, without a word, where the vocabulary is not found."""
    silent = BertTokenizer(vocab_file=str(copy / "vocab.txt"))
    assert len(silent) == 5
    silent.save_pretrained(copy)
    assert "5 tokens; Bark's has 119547" in refused(copy)


def test_another_models_vocabulary_is_refused(copy: Path) -> None:
    tiny.write_vocabulary(copy, size=30_000)
    assert "30000 tokens" in refused(copy)


def test_a_saved_tokenizer_reads_as_its_vocabulary(folder: Path, tmp_path: Path) -> None:
    BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(tmp_path)
    assert (tmp_path / "tokenizer.json").is_file()
    one, two = load_tokenizer(folder), load_tokenizer(tmp_path)
    for text in tiny.TEXTS:
        assert (
            one.encode(text, add_special_tokens=False).ids == two.encode(text, add_special_tokens=False).ids
        )


def test_a_folder_without_bark_is_refused(tmp_path: Path) -> None:
    assert "neither tokenizer.json nor vocab.txt" in refused(tmp_path)
    tiny.write_vocabulary(tmp_path)
    assert "there is no Bark in it" in refused(tmp_path)


def test_another_kind_of_model_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    assert "of type 'llama'" in refused(copy)


def test_a_cut_file_is_refused(copy: Path) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    assert "cannot be read" in refused(copy)


def test_a_cut_checkpoint_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(checkpoints, tmp_path / "copy")
    file = copied / "coarse_2.pt"
    file.write_bytes(file.read_bytes()[:-1000])
    assert "coarse_2.pt cannot be read" in refused(copied)
    file.unlink()
    assert "coarse_2.pt is missing" in refused(copied)


def test_a_checkpoint_that_would_run_something_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(checkpoints, tmp_path / "copy")
    torch.save({"model": {}, "model_args": Path("/")}, copied / "text_2.pt")
    assert "text_2.pt cannot be read" in refused(copied)


@pytest.mark.parametrize(
    "name",
    [
        "semantic.lm_head.weight",
        "coarse_acoustics.layers.1.mlp.in_proj.weight",
        "fine_acoustics.input_embeds_layers.7.weight",
        "codec_model.decoder.layers.1.lstm.weight_hh_l1",
        "codec_model.quantizer.layers.7.codebook.embed",
        "codec_model.decoder.layers.15.conv.bias",
        "codec_model.decoder.layers.9.conv.parametrizations.weight.original1",
    ],
)
def test_weights_that_are_missing_or_of_another_shape_are_named(copy: Path, name: str) -> None:
    state = load_file(copy / "model.safetensors")
    kept = state.pop(name)
    save_file(state, copy / "model.safetensors")
    reason = refused(copy)
    assert "is not whole" in reason
    state[name] = kept[..., :-1].contiguous() if kept.ndim > 1 else kept[None].contiguous()
    save_file(state, copy / "model.safetensors")
    assert refused(copy) != reason
