"""The speech route with Bark behind it: whose model, whose voice, what is refused, what is listed."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.gpu.speech_server import SpeechServer, data_events, eventually

TEXT = "What would you like to drink?"


@contextmanager
def serving(folder: Path, factor: float, *flags: str, first: str = "") -> Iterator[SpeechServer]:
    """A speech server whose Bark is the scripted one: in place of a Python is what does `first`, and starts
    that."""
    python = folder / "python"
    scripted = [sys.executable, "-m", "tests.gpu.scripted_bark", str(folder / "log"), str(factor)]
    python.write_text(f"#!/bin/sh\n{first}\nexec {shlex.join(scripted)}\n")
    python.chmod(0o755)
    bark = ["--voice", "bark", "--bark-model", str(folder), "--bark-python", str(python), "--bark-slots", "1"]
    command = [sys.executable, "-m", "gpu", "--port", "0", "--workers", "1", *bark, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.fullmatch(r"speech server ready on (http://\S+)\n", process.stdout.readline())
        try:
            assert said
            yield SpeechServer(said[1], process.pid)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bark")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[SpeechServer]:
    with serving(folder, 0.5) as server:
        yield server


@pytest.fixture
async def http(server: SpeechServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
async def client(server: SpeechServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
        yield client


def asked_of_bark(folder: Path) -> list[dict[str, Any]]:
    log = folder / "log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize(
    ("model", "speaks"), [("bark", True), ("bark-small", True), ("tts-1", True), ("espeak-ng", False)]
)
async def test_the_model_says_who_speaks(client: AsyncOpenAI, folder: Path, model: str, speaks: bool) -> None:
    before = len(asked_of_bark(folder))
    answer = await client.audio.speech.create(model=model, voice="alloy", input=TEXT)
    assert len(await answer.aread()) > 24_000
    assert (len(asked_of_bark(folder)) > before) is speaks


async def test_words_come_twice_and_the_later_ones_fit_the_sound(client: AsyncOpenAI) -> None:
    create = client.audio.speech.with_streaming_response.create
    async with create(
        model="bark", voice="alloy", input=TEXT, response_format="pcm", stream_format="sse"
    ) as answer:
        got = [json.loads(event) for event in await data_events(answer.iter_lines())]
    kinds = [event["type"] for event in got]
    assert kinds[0] == kinds[-2] == "speech.words"
    assert kinds[-1] == "speech.audio.done"
    assert got[-2]["words"][-1]["end"] == pytest.approx(1.4, abs=0.05)


async def test_our_own_fields_reach_the_process(http: httpx.AsyncClient, folder: Path) -> None:
    body = {"input": TEXT, "model": "bark", "voice": "v2/en_speaker_3", "seed": 8, "mode": "exact"}
    answer = await http.post("/v1/audio/speech", json=body, headers={"X-Tutor-Due-Ms": "900"})
    assert answer.status_code == 200
    head = asked_of_bark(folder)[-1]
    assert (head["voice"], head["seed"], head["mode"]) == ("v2/en_speaker_3", 8, "exact")
    assert 500 < head["due_ms"] <= 900


async def test_a_checked_clip_is_listened_to(http: httpx.AsyncClient, folder: Path) -> None:
    """A buzz is no sentence, so a second take is tried."""
    body = {"input": TEXT, "model": "bark", "seed": 8, "check": True}
    assert (await http.post("/v1/audio/speech", json=body)).status_code == 200
    assert [head["seed"] for head in asked_of_bark(folder)[-2:]] == [8, 9]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"voice": "en-us"}, 400, "voice_not_found"),
        ({"input": "..."}, 400, "empty_input"),
        ({"seed": -1}, 400, "invalid_request"),
        ({"mode": "fast"}, 400, "invalid_request"),
        ({"input": "Dying, are you?", "seed": 7}, 503, "engine_lost"),
    ],
)
async def test_what_bark_cannot_say_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await http.post(
        "/v1/audio/speech", json={"input": TEXT, "model": "bark", "mode": "exact", **body}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    async def well() -> bool:
        return (await http.get("/healthz")).status_code == 200

    await eventually(well)


async def test_one_that_dies_within_a_clip_is_an_event(http: httpx.AsyncClient) -> None:
    body = {
        "input": "Dying, are you?",
        "model": "bark",
        "seed": 7,
        "response_format": "pcm",
        "stream_format": "sse",
    }
    async with http.stream("POST", "/v1/audio/speech", json=body) as answer:
        *_, last = [json.loads(event) for event in await data_events(answer.aiter_lines())]
    assert (last["type"], last["error"]["code"]) == ("error", "engine_lost")

    async def well() -> bool:
        return (await http.get("/healthz")).status_code == 200

    await eventually(well)


async def test_the_engines_own_counts_are_shown(client: AsyncOpenAI, server: SpeechServer) -> None:
    async def counts() -> tuple[float, float, float]:
        passes = await server.metric("speech_passes_total", stage="semantic")
        shares = await server.metric("speech_first_sound_share_count")
        return passes, shares, await server.metric("speech_first_sound_share_sum")

    before = await counts()
    await client.audio.speech.create(model="bark", voice="alloy", input=TEXT)
    passes, shares, share = (now - then for now, then in zip(await counts(), before, strict=True))
    assert (passes, shares, share) == (50, 1, 0.5)


async def test_closing_a_stream_stops_bark(client: AsyncOpenAI, server: SpeechServer, folder: Path) -> None:
    async def counts() -> tuple[float, float, float]:
        passes = await server.metric("speech_passes_total", stage="semantic")
        stops = await server.metric("speech_stop_steps_count")
        return passes, stops, await server.metric("speech_stop_steps_sum")

    before = await counts()
    create = client.audio.speech.with_streaming_response.create
    async with create(
        model="bark", voice="alloy", input="Stuck?", response_format="pcm", extra_body={"seed": 7}
    ) as answer:
        await anext(answer.iter_bytes(480))

    async def stopped() -> bool:
        return "stop" in asked_of_bark(folder)[-1]

    await eventually(stopped)

    async def counted() -> bool:
        return [now - then for now, then in zip(await counts(), before, strict=True)] == [20, 1, 1]

    await eventually(counted)


async def test_models_and_voices_are_listed(client: AsyncOpenAI, http: httpx.AsyncClient) -> None:
    assert [model.id for model in (await client.models.list()).data] == [
        "bark-small",
        "espeak-ng",
        "pocketsphinx",
    ]
    listed = (await http.get("/v1/audio/voices")).json()["data"]
    named = {(voice["model"], voice["id"]) for voice in listed}
    assert {("bark-small", "v2/en_speaker_6"), ("espeak-ng", "en-gb"), ("espeak-ng", "alloy")} <= named


async def test_health_names_the_voice(http: httpx.AsyncClient) -> None:
    health = (await http.get("/healthz")).json()
    assert (health["engines"]["speech"], health["live_voice"]) == ("bark-small", "bark-small")


async def test_where_it_is_too_slow_it_speaks_to_nobody_who_waits(tmp_path: Path) -> None:
    with serving(tmp_path, 2.5) as server:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
            with pytest.raises(openai.InternalServerError, match=r"takes 2\.5 s") as refused:
                await client.audio.speech.create(
                    model="bark", voice="alloy", input=TEXT, extra_headers={"X-Tutor-Live": "1"}
                )
            assert (refused.value.status_code, refused.value.code) == (503, "voice_too_slow")
            await client.audio.speech.create(model="bark", voice="alloy", input=TEXT)
        async with httpx.AsyncClient(base_url=server.url) as http:
            health = (await http.get("/healthz")).json()
        assert health["live_voice"] == "espeak-ng"
        assert "2.5 s" in health["reason"]


async def test_one_that_does_not_start_is_stood_in_for_until_it_does(tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    with serving(tmp_path, 0.5, first=f"[ -e {mended} ] || exit 3") as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:

            async def health() -> dict[str, Any]:
                answer = await http.get("/healthz")
                return answer.json() if answer.status_code == 200 else {}

            async def status(model: str) -> int:
                return (await http.post("/v1/audio/speech", json={"input": TEXT, "model": model})).status_code

            async def is_degraded() -> bool:
                return (await health()).get("status") == "degraded"

            async def is_well() -> bool:
                return (await health()).get("status") == "ok"

            await eventually(is_degraded)
            told = await health()
            assert told["reason"] == "Bark does not start: it ended with status 3"
            assert (told["live_voice"], told["engines"]["speech"]) == ("espeak-ng", "espeak-ng")
            assert (await status("bark"), await status("tts-1")) == (503, 200)
            mended.touch()
            await eventually(is_well)
            assert (await health())["live_voice"] == "bark-small"
            assert await status("bark") == 200


async def test_without_bark_its_name_is_not_known(speech_server: SpeechServer) -> None:
    async with httpx.AsyncClient(base_url=speech_server.url) as client:
        answer = await client.post("/v1/audio/speech", json={"input": TEXT, "model": "bark"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("flag", ["--bark-model", "--bark-python"])
def test_a_server_that_lacks_a_part_of_bark_says_so(tmp_path: Path, flag: str) -> None:
    parts = {"--bark-model": str(tmp_path), "--bark-python": sys.executable, flag: str(tmp_path / "none")}
    words = [word for part in parts.items() for word in part]
    command = [sys.executable, "-m", "gpu", "--voice", "bark", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert flag in ended.stderr
