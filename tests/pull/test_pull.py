"""What is downloaded, and that it is right, whole and found."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pull.conftest import SMALL, WEIGHTS, Pull
from tests.pull.hub import Hub, commit, sha256

MODEL = "models--Systran--faster-whisper-small"


def test_a_profile_is_pulled_with_what_it_needs_and_no_more(hub: Hub, pull: Pull, cache: Path) -> None:
    done = pull("cpu")
    assert done.returncode == 0, done.stderr
    folder = cache / MODEL / "snapshots" / commit(hub.repos[SMALL])
    pulled = {path.name: path.read_bytes() for path in folder.iterdir()}
    needed = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    assert pulled == {name: hub.repos[SMALL][name] for name in needed}
    assert {each.path.rpartition("/")[2] for each in hub.asked} == {*needed, "main"}


def test_size_licence_and_room_are_said_before_anything_is_downloaded(
    hub: Hub, pull: Pull, cache: Path
) -> None:
    done = pull("cpu", "--dry-run")
    assert done.returncode == 0
    assert SMALL in done.stdout
    assert "licence: MIT; 2.1 MB" in done.stdout
    assert "To download: 2.1 MB; " in done.stdout
    assert f"are free in {cache}" in done.stdout
    assert "Nothing was downloaded" in done.stdout
    assert not cache.exists()
    assert hub.gets("model.bin") == []


def test_the_commit_that_was_pulled_is_said(hub: Hub, pull: Pull) -> None:
    assert f"{SMALL} is here, at commit {commit(hub.repos[SMALL])}: checksums are right" in pull("cpu").stdout


def test_what_is_here_is_said_without_a_network(hub: Hub, pull: Pull) -> None:
    pull("cpu")
    hub.asked.clear()
    again = pull("cpu", HF_ENDPOINT="http://127.0.0.1:9")
    assert again.returncode == 0, again.stderr
    assert f"here, at commit {commit(hub.repos[SMALL])}" in again.stdout
    assert "All is here." in again.stdout
    assert hub.asked == []


def test_the_libraries_find_what_was_pulled_without_a_network(
    pull: Pull, environment: dict[str, str]
) -> None:
    pull("cpu")
    code = "from faster_whisper import download_model; print(download_model('small'))"
    offline = environment | {"HF_HUB_OFFLINE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=offline, capture_output=True, text=True, check=True
    )
    assert (Path(found.stdout.strip()) / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize(("answer", "fetched"), [(b"n", 0), (b"y", 1)])
def test_at_a_terminal_it_asks_first(
    hub: Hub, command: list[str], environment: dict[str, str], answer: bytes, fetched: int
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer + b"\n")
    done = subprocess.run(
        [*command, "cpu"], env=environment, stdin=theirs, capture_output=True, check=False, timeout=120
    )
    for each in (ours, theirs):
        os.close(each)
    assert done.returncode == 0
    assert b"Download it? [Y/n]" in done.stdout
    assert len([each for each in hub.gets("model.bin") if each.path.startswith("/storage/")]) == fetched


def test_the_embedded_profile_needs_nothing(hub: Hub, pull: Pull) -> None:
    done = pull("embedded")
    assert (done.returncode, hub.asked) == (0, [])
    assert "Nothing to download" in done.stdout


def test_a_chat_model_is_pulled_beside_the_profile_s_own(hub: Hub, pull: Pull, cache: Path) -> None:
    shards = {f"model-0000{n}-of-00002.safetensors": b"weights %d" % n for n in (1, 2)}
    index = json.dumps({"weight_map": dict(zip("ab", shards, strict=True))}).encode()
    texts = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors.index.json": index}
    other = {
        "original/consolidated.00.pth": b"again",
        "pytorch_model.bin": b"again",
        "consolidated.safetensors": b"again",
        "LICENSE": b"Apache",
    }
    hub.repos["made/chat"] = shards | texts | other
    done = pull("cpu", "--chat-model", "made/chat")
    assert done.returncode == 0, done.stderr
    pulled = {path.name for path in (cache / "models--made--chat" / "snapshots").glob("*/*")}
    assert pulled == {*shards, *texts, "LICENSE"}
    assert "licence: see https://huggingface.co/made/chat" in done.stdout


def test_a_repository_that_was_renamed_is_found_under_both_names(hub: Hub, pull: Pull) -> None:
    hub.repos["new/whisper"] = hub.repos.pop(SMALL)
    hub.moved[SMALL] = "new/whisper"
    assert pull("cpu").returncode == 0
    assert "All is here." in pull("cpu", HF_ENDPOINT="http://127.0.0.1:9").stdout


def test_a_token_stays_with_the_hub(hub: Hub, pull: Pull) -> None:
    assert pull("cpu", HF_TOKEN="hf_secret").returncode == 0
    at_the_hub = [each for each in hub.asked if not each.path.startswith("/storage/")]
    elsewhere = [each for each in hub.asked if each.path.startswith("/storage/")]
    assert {each.authorization for each in at_the_hub} == {"Bearer hf_secret"}
    assert {each.authorization for each in elsewhere} == {None}


def test_a_file_is_stored_under_its_checksum(hub: Hub, pull: Pull, cache: Path) -> None:
    pull("cpu")
    blobs = {path.name for path in (cache / MODEL / "blobs").iterdir()}
    assert sha256(WEIGHTS) in blobs
    assert not [name for name in blobs if name.endswith(".incomplete")]
