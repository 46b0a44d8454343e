"""A learner who speaks for long: the words are right, and no recognition hears more than a few seconds."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio
import numpy as np
import pytest

from realtime.engines.protocols import Hearing
from realtime.session.session import BREATH
from realtime.talk.agreement import LONGEST_MS
from realtime.talk.moves import WINDOW_MS
from realtime.talk.transcript import Transcript, Word
from tests.rival import Rival
from tests.session.client import named
from tests.session.scripted import Ears
from tests.session.studio import silence, speech, studio

WORD_MS = 300


@dataclass(eq=False)
class Reader(Ears):
    """Hears exactly the words that lie in its audio: every 300 ms of `said` is another word."""

    said: bytes = b""

    def __post_init__(self) -> None:
        super().__init__()

    async def transcribe(self, hearing: Hearing) -> Transcript:
        self.asked.append(hearing)
        begins_ms = self.said.index(hearing.audio.tobytes()) // 32
        first = -(-begins_ms // WORD_MS)
        last = (begins_ms + len(hearing.audio) // 16) // WORD_MS
        return Transcript(tuple(_word(n).later(-begins_ms) for n in range(first, last)))


def _word(n: int) -> Word:
    return Word(f"w{n}", n * WORD_MS, (n + 1) * WORD_MS)


def fading(ms: int) -> bytes:
    """A human voice that goes on and on, no two seconds alike."""
    samples = np.frombuffer(speech(ms), np.int16)
    return (samples * np.linspace(1, 0.7, len(samples))).astype(np.int16).tobytes()


async def test_a_long_utterance_is_heard_a_few_seconds_at_a_time_and_no_word_is_lost() -> None:
    async with studio() as stage:
        client = await stage.connect()
        said = silence(200) + fading(40_000) + silence(1000)
        ears = Reader(said=said)
        stage.ears.transcribe = ears.transcribe
        for at in range(0, len(said), 16_000):
            client.hear(said[at : at + 16_000])
            await client.quiet()
        [completed] = named(client.log, "conversation.item.input_audio_transcription.completed")
        words = completed["transcript"].split()
        numbers = [int(word[1:]) for word in words]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert numbers[0] <= 2
        assert numbers[-1] >= 132
        deltas = named(client.log, "conversation.item.input_audio_transcription.delta")
        assert "".join(event["delta"] for event in deltas) == completed["transcript"]
        assert len(ears.asked) > 20
        assert max(len(hearing.audio) for hearing in ears.asked) < (LONGEST_MS + 3000) * 16
        assert ears.asked[-1].prompt == " ".join(words[: len(ears.asked[-1].prompt.split())])


@pytest.mark.parametrize("sound", [silence, speech])
async def test_a_long_append_lets_others_go_on(sound: Callable[..., bytes]) -> None:
    rival = Rival()
    async with studio() as stage, anyio.create_task_group() as tasks:
        client = await stage.connect(tutor=False)
        tasks.start_soon(rival.run)
        client.send({"type": "input_audio_buffer.clear"})
        await client.until("input_audio_buffer.cleared")
        before = rival.turns
        client.append(sound(60_000, tutor=False))
        client.send({"type": "input_audio_buffer.clear"})
        await client.until("input_audio_buffer.cleared")
        assert rival.turns - before > 60_000 / WINDOW_MS / (2 * BREATH)  # silence goes in larger steps
        tasks.cancel_scope.cancel()
