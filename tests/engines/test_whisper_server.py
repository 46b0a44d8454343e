"""The speech server with a Whisper: its route, its batches, its process killed."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import psutil
import pytest

from benchmarks.random_whisper import make_whisper
from gpu.decode import decode
from tests.gpu.speech_server import SpeechServer, eventually, wav_of
from tests.gpu.test_transcriptions import ROUTE
from tests.rooms import RATE, Make, fan, keyboard, music, silence

VOICE = decode((Path(__file__).parents[1] / "data" / "jfk.wav").read_bytes())


@contextmanager
def speech_server_on(model: str) -> Iterator[SpeechServer]:
    command = [
        sys.executable,
        "-m",
        "gpu",
        "--port",
        "0",
        "--recognition",
        "whisper",
        "--whisper-model",
        model,
    ]
    command += ["--whisper-precision", "float32", "--whisper-batch", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.fullmatch(r"speech server ready on (http://\S+)\n", process.stdout.readline())
        try:
            assert said
            yield SpeechServer(said[1], process.pid)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def whisper_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechServer]:
    with speech_server_on(str(make_whisper(tmp_path_factory.mktemp("model") / "whisper"))) as server:
        yield server


@pytest.fixture
async def http(whisper_server: SpeechServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=whisper_server.url, timeout=60) as client:
        yield client


async def heard(http: httpx.AsyncClient, wav: bytes, **data: Any) -> httpx.Response:
    return await http.post(ROUTE, files={"file": wav}, data={"response_format": "verbose_json", **data})


def the_process(server: SpeechServer) -> psutil.Process:
    [found] = [
        child
        for child in psutil.Process(server.pid).children()
        if "gpu.whisper.recognition" in child.cmdline()
    ]
    return found


async def test_health_names_the_whisper(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz")
    assert answer.json()["engines"]["recognition"].startswith("whisper ")


async def test_a_voice_has_words_with_times_and_a_language(http: httpx.AsyncClient) -> None:
    answer = (await heard(http, wav_of(VOICE[: 3 * 16_000]), languages=["en", "es"])).json()
    assert answer["language"] in ("english", "es")
    assert answer["words"] and answer["on_script"] is None
    assert answer["words"][-1]["end"] <= 3


@pytest.mark.parametrize("make", [silence, fan, music, keyboard])
async def test_where_nobody_speaks_there_is_no_word(http: httpx.AsyncClient, make: Make) -> None:
    """This Whisper writes words whatever it hears; nothing of a room may reach it."""
    sound = make(10 * RATE, np.random.default_rng(9))
    answer = (await heard(http, wav_of(np.clip(sound, -32768, 32767).astype(np.int16)))).json()
    assert (answer["text"], answer["words"]) == ("", [])


async def test_requests_that_wait_go_together_and_those_who_left_not_at_all(
    http: httpx.AsyncClient, whisper_server: SpeechServer
) -> None:
    async def answered() -> float:
        return await whisper_server.metric("speech_batch_requests_sum")

    async def waiting(count: int) -> None:
        async def as_many() -> bool:
            return await whisper_server.metric("speech_requests_gathering") == count

        await eventually(as_many)

    async def held() -> bool:
        return await whisper_server.metric("speech_jobs_running", engine="recognition") == 1

    before = await answered()
    process = the_process(whisper_server)
    wav = wav_of(VOICE[: 2 * 16_000])
    process.suspend()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(heard, http, wav)
            await eventually(held)
            async with anyio.create_task_group() as leaving:
                for _ in range(3):
                    leaving.start_soon(heard, http, wav)
                await waiting(3)
                leaving.cancel_scope.cancel()
            await waiting(0)
            for _ in range(4):
                tasks.start_soon(heard, http, wav)
            await waiting(4)
            process.resume()
    finally:
        process.resume()
    assert await answered() - before == 5
    assert await whisper_server.metric("speech_batch_requests_bucket", le="4.0") >= 2


async def test_a_killed_process_costs_its_requests_and_is_replaced(
    http: httpx.AsyncClient, whisper_server: SpeechServer
) -> None:
    answers: list[httpx.Response] = []

    async def ask() -> None:
        answers.append(await heard(http, wav_of(VOICE)))

    async def held() -> bool:
        return await whisper_server.metric("speech_jobs_running", engine="recognition") == 1

    process = the_process(whisper_server)
    process.suspend()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await eventually(held)
        process.kill()
    assert [answer.status_code for answer in answers] == [503]
    assert (await heard(http, wav_of(VOICE[:32_000]))).status_code == 200


def test_a_model_that_is_missing_is_refused_at_the_start() -> None:
    command = [sys.executable, "-m", "gpu", "--port", "0", "--recognition", "whisper"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "tutor pull cpu" in ended.stderr
