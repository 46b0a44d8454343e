"""What may be asked of `tutor bench`, and what is answered to what may not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime.commands.bench import address
from realtime.terminal import write_wav


def bench(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "realtime", "bench", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--learners", "0"], "0 is no whole number above 0"),
        (["--turns", "many"], "many is no whole number above 0"),
        (["--seconds-limit", "-1"], "-1"),
        (["--url", "http://127.0.0.1:1"], "no address of a talk"),
        (["--url", "127.0.0.1:8000"], "no address of a talk"),
        (["--speech", "no-such-folder"], "holds no sentence"),
        (["--plot", "no-such-folder/plot.svg"], "no folder no-such-folder"),
        (["--detection", "semantic_vad", "--silence-ms", "200"], "--silence-ms belongs to"),
    ],
)
def test_what_cannot_be_is_refused(flags: list[str], why: str) -> None:
    answer = bench(*flags)
    assert answer.returncode == 2
    assert why in answer.stderr
    assert "Traceback" not in answer.stderr


def test_sentences_that_are_too_short_to_pause_in_are_refused_before_anybody_speaks(tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", np.full(4800, 9000, np.int16).tobytes())
    answer = bench("--speech", str(tmp_path))
    assert answer.returncode == 2
    assert "too short to pause in" in answer.stderr


def test_a_server_that_is_not_there_is_a_result_and_no_success(tmp_path: Path) -> None:
    ramp = np.concatenate((np.full(24_000, 9000), np.full(4800, 3000), np.full(24_000, 9000)))
    write_wav(tmp_path / "long.wav", ramp.astype(np.int16).tobytes())
    flags = ["--url", "ws://127.0.0.1:9/v1/realtime", "--learners", "2", "--turns", "1"]
    answer = bench(*flags, "--speech", str(tmp_path))
    assert answer.returncode == 1
    assert "| refused connections | 2 |" in answer.stdout
    assert "| turns spoken | 0 of 2 planned |" in answer.stdout


@pytest.mark.parametrize(
    ("url", "model", "is_"),
    [
        ("ws://a/v1/realtime", None, "ws://a/v1/realtime?model=tutor"),
        ("ws://a/v1/realtime", "b", "ws://a/v1/realtime?model=b"),
        ("wss://a:1/v1/realtime?model=c", None, "wss://a:1/v1/realtime?model=c"),
        ("wss://a/v1/realtime?model=c&x=1", "b", "wss://a/v1/realtime?model=b&x=1"),
    ],
)
def test_the_model_goes_into_the_address(url: str, model: str | None, is_: str) -> None:
    assert address(url, model) == is_
