"""Where a reply's time goes, to the millisecond: the clock is the tests' own, and so is what engines take."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from realtime import metrics
from realtime.engines.protocols import ChatEnded
from realtime.errors import EngineDown
from realtime.session.stages import STAGES
from realtime.talk.transcript import Transcript
from realtime.tracing import spans
from tests.session.client import Client, Event, named
from tests.session.scripted import Chat, Clip, Gate, heard
from tests.session.studio import Studio, silence, speech, studio
from tests.session.timeless import run

WINDOW_MS = 32
ENDPOINT_MS = 512  # whole windows
UNHURRIED = {"type": "server_vad", "silence_duration_ms": 250}  # a learner not known yet gets twice that
LATE_MS = 64  # so long before what the server hears as the end of speech is the end of speech
SAID = 1024
PROVIDER = TracerProvider()
trace.set_tracer_provider(PROVIDER)


class Wait(Gate):
    """Work that takes so long."""

    def __init__(self, ms: int) -> None:
        super().__init__()
        self._ms = ms

    async def pass_through(self) -> None:
        await anyio.sleep(self._ms / 1000)


Scene = Callable[[Studio, Client], Awaitable[None]]


def act(scene: Scene, *, tutor: bool = True, **settings: Any) -> None:
    """In free talk, where transcript, token and sound take 100, 50 and 40 ms."""

    async def play() -> None:
        async with studio(Chat(), talk={"lesson": "", **settings}) as stage:
            assert stage.chat
            stage.ears.finals = [Wait(100), heard("I like tea")] * 20
            stage.chat.answers = [(Wait(50), "Of ", Wait(10), "course.", ChatEnded("stop", None))]
            stage.voice.clips = [Clip([Wait(40), 300])]
            client = await stage.connect(tutor=tutor)
            if tutor:
                await stage.configure(client, turn_detection=UNHURRIED)
            await scene(stage, client)

    run(play())


async def say(client: Client, ms: int = SAID, then_ms: int = 1600, frame_ms: int = WINDOW_MS) -> None:
    """In real time."""
    sound = speech(ms, tutor=client.tutor) + silence(then_ms, tutor=client.tutor)
    piece = len(sound) * frame_ms // (ms + then_ms)
    for at in range(0, len(sound), piece):
        client.append(sound[at : at + piece])
        await anyio.sleep(frame_ms / 1000)


async def played(client: Client, after_ms: int = 30) -> Event:
    """The client begins to play so long after the first sound has come; what it is told then."""
    await client.until_sound(1)
    item_id = named(client.log, "response.output_item.added")[-1]["item"]["id"]
    await anyio.sleep((after_ms + 100) / 1000)
    client.play(item_id, 100)
    return await client.until("tutor.latency")


def test_a_held_replys_work_lies_before_the_endpoint_and_is_counted_from_the_end_of_speech() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            latency = await played(client)
        assert latency["kind"] == "voice"
        assert latency["stages"] == {
            "transcript": 228,
            "first_token": 278,
            "first_segment": 288,
            "first_audio_made": 328,
            "endpoint": 512,
            "first_audio_out": 512,
            "first_audio_played": 542,
        }
        assert list(latency["stages"]) == [*STAGES]

    act(scene)


def test_a_slow_recogniser_puts_everything_behind_the_endpoint() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        stage.ears.finals = [Wait(700), heard("I like tea")]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            latency = await played(client, after_ms=0)
        assert [latency["stages"][stage] for stage in STAGES] == [256, 828, 878, 888, 928, 928, 928]

    act(scene)


def test_short_frames_end_the_wait_inside_a_window() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client, SAID, 1600, 4)
            latency = await played(client)
        assert ENDPOINT_MS - WINDOW_MS < latency["stages"]["endpoint"] <= 504
        (stopped,) = named(client.log, "input_audio_buffer.speech_stopped")
        assert stopped["audio_end_ms"] % WINDOW_MS

    act(scene)


def test_a_frame_that_comes_late_makes_the_learner_wait_and_does_not_move_the_end_of_speech() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        await say(client, then_ms=ENDPOINT_MS - LATE_MS - WINDOW_MS)
        await anyio.sleep(0.1)
        client.append(silence(WINDOW_MS))
        latency = await played(client)
        assert latency["stages"]["endpoint"] == ENDPOINT_MS + 100

    act(scene)


def test_the_next_replys_stages_are_its_own() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            first = await played(client)
        assert stage.chat
        stage.chat.answers = [(Wait(5000), "Late.", ChatEnded("stop", None))]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            announced = await client.until("response.created")
            client.send({"type": "response.cancel"})
            second = await client.until("tutor.latency")
        assert first["response_id"] != second["response_id"] == announced["response"]["id"]
        assert second["stages"] == {"endpoint": 512, "transcript": 228}

    act(scene)


def test_an_interrupted_reply_tells_how_far_it_came() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        stage.voice.clips = [Clip([Wait(40), 10_000])]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            await client.until_sound(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            latency = await client.until("tutor.latency")
            tasks.cancel_scope.cancel()
        [done] = named(client.log, "response.done")
        assert done["response"]["status"] == "cancelled"
        assert client.log.index(done) < client.log.index(latency)
        assert latency["response_id"] == done["response"]["id"]
        assert set(STAGES) - latency["stages"].keys() == {"first_audio_played"}

    act(scene)


def test_a_reply_whose_voice_fails_tells_how_far_it_came() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        stage.voice.clips = [Clip(entering=EngineDown("speech", "gone"))]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            latency = await client.until("tutor.latency")
        assert latency["stages"] == {
            "endpoint": 512,
            "transcript": 228,
            "first_token": 278,
            "first_segment": 288,
        }

    act(scene)


def test_push_to_talk_counts_from_the_commit() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        await stage.configure(client, turn_detection=None)
        await say(client, then_ms=640)
        client.send({"type": "input_audio_buffer.commit"})
        client.send({"type": "response.create"})
        latency = await played(client)
        assert latency["kind"] == "commit"
        assert latency["stages"] == {
            "transcript": 100,
            "first_token": 150,
            "first_segment": 160,
            "first_audio_made": 200,
            "first_audio_out": 200,
            "first_audio_played": 230,
        }

    act(scene)


def test_a_client_that_asks_late_is_counted_from_the_speech_and_one_that_asks_again_from_its_request() -> (
    None
):
    async def scene(stage: Studio, client: Client) -> None:
        await stage.configure(client, turn_detection={"type": "server_vad", "create_response": False})
        await say(client)
        client.send({"type": "response.create"})
        late = await played(client)
        assert late["kind"] == "voice"
        assert late["stages"]["endpoint"] == ENDPOINT_MS
        assert late["stages"]["first_token"] > 1500
        client.send({"type": "response.create"})
        again = await played(client)
        assert (again["kind"], again["stages"]["first_token"]) == ("request", 50)

    act(scene)


def test_a_playhead_wakes_the_talk_where_the_client_is_told_something_of_it() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        def is_kept(item_id: str, played_ms: int) -> bool:
            event = {"type": "tutor.playhead", "item_id": item_id, "played_ms": played_ms}
            assert client.link is not None and client.link.keeper is not None
            return client.link.keeper.keeps(json.dumps(event))

        client.send({"type": "response.create"})
        await client.until_sound(1)
        item_id = named(client.log, "response.output_item.added")[-1]["item"]["id"]
        assert not is_kept(item_id, 100)
        await anyio.sleep(0.1)
        client.play(item_id, 100)
        await client.until("tutor.latency")
        assert is_kept(item_id, 200)
        assert not is_kept("another", 200)

    act(scene)


def test_a_reply_to_text_counts_from_the_request() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        await stage.configure(client, turn_detection={"type": "server_vad", "create_response": False})
        await say(client)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tea."}]}
        client.send({"type": "conversation.item.create", "item": item})
        client.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
        latency = await client.until("tutor.latency")
        assert latency["kind"] == "request"
        assert latency["stages"] == {"first_token": 50}

    act(scene)


def test_a_client_that_says_nothing_of_its_playhead_is_told_no_such_stage() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        client.send({"type": "response.create"})
        latency = await client.until("tutor.latency")
        assert list(latency["stages"])[-1] == "first_audio_out"

    act(scene)


def test_nothing_is_played_before_it_was_sent_whatever_a_client_says() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        client.send({"type": "response.create"})
        await client.until_sound(1)
        client.play(named(client.log, "response.output_item.added")[0]["item"]["id"], 10**6)
        stages = (await client.until("tutor.latency"))["stages"]
        assert stages["first_audio_played"] == stages["first_audio_out"] == 100

    act(scene)


def test_a_cough_after_the_words_is_not_what_the_reply_counts_from() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        assert stage.chat
        stage.chat.answers = [(Wait(3000), "Of course.", ChatEnded("stop", None))]
        stage.ears.finals = [heard("I like tea"), Transcript()]
        before_ms = total_ms("first_token", "voice")
        await say(client, then_ms=768)
        await say(client, 192, then_ms=6000)
        await client.until("response.done")
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        assert total_ms("first_token", "voice") - before_ms >= 768 + 192 + ENDPOINT_MS + 3000

    act(scene, tutor=False)


def count(stage: str, kind: str) -> float:
    sample = {"stage": stage, "kind": kind}
    return metrics.REGISTRY.get_sample_value("tutor_stage_seconds_count", sample) or 0


def total_ms(stage: str, kind: str) -> int:
    sample = {"stage": stage, "kind": kind}
    return round(1000 * (metrics.REGISTRY.get_sample_value("tutor_stage_seconds_sum", sample) or 0))


def test_the_metrics_have_every_stage_and_of_a_stock_client_what_can_be_known() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        before = {stage: count(stage, "voice") for stage in STAGES}
        await say(client)
        await client.quiet()
        assert not named(client.log, "tutor.latency")
        more = {stage: count(stage, "voice") - before[stage] for stage in STAGES}
        assert more == {stage: stage != "first_audio_played" for stage in STAGES}

    text = metrics.exposition().decode()
    for kind in ("voice", "commit", "request"):
        for name in STAGES:
            assert f'tutor_stage_seconds_bucket{{kind="{kind}",le="0.5",stage="{name}"}}' in text
    act(scene, tutor=False)


def test_replies_outside_the_conversation_have_no_stages() -> None:
    async def scene(stage: Studio, client: Client) -> None:
        before = [count(stage, "request") for stage in STAGES]
        client.send({"type": "response.create", "response": {"conversation": "none"}})
        await client.until("response.done")
        await anyio.sleep(10)
        await client.quiet()
        assert not named(client.log, "tutor.latency")
        assert [count(stage, "request") for stage in STAGES] == before

    act(scene)


# the same as spans


@dataclass
class Trace:
    """Of one reply; times in ms from its begin."""

    root: ReadableSpan
    stages: dict[str, tuple[int, int]]


@pytest.fixture
def exported() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    PROVIDER.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def traces(exporter: InMemorySpanExporter) -> list[Trace]:
    done = exporter.get_finished_spans()
    return [_trace(root, done) for root in done if root.parent is None]


def _trace(root: ReadableSpan, done: tuple[ReadableSpan, ...]) -> Trace:
    began_ns = root.start_time or 0
    mine = [span for span in done if span.parent and span.parent.span_id == root.context.span_id]
    return Trace(
        root,
        {
            span.name: (
                ((span.start_time or 0) - began_ns) // 10**6,
                ((span.end_time or 0) - began_ns) // 10**6,
            )
            for span in mine
        },
    )


def test_a_reply_is_a_span_and_its_stages_are_spans_in_it(exported: InMemorySpanExporter) -> None:
    async def scene(stage: Studio, client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, client)
            latency = await played(client)
        await anyio.sleep(10)  # the playhead stands still: it has arrived
        [told] = traces(exported)
        assert told.stages == {
            "transcript": (0, 228),
            "first_token": (228, 278),
            "first_segment": (278, 288),
            "first_audio_made": (288, 328),
            "endpoint": (0, 512),
            "first_audio_out": (328, 512),
            "first_audio_played": (512, 542),
        }
        assert {name: end for name, (_, end) in told.stages.items()} == latency["stages"]
        attributes = dict(told.root.attributes or {})
        session_id = named(client.log, "session.created")[0]["session"]["id"]
        assert attributes.pop("tutor.session") not in (session_id, "")
        assert attributes == {
            "tutor.profile": "auto",
            "tutor.kind": "voice",
            "tutor.ending": "completed",
            "tutor.held": True,
        }

    act(scene)


def test_spans_hold_no_words(exported: InMemorySpanExporter) -> None:
    async def scene(stage: Studio, client: Client) -> None:
        await say(client)
        await anyio.sleep(10)

    act(scene)
    text = "".join(span.to_json() for span in exported.get_finished_spans())
    assert '"tutor.kind": "voice"' in text
    assert "tea" not in text
    assert "course" not in text


@pytest.mark.parametrize("tutor", [False, True])
def test_spans_tell_how_a_reply_ended(exported: InMemorySpanExporter, tutor: bool) -> None:
    async def scene(stage: Studio, client: Client) -> None:
        client.send({"type": "response.create"})
        await client.until("response.done")
        await anyio.sleep(10)
        stage.voice.clips = [Clip(entering=EngineDown("speech", "gone")), Clip([300]), Clip([60_000])]
        client.send({"type": "response.create"})
        await client.until("response.done")
        await anyio.sleep(10)
        client.send({"type": "response.create"})
        await client.until("response.done")
        client.send({"type": "response.create"})
        await client.until_sound(1)
        client.send({"type": "response.cancel"})
        await client.until("response.done")
        client.send({"type": "response.create"})
        await client.until_sound(1)
        client.cut()
        await anyio.sleep(10)

    act(scene, tutor=tutor)
    told = traces(exported)
    endings = ["completed", "failed", "cut", "cancelled", "cancelled"]
    assert [(one.root.attributes or {})["tutor.ending"] for one in told] == endings
    failed = [one.root.status.status_code is trace.StatusCode.ERROR for one in told]
    assert failed == [ending == "failed" for ending in endings]


def test_a_stage_follows_from_the_last_one_before_it_that_was_reached() -> None:
    assert spans({"first_token": 50, "first_audio_made": 90}) == {
        "first_token": (0, 50),
        "first_audio_made": (50, 90),
    }
    assert spans({"transcript": 300, "first_token": 200}) == {
        "transcript": (0, 300),
        "first_token": (200, 200),
    }
