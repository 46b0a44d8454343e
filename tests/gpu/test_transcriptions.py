"""The recognition route on a real server, through the stock client."""

from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from gpu.transcriptions import form_of
from tests.gpu.speech_server import SpeechServer, eventually, packed, samples_of, spoken, wav_of

EXPECTED = [
    "I would like a coffee, please.",
    "I would like a tea, please.",
    "I want coffee.",
    "Where is the toilet?",
    "I am twenty years old.",
    "I have twenty years.",
]
SILENCE = np.zeros(32_000, np.int16)
ROUTE = "/v1/audio/transcriptions"


async def heard(client: AsyncOpenAI, wav: bytes, name: str = "a.wav", **fields: Any) -> dict[str, Any]:
    answer = await client.audio.transcriptions.create(
        model="x",
        file=(name, wav),
        response_format="verbose_json",
        timestamp_granularities=["word"],
        extra_body={"expected": EXPECTED, **fields},
    )
    return answer.to_dict()


@pytest.mark.parametrize("sentence", EXPECTED)
async def test_what_a_lesson_expects_is_recognised(client: AsyncOpenAI, sentence: str) -> None:
    plain = sentence.lower().replace(",", "").strip(".?")
    assert (await heard(client, await spoken(client, sentence)))["text"] == plain


async def test_words_have_their_times(client: AsyncOpenAI) -> None:
    wav = await spoken(client, EXPECTED[0])
    answer = await heard(client, wav)
    times = [time for word in answer["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert (
        0
        <= times[0]
        < times[-1]
        <= answer["duration"]
        == pytest.approx(len(samples_of(wav)) / 24_000, abs=0.01)
    )
    assert answer["text"].split() == [word["word"] for word in answer["words"]]
    assert answer["segments"][0]["text"] == answer["text"]


async def test_plain_forms(client: AsyncOpenAI, http: httpx.AsyncClient) -> None:
    wav = await spoken(client, EXPECTED[3])
    answer = await client.audio.transcriptions.create(
        model="x", file=("a.wav", wav), extra_body={"expected": EXPECTED}
    )
    text = await http.post(ROUTE, files={"file": wav}, data={"response_format": "text", "expected": EXPECTED})
    assert answer.text == "where is the toilet"
    assert text.text == "where is the toilet\n"


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("mp3", "libmp3lame", 44_100, "stereo"),
        ("ogg", "libopus", 48_000, "mono"),
        ("webm", "libopus", 48_000, "mono"),
        ("wav", "pcm_s16le", 44_100, "stereo"),
        ("wav", "pcm_f32le", 48_000, "mono"),
        ("wav", "pcm_s16le", 16_000, "mono"),
        ("flac", "flac", 16_000, "mono"),
    ],
)
async def test_every_container(
    client: AsyncOpenAI, container: str, codec: str, rate: int, layout: str
) -> None:
    file = packed(await spoken(client, EXPECTED[0]), container, codec, rate, layout)
    answer = await heard(client, file, f"speech.{container}")
    assert answer["text"] == "i would like a coffee please"


async def test_a_word_in_no_dictionary_is_given_a_pronunciation(client: AsyncOpenAI) -> None:
    expected = ["My friend is Grzegorz.", "My friend is Tzanetaki.", "It is 20 o'clock."]
    for sentence in expected:
        answer = await heard(client, await spoken(client, sentence), expected=expected)
        assert answer["text"] == sentence.lower().strip(".")


async def test_without_a_lesson_it_still_answers(client: AsyncOpenAI) -> None:
    answer = await heard(client, await spoken(client, "Hello."), expected=[])
    assert answer["text"]
    assert answer.get("on_script") is None


@pytest.mark.parametrize(
    "samples", [SILENCE, SILENCE[:0], SILENCE[:100]], ids=["silence", "nothing", "a blink"]
)
async def test_silence_is_no_word(client: AsyncOpenAI, samples: Any) -> None:
    answer = await heard(client, wav_of(samples))
    assert (answer["text"], answer["words"], answer["segments"]) == ("", [], [])


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"RIFF\x10\0\0\0WAVEfmt garbage", "invalid_audio"),
        (b"", "invalid_audio"),
        (Path(__file__).read_bytes(), "invalid_audio"),
        (wav_of(SILENCE)[:40], "invalid_audio"),
        (wav_of(np.zeros(16_000 * 301, np.int16)), "audio_too_long"),
        (wav_of(np.zeros(24_000 * 301, np.int16), 24_000), "audio_too_long"),
    ],
    ids=["a WAV that is no WAV", "empty", "text", "cut in its head", "too long", "too long at 24 kHz"],
)
async def test_bad_audio_is_refused(client: AsyncOpenAI, file: bytes, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        await heard(client, file)
    assert refusal.value.code == code
    assert refusal.value.param == "file"


@pytest.mark.parametrize(
    ("data", "headers", "code"),
    [
        ({"language": "es"}, {}, "unsupported_language"),
        ({"response_format": "srt"}, {}, "unknown_format"),
        ({"expected": ["a" * 501]}, {}, "expected_too_large"),
        ({}, {"X-Tutor-Kind": "urgent"}, "invalid_header"),
        ({}, {"X-Tutor-Due-Ms": "soon"}, "invalid_header"),
    ],
)
async def test_a_bad_form_is_refused(
    http: httpx.AsyncClient, data: dict[str, Any], headers: dict[str, str], code: str
) -> None:
    answer = await http.post(ROUTE, files={"file": wav_of(SILENCE)}, data=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_a_form_without_a_file_is_refused(http: httpx.AsyncClient) -> None:
    for request in (
        {"data": {"model": "x"}},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
    ):
        answer = await http.post(ROUTE, **request)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_an_upload_too_large_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(ROUTE, files={"file": bytes(26 * 2**20)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")


async def test_a_long_recording_never_touches_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there is none"))
    recording = bytes(20 * 2**20)
    sent = httpx.Request("POST", "http://tutor", files={"file": recording})
    content = await sent.aread()

    async def receive() -> Message:
        return {"type": "http.request", "body": content}

    headers = [(name.lower(), value) for name, value in sent.headers.raw]
    form = await form_of(Request({"type": "http", "headers": headers}, receive))
    file = form["file"]
    assert isinstance(file, UploadFile)
    assert await file.read() == recording
    await form.close()


async def test_many_learners_are_kept_apart(client: AsyncOpenAI) -> None:
    got: dict[str, str] = {}

    async def one(sentence: str, kind: str) -> None:
        wav = await spoken(client, sentence)
        answer = await client.audio.transcriptions.create(
            model="x",
            file=("a.wav", wav),
            extra_body={"expected": EXPECTED},
            extra_headers={"X-Tutor-Kind": kind},
        )
        got[sentence] = answer.text

    async with anyio.create_task_group() as tasks:
        for place, sentence in enumerate(EXPECTED):
            tasks.start_soon(one, sentence, "partial" if place % 2 else "final")
    assert got == {sentence: sentence.lower().replace(",", "").strip(".?") for sentence in EXPECTED}


async def test_a_client_that_leaves_stops_the_recognition(
    client: AsyncOpenAI, speech_server: SpeechServer
) -> None:
    async def running() -> float:
        return await speech_server.metric("speech_jobs_running", engine="recognition")

    async def stopped() -> float:
        return await speech_server.metric("speech_jobs_total", engine="recognition", outcome="stopped")

    async def begun() -> bool:
        return await running() == 1

    async def over() -> bool:
        return await stopped() == before + 1 and await running() == 0

    before = await stopped()
    # Open dictation of a minute: far more work than this test takes.
    wav = await spoken(client, "The quick brown fox jumps over the lazy dog. " * 20)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: heard(client, wav, expected=[]))
        await eventually(begun)
        tasks.cancel_scope.cancel()
    await eventually(over)
    assert (await heard(client, await spoken(client, EXPECTED[2])))["text"] == "i want coffee"


async def test_a_killed_process_costs_one_request(client: AsyncOpenAI, speech_server: SpeechServer) -> None:
    lost: list[openai.APIStatusError] = []

    async def ask() -> None:
        try:
            await heard(client, wav, expected=[])
        except openai.APIStatusError as error:
            lost.append(error)

    async def begun() -> bool:
        return await speech_server.metric("speech_jobs_running", engine="recognition") == 1

    wav = await spoken(client, "The quick brown fox jumps over the lazy dog. " * 20)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await eventually(begun)
        for worker in speech_server.workers("recognition"):
            worker.kill()
    [error] = lost
    assert (error.status_code, error.code) == (503, "engine_lost")
    assert (await heard(client, await spoken(client, EXPECTED[2])))["text"] == "i want coffee"
