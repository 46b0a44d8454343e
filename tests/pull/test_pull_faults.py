"""What goes wrong on the way: it goes on where it stopped, or says what to do."""

import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.pull.conftest import LLAMA, QWEN, SMALL, WEIGHTS, Pull
from tests.pull.hub import Hub, sha256

MODEL = "models--Systran--faster-whisper-small"
MIB = 2**20


@pytest.fixture
def weights(hub: Hub) -> bytes:
    """Of several pieces: huggingface_hub writes what it reads in pieces of 10 MiB."""
    hub.repos[SMALL]["model.bin"] = random.Random(5).randbytes(48 * MIB)
    return hub.repos[SMALL]["model.bin"]


def placed(cache: Path, name: str = "model.bin") -> bytes:
    [path] = (cache / MODEL / "snapshots").glob(f"*/{name}")
    return path.read_bytes()


def left(cache: Path, content: bytes) -> Path:
    return cache / MODEL / "blobs" / f"{sha256(content)}.incomplete"


def nothing_is_placed(cache: Path) -> bool:
    return not list(cache.glob(f"{MODEL}/snapshots/*/model.bin")) and not list(cache.glob(f"{MODEL}/refs/*"))


def test_a_broken_connection_is_continued_where_it_broke(
    hub: Hub, pull: Pull, cache: Path, weights: bytes
) -> None:
    hub.cut_after["model.bin"] = [25 * MIB, 15 * MIB]
    done = pull("cpu")
    assert done.returncode == 0, done.stderr
    asked = [each.range for each in hub.gets("model.bin") if each.path.startswith("/storage/")]
    assert asked == [None, f"bytes={20 * MIB}-", f"bytes={30 * MIB}-"]
    assert placed(cache) == weights


def test_a_connection_that_was_reset_is_continued_too(
    hub: Hub, pull: Pull, cache: Path, weights: bytes
) -> None:
    hub.reset_connections()
    hub.cut_after["model.bin"] = [40 * MIB]
    done = pull("cpu")
    assert done.returncode == 0, done.stderr
    first, second = [each.range for each in hub.gets("model.bin") if each.path.startswith("/storage/")]
    assert (first, second) in [(None, f"bytes={kept * MIB}-") for kept in (10, 20, 30, 40)]
    assert placed(cache) == weights


def test_a_pull_that_was_killed_is_continued_by_the_next(
    hub: Hub, pull: Pull, command: list[str], environment: dict[str, str], cache: Path, weights: bytes
) -> None:
    hub.stall_after["model.bin"] = 44 * MIB
    with subprocess.Popen([*command, "cpu"], env=environment, stdin=subprocess.DEVNULL) as process:
        assert hub.stalled.wait(60)
        process.kill()
    kept = left(cache, weights).stat().st_size
    assert kept >= 10 * MIB
    assert nothing_is_placed(cache)
    hub.stall_after.clear()
    hub.asked.clear()
    assert pull("cpu").returncode == 0
    asked = [each.range for each in hub.gets("model.bin") if each.path.startswith("/storage/")]
    assert asked == [f"bytes={kept}-"]
    assert placed(cache) == weights
    assert not left(cache, weights).exists()


def test_stopped_by_hand_it_says_that_it_can_be_continued(
    hub: Hub, command: list[str], environment: dict[str, str], weights: bytes
) -> None:
    hub.stall_after["model.bin"] = 44 * MIB
    with subprocess.Popen(
        [*command, "cpu"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert hub.stalled.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The same command continues it" in said
    assert "Traceback" not in said


def test_a_hub_that_goes_away_leaves_what_came(hub: Hub, pull: Pull, cache: Path) -> None:
    hub.cut_after["model.bin"] = [MIB] * 20
    done = pull("cpu")
    refused(done, 5, f"no connection to {hub.url}", "the same command continues it")
    assert nothing_is_placed(cache)
    hub.cut_after.clear()
    assert pull("cpu").returncode == 0
    assert placed(cache) == WEIGHTS


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_corrupt_file_is_fetched_again(hub: Hub, pull: Pull, cache: Path, name: str) -> None:
    hub.corrupt[name] = 1
    assert pull("cpu").returncode == 0
    assert placed(cache, name) == hub.repos[SMALL][name]
    assert hub.corrupt[name] == 0


def test_a_file_that_is_corrupt_twice_is_refused_by_name(hub: Hub, pull: Pull, cache: Path) -> None:
    hub.corrupt["model.bin"] = 2
    done = pull("cpu")
    refused(done, 7, f"{SMALL}/model.bin came with a wrong checksum twice")
    assert nothing_is_placed(cache)
    assert not left(cache, WEIGHTS).exists()
    assert pull("cpu").returncode == 0


@pytest.mark.parametrize(
    ("token", "reason"), [("", "no token was given"), ("hf_other", "the token given has no access")]
)
def test_a_gated_model_says_how_to_be_let_in(
    hub: Hub, pull: Pull, cache: Path, token: str, reason: str
) -> None:
    hub.repos[LLAMA] = {"config.json": b"{}"}
    hub.gated[LLAMA] = "hf_mine"
    done = pull("cpu", "--chat-model", LLAMA, **({"HF_TOKEN": token} if token else {}))
    refused(
        done,
        3,
        f"https://huggingface.co/{LLAMA}",
        reason,
        "hf auth login",
        f"tutor pull gpu --chat-model {QWEN}",
    )
    assert nothing_is_placed(cache)  # nor of the other model: it is said before the download


def test_who_was_let_in_gets_the_model(hub: Hub, pull: Pull) -> None:
    hub.repos[LLAMA] = {"config.json": b"{}", "model.safetensors": b"weights", "tokenizer.json": b"{}"}
    hub.gated[LLAMA] = "hf_mine"
    done = pull("embedded", "--chat-model", LLAMA, HF_TOKEN="hf_mine")
    assert done.returncode == 0, done.stderr
    assert "licence: Meta Llama 3 Community License" in done.stdout


def test_who_pulled_what_stands_in_for_llama_is_not_asked_for_llama_again(
    hub: Hub, pull: Pull, tmp_path: Path
) -> None:
    hub.repos[LLAMA] = hub.repos[QWEN] = {
        name: b"{}" for name in ("config.json", "model.safetensors", "tokenizer.json")
    }
    hub.gated[LLAMA] = "hf_mine"
    # No card: then the plan is Llama whole. A folder in place of each of the others.
    here = {
        "CUDA_VISIBLE_DEVICES": "",
        "TUTOR_WHISPER__MODEL": str(tmp_path),
        "TUTOR_BARK__MODEL": str(tmp_path),
    }
    refused(pull("gpu", **here), 3, LLAMA)
    assert pull("gpu", "--chat-model", QWEN, **here).returncode == 0
    again = pull("gpu", **here)
    assert again.returncode == 0, again.stderr
    assert QWEN in again.stdout
    assert "All is here." in again.stdout
    assert pull("gpu", "--chat-model", LLAMA, HF_TOKEN="hf_mine", **here).returncode == 0
    assert LLAMA in pull("gpu", **here).stdout


@pytest.mark.parametrize("name", ["made/nothing", "no repository", "a/b/c"])
def test_an_unknown_model_is_said_to_be_unknown(hub: Hub, pull: Pull, name: str) -> None:
    refused(pull("embedded", "--chat-model", name), 6, f"{hub.url} has no {name}")


def test_a_repository_without_weights_is_refused(hub: Hub, pull: Pull) -> None:
    hub.repos["made/pickles"] = {"pytorch_model.bin": b"weights"}
    refused(pull("embedded", "--chat-model", "made/pickles"), 6, "*.safetensors")


def test_too_small_a_disk_is_said_before_the_download(hub: Hub, pull: Pull) -> None:
    hub.claimed["model.bin"] = 10**18
    done = pull("cpu")
    refused(done, 4, "too little room", "hf cache rm", "HF_HOME")
    assert hub.gets("model.bin") == []


def test_a_disk_that_gets_full_is_said_and_the_rest_comes_later(hub: Hub, pull: Pull, cache: Path) -> None:
    full = left(cache, WEIGHTS)
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")  # whatever is written there, the kernel has no space for
    done = pull("cpu")
    refused(done, 4, "the disk is full", "hf cache rm", "the same command continues it")
    assert nothing_is_placed(cache)
    full.unlink()
    hub.asked.clear()
    assert pull("cpu").returncode == 0
    assert hub.gets("config.json") == []  # it was here already
    assert placed(cache) == WEIGHTS


def test_a_folder_that_may_not_be_written_is_named(pull: Pull, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    done = pull("cpu")
    refused(done, 1, str(tmp_path / "home"))


def test_without_a_network_it_says_so(pull: Pull) -> None:
    refused(pull("cpu", HF_ENDPOINT="http://127.0.0.1:9"), 5, "no connection to http://127.0.0.1:9")


def test_offline_by_setting_it_says_so(pull: Pull) -> None:
    refused(pull("cpu", HF_HUB_OFFLINE="1"), 5, "HF_HUB_OFFLINE is set")


def test_two_pulls_at_once_do_not_disturb_each_other(
    hub: Hub, command: list[str], environment: dict[str, str], cache: Path, weights: bytes
) -> None:
    both = [subprocess.Popen([*command, "cpu"], env=environment, stdin=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert placed(cache) == weights
    assert len([each for each in hub.gets("model.bin") if each.path.startswith("/storage/")]) == 1


def refused(done: subprocess.CompletedProcess[str], status: int, *said: str) -> None:
    assert done.returncode == status, done.stderr
    for each in said:
        assert each in done.stderr
    assert "Traceback" not in done.stderr
