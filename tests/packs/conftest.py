"""One real speech server, a lesson so small that all of it is spoken in seconds, and a pack of it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tutor.test_lessons import GOOD, folder_with


@pytest.fixture(scope="session")
def speech_url() -> Iterator[str]:
    command = [sys.executable, "-m", "gpu", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.fullmatch(r"speech server ready on (http://\S+)\n", process.stdout.readline())
        try:
            assert said
            yield f"{said[1]}/v1"
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_with(tmp_path_factory.mktemp("lessons"), GOOD)


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory, lessons: Path, speech_url: str) -> Path:
    """In a voice that is not the server's usual one."""
    folder = tmp_path_factory.mktemp("packs") / "pack"
    done = render(folder, lessons, speech_url, "--check", "--voice", "en-gb")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def command(folder: Path, lessons: Path, speech_url: str, *flags: str) -> list[str]:
    given = ["--lessons", str(lessons), "--speech-url", speech_url]
    return [sys.executable, "-m", "realtime", "render", str(folder), *given, *flags]


def render(folder: Path, lessons: Path, speech_url: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, lessons, speech_url, *flags), capture_output=True, text=True, check=False, timeout=120
    )
