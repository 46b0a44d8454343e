"""Where nobody speaks there is no turn and no word: ten minutes each of what a room sounds like.

The voice activity is the real one.
"""

import numpy as np
import pytest

from tests.rooms import RATE, Make, fan, keyboard, music, pcm, silence
from tests.session.client import kinds, named
from tests.session.scripted import heard
from tests.session.studio import say, studio

MINUTES = 10


@pytest.mark.parametrize("make", [silence, fan, music, keyboard])
async def test_ten_minutes_without_a_word_are_no_turn(make: Make) -> None:
    """Nothing is told, nothing is recognised, and whoever speaks afterwards is heard."""
    async with studio() as stage:
        stage.ears.partials = stage.ears.finals = [heard("thank you")]  # what recognisers make of noise
        client = await stage.connect()
        client.log.clear()
        sound = pcm(make(MINUTES * 60 * RATE, np.random.default_rng(7)))
        for minute in range(MINUTES):
            client.hear(sound[minute * 120 * RATE : (minute + 1) * 120 * RATE], piece_ms=1000)
            await client.configured()  # it answers once all audio before it is heard
        assert stage.ears.asked == []
        assert kinds(client.log) == ["session.updated"] * MINUTES
        say(client)
        await client.until("response.done")
        assert len(named(client.log, "input_audio_buffer.speech_started")) == 1
