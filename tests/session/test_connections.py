"""Connections: what cannot be read, readers that are slow, sockets that are cut, talks that go on."""

import base64

import anyio
import numpy as np
import pytest

from realtime.talk.transcript import Transcript
from tests.session.client import Client, Event, named, spoken_ms, voices_in
from tests.session.scripted import Clip, Gate, heard
from tests.session.studio import Studio, say, silence, speech, studio

NO_JSON = [
    "hello",
    "{",
    "[1, 2",
    '{"type": "response.create", "event_id": "\\ud800"}',
    "[" * 5000,
    '{"a":' * 500,
]
ODD = base64.b64encode(b"abc").decode()
MISSING_ITEM = {"item_id": "item_none"}
TRUNCATE = {"type": "conversation.item.truncate", "content_index": 0, "audio_end_ms": 0, **MISSING_ITEM}
REFUSED: list[tuple[Event | bytes, str]] = [
    ({"type": "tea.make"}, "unknown_event_type"),
    ({"no": "type"}, "missing_required_parameter"),
    ({"type": "input_audio_buffer.append"}, "missing_required_parameter"),
    ({"type": "input_audio_buffer.append", "audio": 7}, "invalid_value"),
    ({"type": "input_audio_buffer.append", "audio": "not base64!"}, "invalid_base64"),
    ({"type": "input_audio_buffer.append", "audio": ODD}, "invalid_audio_length"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
    ({"type": "output_audio_buffer.clear"}, "invalid_event"),
    (TRUNCATE, "item_truncate_invalid_item_id"),
    ({"type": "conversation.item.delete", **MISSING_ITEM}, "item_delete_invalid_item_id"),
    ({"type": "conversation.item.retrieve", **MISSING_ITEM}, "item_retrieve_invalid_item_id"),
    ({"type": "response.cancel"}, "response_cancel_not_active"),
    ({"type": "session.update", "session": {}}, "missing_required_parameter"),
    ({"type": "session.update", "session": {"type": "realtime", "tools": 1}}, "invalid_value"),
]
TUTOR_OR_NOT = pytest.mark.parametrize("tutor", [False, True])


@TUTOR_OR_NOT
async def test_what_cannot_be_read_is_refused_and_harms_nothing(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        for text in (*NO_JSON, "null", "[]", "7"):
            client.send(text)
            error = (await client.until("error"))["error"]
            code = "invalid_json" if text in NO_JSON else "invalid_event"
            assert (error["code"], error["type"]) == (code, "invalid_request_error")
        say(client)
        assert (await client.until("response.done"))["response"]["status"] == "completed"


@TUTOR_OR_NOT
async def test_what_cannot_be_done_is_refused_by_name_and_harms_nothing(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        for number, (event, code) in enumerate(REFUSED):
            assert isinstance(event, dict)
            client.send({**event, "event_id": f"mine_{number}"})
            error = (await client.until("error"))["error"]
            assert (error["code"], error["event_id"]) == (code, f"mine_{number}")
        say(client)
        assert (await client.until("response.done"))["response"]["status"] == "completed"


@TUTOR_OR_NOT
async def test_a_second_reply_is_not_begun_beside_the_first(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        hold = Gate()
        stage.voice.clips = [Clip([300, hold]), Clip()]
        client.send({"type": "response.create"})
        client.send({"type": "response.create"})
        error = (await client.until("error"))["error"]
        assert error["code"] == "conversation_already_has_active_response"
        hold.open()
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert len(named(client.log, "response.created")) == 1


async def test_binary_frames_and_the_tutors_own_events_are_for_tutor_v1() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        client.send(b"\0\0" * 480)
        assert (await client.until("error"))["error"]["code"] == "invalid_event"
        for event in (
            {"type": "tutor.hint"},
            {"type": "tutor.forget"},
            {"type": "tutor.playhead", "item_id": "x", "played_ms": 1},
        ):
            client.send(event)
            assert (await client.until("error"))["error"]["code"] == "invalid_event"
        client.send({"type": "tutor.resume", "session_id": "sess_other"})
        assert (await client.until("error"))["error"]["code"] == "session_not_found"
        say(client)
        await client.until("response.done")


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
async def test_a_ga_session_takes_24_khz_only(rate: int) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        audio = {"input": {"format": {"type": "audio/pcm", "rate": rate}}}
        client.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        error = (await client.until("error"))["error"]
        assert (error["code"], error["param"]) == ("invalid_value", "session.audio.input.format.rate")
        say(client)
        await client.until("response.done")


@pytest.mark.parametrize(("law", "quiet"), [("audio/pcmu", 0xFF), ("audio/pcma", 0xD5)])
async def test_telephone_audio_is_understood(law: str, quiet: int) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        await stage.configure(client, format={"type": law})
        client.append(bytes([quiet]) * 8001)
        assert await client.quiet() == []
        client.append(_by_law(law, speech(1000)) + bytes([quiet]) * 6400)
        await client.until("input_audio_buffer.speech_started")
        await client.until("response.done")


async def test_frames_over_the_limit_are_refused() -> None:
    limits = {"frame_bytes": 5000, "binary_frame_bytes": 3000}
    async with studio(limits=limits) as stage:
        client = await stage.connect()
        client.send(b"\0" * 3001)
        assert (await client.until("error"))["error"]["code"] == "frame_too_large"
        client.send({"type": "input_audio_buffer.append", "audio": "A" * 5000})
        assert (await client.until("error"))["error"]["code"] == "frame_too_large"
        say(client)
        await client.until("response.done")


async def test_audio_without_a_commit_is_bounded() -> None:
    async with studio(limits={"utterance_ms": 2000}) as stage:
        client = await stage.connect()
        await stage.configure(client, turn_detection=None)
        for _ in range(4):
            client.hear(silence(1000), piece_ms=1000)
        assert (await client.until("error"))["error"]["code"] == "input_audio_buffer_full"
        client.send({"type": "input_audio_buffer.clear"})
        client.hear(speech(1000))
        client.send({"type": "input_audio_buffer.commit"})
        client.send({"type": "response.create"})
        await client.until("response.done")


async def test_a_full_server_says_so() -> None:
    async with studio(limits={"sessions": 1}) as stage:
        await stage.connect()
        late = await stage.open()
        await late.to_the_end()
        assert named(late.log, "error")[0]["error"]["code"] == "server_full"
        assert late.closed is not None
        assert late.closed["code"] == 1013
        assert len(stage.sessions) == 1


# readers that are slow


async def test_a_slow_reader_gets_everything_in_order() -> None:
    async with studio() as stage:
        client = await stage.connect(buffer=0)
        stage.voice.clips = [Clip([1900]), Clip([50])]
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert spoken_ms(client.log) == 1900 + 50 + 2 * 5
        ids = [
            int(event["event_id"].removeprefix("event_")) for event in client.log if isinstance(event, dict)
        ]
        assert ids == list(range(1, len(ids) + 1))


@TUTOR_OR_NOT
async def test_a_client_that_reads_nothing_is_let_go(tutor: bool) -> None:
    async with studio(limits={"send_s": 0.05}) as stage:
        client = await stage.connect(tutor=tutor, buffer=0)
        for _ in range(200):
            client.send("no json")
        await client.over.wait()
        await client.quiet()
        assert stage.alive == 0
        assert len(stage.sessions) == (1 if tutor else 0)


async def test_a_talk_whose_client_reads_nothing_stops_speaking() -> None:
    async with studio(limits={"send_s": 0.05}) as stage:
        client = await stage.connect(buffer=0)
        stage.voice.clips = [Clip([60_000])]
        client.send({"type": "response.create"})
        item = (await client.until("response.output_item.added"))["item"]
        for played_ms in range(0, 20_000, 100):
            client.play(item["id"], played_ms)
        await client.over.wait()
        await client.quiet()
        assert stage.alive == 0


# sockets that are cut


async def _resumed(stage: Studio, session_id: str) -> tuple[Client, Event]:
    client = await stage.connect()
    client.send({"type": "tutor.resume", "session_id": session_id})
    return client, await client.until("tutor.resumed")


async def test_a_talk_goes_on_after_its_socket_was_cut() -> None:
    async with studio() as stage:
        first = await stage.connect()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        say(first)
        done = await first.until("response.done")
        first.play(done["response"]["output"][0]["id"], 1000)
        await first.quiet()
        first.cut()
        await first.over.wait()
        second, resumed = await _resumed(stage, session_id)
        said = [item["content"][0]["transcript"] for item in resumed["items"]]
        assert said == ["tea please", "Here is your tea. Do you take sugar?"]
        assert resumed["session"]["id"] == session_id
        assert resumed["session"]["audio"]["input"]["format"]["rate"] == 16_000
        assert resumed["lesson"]["step"] == 1
        assert len(stage.sessions) == 1
        stage.ears.finals = [heard("yes please")]
        say(second)
        assert (await second.until("tutor.feedback"))["verdict"] == "right"
        await second.until("response.done")


async def test_a_talk_that_is_to_be_forgotten_ends_at_once_and_cannot_be_resumed() -> None:
    async with studio() as stage:
        first = await stage.connect()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        stage.voice.clips = [Clip([300, Gate(), 300]), Clip()]
        first.send({"type": "response.create"})
        await first.until_sound(300)
        first.send({"type": "tutor.forget"})
        await first.over.wait()
        assert stage.alive == 0
        second = await stage.connect()
        second.send({"type": "tutor.resume", "session_id": session_id})
        assert (await second.until("error"))["error"]["code"] == "session_not_found"
        assert len(stage.sessions) == 1


async def test_a_client_that_is_back_hears_nothing_of_the_reply_that_was_cut() -> None:
    async with studio() as stage:
        first = await stage.connect()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        stage.voice.clips = [Clip([300, Gate(), 300]), Clip()]
        first.send({"type": "response.create"})
        await first.until_sound(300)
        first.play(named(first.log, "response.output_item.added")[0]["item"]["id"], 220)
        await first.quiet()
        first.cut()
        await first.over.wait()
        second, resumed = await _resumed(stage, session_id)
        (item,) = resumed["items"]
        assert (item["status"], item["content"][0]["transcript"]) == ("incomplete", "Welcome to")
        assert await second.quiet() == []
        second.send({"type": "response.create"})
        await second.until("response.done")
        assert voices_in(second.log) == {2, 3}


async def test_a_client_that_is_back_takes_the_talk_from_its_dead_socket() -> None:
    """The network is gone, and the server does not know it yet."""
    async with studio() as stage:
        first = await stage.connect(buffer=0)
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        stage.voice.clips = [Clip([60_000]), Clip()]
        first.send({"type": "response.create"})
        item = (await first.until("response.output_item.added"))["item"]
        for played_ms in range(0, 20_000, 100):
            first.play(item["id"], played_ms)
        await anyio.wait_all_tasks_blocked()
        second, _ = await _resumed(stage, session_id)
        assert stage.alive == 0
        assert await second.quiet() == []
        await first.over.wait()
        say(second)
        assert (await second.until("response.done"))["response"]["status"] == "completed"


async def test_nothing_is_said_to_a_client_that_is_away() -> None:
    async with studio() as stage:
        first, hold = await stage.connect(), Gate()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        stage.ears.finals = [hold, heard("tea please")]
        say(first)
        await first.until("input_audio_buffer.committed")
        first.cut()
        await first.over.wait()
        hold.open()
        await first.quiet()
        assert stage.voice.said == []
        second, resumed = await _resumed(stage, session_id)
        assert [item["content"][0]["transcript"] for item in resumed["items"]] == ["tea please"]
        second.send({"type": "response.create"})
        await second.until("response.done")
        assert stage.voice.said[0] == "Here is your tea."


async def test_a_talk_that_nobody_comes_back_to_ends() -> None:
    async with studio(limits={"resume_s": 0.05}) as stage:
        first = await stage.connect()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        first.cut()
        await first.over.wait()
        await stage.emptied()
        late = await stage.connect()
        late.send({"type": "tutor.resume", "session_id": session_id})
        assert (await late.until("error"))["error"]["code"] == "session_not_found"
        say(late)
        await late.until("response.done")


async def test_a_ga_session_ends_with_its_socket() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        stage.ears.finals = [Gate(), Transcript()]
        say(client)
        await client.until("input_audio_buffer.committed")
        client.cut()
        await client.over.wait()
        await stage.emptied()
        assert stage.alive == 0


def _by_law(law: str, pcm: bytes) -> bytes:
    """16 kHz PCM16 as G.711, by the standard's own definition of its levels."""
    samples = np.frombuffer(pcm, np.int16)[::2].astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    size = np.minimum(np.abs(samples), 32_635)
    if law == "audio/pcmu":
        size = size + 132
        exponent = np.floor(np.log2(size)).astype(np.int32) - 7
        mantissa = (size >> (exponent + 3)) & 0x0F
        return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 7, 0)
    mantissa = (size >> np.maximum(exponent + 3, 4)) & 0x0F
    return (((sign ^ 0x80) | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8).tobytes()
