"""A talk through the gateway with Whisper for its ears: the profile `cpu`, on random weights."""

from collections.abc import Iterator

import pytest

from benchmarks.random_whisper import make_whisper
from tests.edges.talker import Event, silence, spoken, talking
from tests.serving import Served, serving

DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    model = make_whisper(tmp_path_factory.mktemp("model") / "whisper")
    whisper = {"TUTOR_WHISPER__MODEL": str(model), "TUTOR_WHISPER__PRECISION": "float32"}
    with serving("--profile", "cpu", **whisper) as served:
        yield served


async def test_a_learner_is_heard_while_speaking_and_answered(tutor: Served) -> None:
    async with talking(tutor) as talker:
        await talker.opening()
        speech = await spoken(tutor, "Hello, my name is Ana, and I live in a small house near the sea.")
        await talker.hear(speech + silence(1500))
        completed = await talker.until(COMPLETED)
        deltas = [event["delta"] for event in events(talker.log) if event["type"] == DELTA]
        assert completed["transcript"]
        assert completed["transcript"] == "".join(deltas)
        assert (await talker.until("response.done"))["response"]["status"] == "completed"


def events(log: list[Event | bytes]) -> list[Event]:
    return [event for event in log if isinstance(event, dict)]
