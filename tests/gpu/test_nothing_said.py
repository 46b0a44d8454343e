"""Where nobody speaks the embedded recogniser finds no word, whatever a lesson expects."""

import numpy as np
import pytest
from openai import AsyncOpenAI

from tests.gpu.speech_server import spoken, wav_of
from tests.rooms import RATE, Make, band, chords, drums, fan, flute, keyboard, silence, violin

EXPECTED = ["Yes, I do.", "No.", "Skip.", "Goodbye.", "I don't know."]


@pytest.mark.parametrize("make", [silence, fan, keyboard, chords, drums, flute, violin, band])
@pytest.mark.parametrize("expected", [EXPECTED, []], ids=["a lesson", "dictation"])
async def test_what_is_no_voice_is_no_word(client: AsyncOpenAI, make: Make, expected: list[str]) -> None:
    sound = make(5 * RATE, np.random.default_rng(21))
    wav = wav_of(np.clip(sound, -32768, 32767).astype(np.int16))
    answer = await client.audio.transcriptions.create(
        model="x", file=("a.wav", wav), extra_body={"expected": expected}
    )
    assert answer.text == ""


@pytest.mark.parametrize("word", ["No.", "Skip."])
async def test_the_shortest_words_are_heard(client: AsyncOpenAI, word: str) -> None:
    answer = await client.audio.transcriptions.create(
        model="x", file=("a.wav", await spoken(client, word)), extra_body={"expected": EXPECTED}
    )
    assert answer.text == word.lower().strip(".")
