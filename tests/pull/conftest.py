"""`tutor pull` as its own process, against a hub on this machine, with a cache in the test's folder."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pull.hub import Hub, running

SMALL = "Systran/faster-whisper-small"
LLAMA = "meta-llama/Meta-Llama-3-8B-Instruct"
QWEN = "Qwen/Qwen2.5-7B-Instruct"
WEIGHTS = random.Random(4).randbytes(2 * 2**20)

Pull = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """With the model of the cpu profile, and what lies beside it that nobody needs."""
    files = {
        "config.json": b"{}",
        "model.bin": WEIGHTS,
        "tokenizer.json": b'{"model": {}}',
        "vocabulary.txt": b"hello\n",
        "README.md": b"# Whisper small",
        "original/model.pth": b"a second copy of the weights",
    }
    with running(Hub(repos={SMALL: files})) as hub:
        yield hub


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    return own | {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.url}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "home" / "hub"


@pytest.fixture
def command() -> list[str]:
    return [sys.executable, "-m", "realtime", "pull"]


@pytest.fixture
def pull(command: list[str], environment: dict[str, str]) -> Pull:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            env=environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
