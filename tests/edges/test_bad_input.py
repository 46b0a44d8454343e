"""Input that no client should send, over the real socket: each its own error, and the talk goes on."""

import base64
import io
import json
import wave
from urllib.parse import urlsplit

import anyio
import httpx
import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.edges.talker import PATIENCE_S, Event, open_talks, silence, talking, turn_works
from tests.serving import Served

MIB = 2**20
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
RATE_8000 = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}
RATE_16000 = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}
TRUNCATE = {"type": "conversation.item.truncate", "item_id": "none", "content_index": 0, "audio_end_ms": 0}
ODD = base64.b64encode(b"odd").decode()
REFUSED: dict[str, tuple[Event | str | bytes, str]] = {
    "text that is no JSON": ("good morning", "invalid_json"),
    "deep JSON": ("[" * 100_000, "invalid_json"),
    "deep JSON in an event": ('{"type":"session.update","session":' + '{"a":' * 5000, "invalid_json"),
    "an unknown event": ({"type": "tea.make"}, "unknown_event_type"),
    "bad base64": ({"type": "input_audio_buffer.append", "audio": "not base64!"}, "invalid_base64"),
    "an odd byte count": ({"type": "input_audio_buffer.append", "audio": ODD}, "invalid_audio_length"),
    "audio at 8 kHz": ({"type": "session.update", "session": RATE_8000}, "invalid_value"),
    "audio at 16 kHz": ({"type": "session.update", "session": RATE_16000}, "invalid_value"),
    "a frame too large": (
        {"type": "input_audio_buffer.append", "audio": "A" * (21 * MIB)},
        "frame_too_large",
    ),
    "a binary frame": (b"\0\0" * 480, "invalid_event"),
    "truncate of no item": (TRUNCATE, "item_truncate_invalid_item_id"),
    "cancel of no response": ({"type": "response.cancel"}, "response_cancel_not_active"),
    "commit of no audio": ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
}


async def test_each_is_refused_by_name_and_the_session_is_unharmed(server: Served) -> None:
    async with talking(server, tutor=False) as talker:
        for what, (message, code) in REFUSED.items():
            await talker.send(message)
            assert await talker.error() == code, what
        await talker.send({"type": "response.create"})
        await talker.send({"type": "response.create"})
        assert await talker.error() == "conversation_already_has_active_response"
        await talker.until("response.done")
        await turn_works(server, talker)


async def test_an_odd_or_overlong_binary_frame_is_refused_in_tutor_v1(server: Served) -> None:
    async with talking(server) as talker:
        await talker.send(b"odd")
        assert await talker.error() == "invalid_audio_length"
        await talker.send(bytes(MIB + 2))
        assert await talker.error() == "frame_too_large"
        await talker.send(b"")
        await turn_works(server, talker)


async def test_a_frame_beyond_all_limits_ends_its_connection_and_no_other(server: Served) -> None:
    async with talking(server) as other:
        with pytest.raises(ConnectionClosed) as closed:
            async with talking(server, tutor=False) as talker:
                await talker.send("x" * (33 * MIB))
                await talker.error()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        await turn_works(server, other)


async def test_an_utterance_without_a_word_gets_no_answer(server: Served) -> None:
    async with talking(server) as talker:
        audio = {"input": {"turn_detection": None}}
        await talker.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        await talker.until("session.updated")
        await talker.hear(silence(1000))
        await talker.send({"type": "input_audio_buffer.commit"})
        completed = await talker.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == ""
        opening = await talker.opening()
        assert opening["status"] == "completed"


@pytest.mark.parametrize("level", [0, 3, 300])
async def test_ten_minutes_of_silence_or_noise_are_no_turn(server: Served, level: int) -> None:
    noise = np.random.default_rng(7).normal(0, level, 20 * 24_000).astype(np.int16).tobytes()
    async with talking(server) as talker, talking(server) as other:
        for _ in range(30):
            await talker.send(noise)
        await turn_works(server, other)
        del talker.log[:]
        await talker.send({"type": "tutor.hint"})
        await talker.until("tutor.hint")
        assert len(talker.log) == 1
        await turn_works(server, talker)


async def test_a_flood_whose_answers_nobody_reads_ends_its_session_in_bounded_memory(server: Served) -> None:
    gateway = psutil.Process(server.pid)
    async with talking(server) as other, anyio.create_task_group() as tasks:
        open_before, memory_before = await open_talks(server), gateway.memory_info().rss
        tasks.start_soon(_flood, server, flooding := anyio.Event())
        await flooding.wait()
        with anyio.fail_after(PATIENCE_S):
            while await open_talks(server) > open_before:  # noqa: ASYNC110 -- another process
                await anyio.sleep(0.1)
        assert gateway.memory_info().rss - memory_before < 64 * MIB
        await turn_works(server, other)
        tasks.cancel_scope.cancel()


async def _flood(server: Served, flooding: anyio.Event) -> None:
    """Each event is answered by an error that repeats its id, and no answer is read."""
    url = urlsplit(server.talk_url)
    event = json.dumps({"type": "tea.make", "event_id": "x" * MIB}).encode()
    frame = b"\x81\xff" + len(event).to_bytes(8) + bytes(4) + event  # a text frame under a mask of zeros
    async with await anyio.connect_tcp(url.hostname or "", url.port or 0) as stream:
        await stream.send(HANDSHAKE.format(path=f"{url.path}?{url.query}", host=url.netloc).encode())
        assert (await stream.receive()).startswith(b"HTTP/1.1 101")
        for _ in range(3):
            await stream.send(frame)
        flooding.set()
        while True:
            await stream.send(frame)


# the speech server


async def test_a_file_that_is_no_audio_is_refused_by_name(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.speech_url, timeout=20, verify=False) as client:
        cut = _wav(b"\0\0" * 16_000)[:30]
        for body in (b"RIFF, but no wave", cut, b"\xff\xfb" * 100, b"<html></html>"):
            answer = await client.post("/v1/audio/transcriptions", files={"file": ("a.wav", body)})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_audio")
        answer = await client.post("/v1/audio/transcriptions", files={"file": ("a.wav", _wav(b""))})
        assert (answer.status_code, answer.json()["text"]) == (200, "")
    async with talking(server) as talker:
        await turn_works(server, talker)


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(pcm)
    return file.getvalue()
