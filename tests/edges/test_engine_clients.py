"""The engines' clients against servers that answer nonsense, half, or nothing: always an error of ours."""

import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
import uvicorn

from realtime.engines.http import KEPT_S, engine_client
from realtime.engines.protocols import Captioned, Hearing, Sound
from realtime.engines.recognition import HttpTranscriber
from realtime.engines.recording import Recording
from realtime.engines.stand_in import StandIn
from realtime.engines.voice import HttpSynthesizer
from realtime.errors import EngineDown, EngineRefused, EngineTimeout
from realtime.settings import Engines
from realtime.talk.transcript import Transcript, Word
from tests.edges.canned import canned, http

HEARING = Hearing(np.zeros(1600, np.int16), "final", ("tea please",))
EVENTS = "text/event-stream"
USUAL = Engines()
QUICK = Engines(transcription_timeout_s=0.2, speech_stall_timeout_s=0.2)


async def _transcribe(url: str, engines: Engines = USUAL) -> Transcript:
    async with engine_client() as client:
        return await HttpTranscriber(client, url, engines).transcribe(HEARING)


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("audio/mpeg", "recording.mp3"),
        ("audio/webm;codecs=opus", "recording.webm"),
        ("video/3gpp", "recording.mp4"),
        ("video/quicktime", "recording.mp4"),
        ('audio/"; filename="x', "recording.webm"),
    ],
)
async def test_a_recording_is_named_as_stock_servers_know_it(content_type: str, name: str) -> None:
    asked: list[bytes] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(200, json={"text": "", "words": []})

    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        heard = HttpTranscriber(client, "http://stock/v1", USUAL)
        await heard.listen(Recording(b"...", content_type), (), ("en",))
    assert f'filename="{name}"'.encode() in asked[0]


async def _speak(url: str, engines: Engines = USUAL) -> list[Sound]:
    async with engine_client() as client:
        voice = HttpSynthesizer(client, url, engines)
        async with voice.synthesize("Tea?", voice="en-us", speed=1, due_ms=0) as sounds:
            return [sound async for sound in sounds]


@pytest.mark.parametrize(
    "body",
    [
        b"tea please",
        b"[1]",
        b"null",
        b'{"text": 7}',
        b'{"no": "text"}',
        b'{"text": "tea", "words": [{"word": "tea"}]}',
        b'{"text": "tea", "words": [{"word": "tea", "start": "soon", "end": 1}]}',
        b'{"text": "tea", "words": [{"word": "tea", "start": 1e999, "end": 1}]}',
        b'{"text": "tea", "words": 7}',
        b'{"text": "tea", "on_script": "surely"}',
        b"\xff\xfe",
    ],
)
async def test_an_answer_that_is_no_transcription_is_refused(body: bytes) -> None:
    async with canned(http(body)) as url:
        with pytest.raises(EngineRefused):
            await _transcribe(url)


async def test_a_stock_servers_transcription_without_words_is_understood() -> None:
    async with canned(http(b'{"text": "tea please", "duration": 1.0}')) as url:
        heard = await _transcribe(url)
    assert heard == Transcript((Word("tea", 0, 500), Word("please", 500, 1000)))


@pytest.mark.parametrize(
    "event",
    [
        b"data: hello\n\n",
        b"data: [1]\n\n",
        b'data: {"type": "speech.audio.delta"}\n\n',
        b'data: {"type": "speech.audio.delta", "audio": "x"}\n\n',
        b'data: {"type": "speech.audio.delta", "audio": 7}\n\n',
        b'data: {"type": "speech.words", "words": [{"word": "a", "start": null, "end": 1}]}\n\n',
        b'data: {"type": "error", "error": {"message": "no voice"}}\n\n',
    ],
)
async def test_an_event_that_is_no_speech_is_refused(event: bytes) -> None:
    async with canned(http(event, EVENTS)) as url:
        with pytest.raises(EngineRefused):
            await _speak(url)


async def test_sound_and_words_are_read_from_events_and_half_samples_are_kept_together() -> None:
    events = (
        b'data: {"type": "speech.words", "words": [{"word": "Tea?", "start": 0, "end": 0.5}]}\n\n'
        b'data: {"type": "speech.audio.delta", "audio": "AQID"}\n\n'
        b'data: {"type": "speech.audio.delta", "audio": "BA=="}\n\n'
        b'data: {"type": "speech.audio.done"}\n\n'
    )
    async with canned(http(events, EVENTS)) as url:
        words, *sounds = await _speak(url)
    assert words == Captioned((Word("Tea?", 0, 500),))
    assert b"".join(sound for sound in sounds if isinstance(sound, bytes)) == b"\1\2\3\4"
    assert all(isinstance(sound, bytes) and len(sound) % 2 == 0 for sound in sounds)


async def test_events_are_read_however_they_are_cut_and_ended() -> None:
    pcm = bytes(range(256)) * 2_000  # too long to come in one piece
    event = b'data: {"type": "speech.audio.delta", "audio": "%s"}' % base64.b64encode(pcm)
    async with canned(http(b": a comment\r\n\r\n" + event + b"\r\n\r\n" + event, EVENTS)) as url:
        assert await _speak(url) == [pcm, pcm]


async def test_a_stock_servers_plain_audio_is_read() -> None:
    async with canned(http(b"\1\2\3\4\5", "audio/pcm")) as url:
        assert await _speak(url) == [b"\1\2\3\4"]


CUT_SHORT = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"


@pytest.mark.parametrize("answer", [b"", CUT_SHORT, b"nonsense\r\n\r\n"])
async def test_a_server_that_hangs_up_is_down(answer: bytes) -> None:
    async with canned(answer) as url:
        with pytest.raises(EngineDown):
            await _transcribe(url)
        with pytest.raises(EngineDown):
            await _speak(url)


async def test_a_server_that_is_not_there_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with pytest.raises(EngineDown):
        await _transcribe(url)
    with pytest.raises(EngineDown):
        await _speak(url)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with pytest.raises(EngineTimeout):
            await _transcribe(url, QUICK)
        with pytest.raises(EngineTimeout):
            await _speak(url, QUICK)


async def test_an_error_answer_is_refused_with_what_it_says() -> None:
    async with canned(http(b'{"error": {"code": "engine_lost"}}', status="503 Service Unavailable")) as url:
        with pytest.raises(EngineRefused, match="engine_lost"):
            await _transcribe(url)
        with pytest.raises(EngineRefused, match="engine_lost"):
            await _speak(url)


SOUND = b'data: {"type": "speech.audio.delta", "audio": "AQIDBA=="}\n\n'
SLOW = b'{"error": {"code": "voice_too_slow", "message": "too slow"}}'
WRONG = b'{"error": {"code": "voice_not_found", "message": "nobody"}}'


@asynccontextmanager
async def _standing_in(answer: bytes, other: bytes = http(SOUND, EVENTS)) -> AsyncIterator[StandIn]:
    async with engine_client() as client, canned(answer) as url, canned(other) as other_url:
        voice, spare = (HttpSynthesizer(client, each, QUICK) for each in (url, other_url))
        yield StandIn(voice, spare, "en-us")


async def _said(voice: StandIn) -> list[Sound]:
    async with voice.synthesize("Tea?", voice="alloy", speed=1, due_ms=0) as sounds:
        return [sound async for sound in sounds]


@pytest.mark.parametrize(
    "answer",
    [http(SLOW, status="503 Service Unavailable"), http(SLOW, status="429 Too Many Requests"), b""],
    ids=["too slow", "overloaded", "gone"],
)
async def test_another_voice_stands_in_for_one_that_cannot_speak(answer: bytes) -> None:
    async with _standing_in(answer) as voice:
        assert await _said(voice) == [b"\1\2\3\4"]


async def test_none_stands_in_for_one_that_speaks() -> None:
    async with _standing_in(http(SOUND, EVENTS), b"") as voice:
        assert await _said(voice) == [b"\1\2\3\4"]


async def test_none_stands_in_where_the_request_is_wrong() -> None:
    async with _standing_in(http(WRONG, status="400 Bad Request")) as voice:
        with pytest.raises(EngineRefused, match="nobody"):
            await _said(voice)


async def test_what_fails_within_a_clip_is_not_begun_again() -> None:
    broken = SOUND + b'data: {"type": "error", "error": {"message": "died"}}\n\n'
    async with _standing_in(http(broken, EVENTS)) as voice:
        with pytest.raises(EngineRefused, match="died"):
            await _said(voice)


def test_an_idle_connection_is_let_go_before_the_server_closes_it() -> None:
    """Else a request may be lost that was on its way, and a learner be asked to say it again."""
    assert uvicorn.Config("no:app").timeout_keep_alive > KEPT_S
