"""Turns as a client sees them: by voice, by key, by text; the order of all events."""

import pytest

from tests.session.client import Client, kinds, named, sound_ms
from tests.session.studio import silence, speech, studio

SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]


def say(client: Client, ms: int = 1000, then_ms: int = 800) -> None:
    client.hear(speech(ms, tutor=client.tutor) + silence(then_ms, tutor=client.tutor))


@pytest.mark.parametrize("tutor", [False, True])
async def test_a_spoken_turn_has_the_protocols_order_of_events(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await stage.configure(client, transcription={"model": "whisper-1"})
        client.log.clear()
        say(client)
        done = await client.until("response.done")
        assert kinds(client.log) == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            *COMMITTED,
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
            *SPOKEN,
        ]
        assert done["response"]["status"] == "completed"
        assert done["response"]["output"][0]["content"][0]["transcript"] == " ".join(stage.voice.said)
        assert sum(sound_ms(message) for message in client.log) == 600
        started, stopped = client.log[0], named(client.log, "input_audio_buffer.speech_stopped")[0]
        assert isinstance(started, dict)
        assert 0 <= started["audio_start_ms"] <= 200
        assert 1400 <= stopped["audio_end_ms"] <= 1800
