"""The speech route on a real server, through the stock client."""

import base64
import io
import json
import wave
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.gpu.speech_server import SpeechServer, data_events, eventually, samples_of, spoken

TEXT = "Good morning, and welcome to the café. What would you like — a coffee?"
LONG_TEXT = "This is one more sentence of a very long story. " * 85


async def test_wav_is_a_whole_file(client: AsyncOpenAI) -> None:
    wav = await spoken(client, TEXT)
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.getnframes() * 2 + 44 == len(wav)
    assert abs(samples_of(wav)).max() > 5000


async def test_pcm_streams(client: AsyncOpenAI) -> None:
    create = client.audio.speech.with_streaming_response.create
    async with create(model="x", voice="alloy", input=TEXT, response_format="pcm") as answer:
        chunks = [chunk async for chunk in answer.iter_bytes()]
    assert len(chunks) > 3
    assert sum(map(len, chunks)) % 2 == 0
    assert sum(map(len, chunks)) > 3 * 48_000


async def events(client: AsyncOpenAI, text: str) -> list[dict[str, Any]]:
    create = client.audio.speech.with_streaming_response.create
    async with create(
        model="x", voice="en-gb", input=text, response_format="pcm", stream_format="sse"
    ) as answer:
        return [json.loads(event) for event in await data_events(answer.iter_lines())]


@pytest.mark.parametrize("text", [TEXT, " ".join([TEXT] * 8)], ids=["one piece", "several pieces"])
async def test_events_carry_sound_and_the_words_as_written(client: AsyncOpenAI, text: str) -> None:
    got = await events(client, text)
    sound = b"".join(
        base64.b64decode(event["audio"]) for event in got if event["type"] == "speech.audio.delta"
    )
    *_, words = [event["words"] for event in got if event["type"] == "speech.words"]
    assert got[-1]["type"] == "speech.audio.done"
    assert [word["word"] for word in words] == text.split()
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert len(sound) / 48_000 - 0.6 < times[-1] <= len(sound) / 48_000


async def test_words_are_known_before_their_sound(client: AsyncOpenAI) -> None:
    kinds = [event["type"] for event in await events(client, "Hello there.")]
    assert kinds[0] == "speech.words"


async def test_a_slower_pace_takes_longer(client: AsyncOpenAI) -> None:
    async def length(speed: float) -> int:
        answer = await client.audio.speech.create(
            model="x", voice="en-us", input=TEXT, speed=speed, response_format="pcm"
        )
        return len(await answer.aread())

    lengths = [await length(speed) for speed in (4, 2, 1, 0.6, 0.4, 0.25)]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    "text", ["¿Qué? ¡Niño! “Ok”…", "日本語 and 😀", "a\x00b", "<b>&amp;</b> [[h@]]", "..."]
)
async def test_any_text_is_spoken_or_at_least_survived(client: AsyncOpenAI, text: str) -> None:
    assert len(await spoken(client, text)) >= 44
    assert abs(samples_of(await spoken(client, "Hello."))).max() > 5000


async def test_openais_voices_sound_different(client: AsyncOpenAI) -> None:
    assert await spoken(client, TEXT, "nova") != await spoken(client, TEXT, "onyx")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"input": "Hi.", "voice": "nobody"}, "voice_not_found", "voice"),
        ({"input": "Hi.", "voice": "en-us+nobody"}, "voice_not_found", "voice"),
        ({"input": "Hi.", "voice": {"id": "x"}}, "voice_not_found", "voice"),
        ({"input": "   "}, "empty_input", "input"),
        ({"input": "a" * 4097}, "invalid_request", "input"),
        ({"input": "Hi.", "speed": 9}, "invalid_request", "speed"),
        ({"input": "Hi.", "response_format": "mp3"}, "invalid_request", "response_format"),
        ({"voice": "en-us"}, "invalid_request", "input"),
    ],
)
async def test_a_bad_request_says_what_is_wrong(
    http: httpx.AsyncClient, body: dict[str, Any], code: str, param: str
) -> None:
    answer = await http.post("/v1/audio/speech", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert error["type"] == "invalid_request_error"


async def test_an_unknown_voice_is_answered_with_the_known_ones(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"alloy.*en-gb.*en-us"):
        await spoken(client, "Hi.", "nobody")


async def test_no_json_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/audio/speech", content=b"{nonsense")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_closing_a_stream_stops_the_work(client: AsyncOpenAI, speech_server: SpeechServer) -> None:
    async def closed() -> float:
        return await speech_server.metric("speech_requests_closed_total", route="/v1/audio/speech")

    async def made() -> float:
        return await speech_server.metric("speech_audio_seconds_total")

    before = await made()
    await spoken(client, LONG_TEXT)
    whole = await made() - before
    closed_before, before = await closed(), await made()
    create = client.audio.speech.with_streaming_response.create
    async with create(model="x", voice="en-us", input=LONG_TEXT, response_format="pcm") as answer:
        await anext(answer.iter_bytes(4800))

    async def noticed() -> bool:
        return await closed() == closed_before + 1

    await eventually(noticed)
    assert await made() - before < whole
    assert await speech_server.metric("speech_jobs_running", engine="voice") == 0


async def test_a_voice_process_that_dies_is_replaced(
    client: AsyncOpenAI, speech_server: SpeechServer
) -> None:
    [before] = speech_server.workers("voice")
    before.kill()

    async def replaced() -> bool:
        return [worker.pid for worker in speech_server.workers("voice")] not in ([], [before.pid])

    await eventually(replaced)
    assert abs(samples_of(await spoken(client, TEXT))).max() > 5000
