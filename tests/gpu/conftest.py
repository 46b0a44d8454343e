"""One real speech server for the tests of this folder, and the stock client to talk to it."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI

from tests.gpu.speech_server import SpeechServer


@pytest.fixture(scope="session")
def speech_server() -> Iterator[SpeechServer]:
    command = [sys.executable, "-m", "gpu", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.fullmatch(r"speech server ready on (http://\S+)\n", process.stdout.readline())
        try:
            assert said
            yield SpeechServer(said[1], process.pid)
        finally:
            process.terminate()


@pytest.fixture
async def client(speech_server: SpeechServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=f"{speech_server.url}/v1", api_key="x", max_retries=0, timeout=30
    ) as client:
        yield client


@pytest.fixture
async def http(speech_server: SpeechServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=speech_server.url, timeout=30) as client:
        yield client


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"
