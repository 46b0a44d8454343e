"""A word said over the tutor in tutor.v1: it cuts in before its length would; "mm-hm" does not."""

import pytest

from tests.session.client import Client, kinds, named
from tests.session.grammar import Trace
from tests.session.scripted import Clip, heard
from tests.session.studio import Studio, silence, speech, studio

BURST = speech(128) + silence(256)  # too short in all to be an interruption by its length


async def _murmured_over(stage: Studio, said: str) -> Client:
    """Four short sounds over a reply that plays; recognition hears the same words each time."""
    stage.voice.clips = [Clip([60_000])]
    stage.ears.partials = [heard(said)]
    stage.ears.finals = [heard(said)]
    client = await stage.connect()
    client.send({"type": "response.create"})
    await client.until_sound(500)
    await client.quiet()
    for _ in range(4):
        client.hear(BURST)
        await client.quiet()
    return client


@pytest.mark.parametrize(("said", "cuts"), [("wait please stop", True), ("mm-hm mm-hm yeah", False)])
async def test_a_word_cuts_in_and_a_backchannel_does_not(said: str, cuts: bool) -> None:
    async with studio() as stage:
        client = await _murmured_over(stage, said)
        assert len(stage.ears.asked) >= 2, "nothing was recognised under ducking"
        assert ("response.done" in kinds(client.log)) is cuts


async def test_the_words_that_cut_in_are_told_from_the_first_on() -> None:
    async with studio() as stage:
        client = await _murmured_over(stage, "wait please stop")
        client.hear(silence(800))
        done = await client.until("conversation.item.input_audio_transcription.completed")
        deltas = named(client.log, "conversation.item.input_audio_transcription.delta")
        assert done["transcript"] == "wait please stop"
        assert "".join(event["delta"] for event in deltas) == done["transcript"]
        trace = Trace(tutor=True)
        for message in client.log:
            trace.take(message)
