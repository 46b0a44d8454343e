"""The engines, tried one after the other over their routes: what they said, heard and answered."""

from collections.abc import AsyncGenerator, Sequence

import anyio
import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from realtime.engines.protocols import (
    SAMPLE_RATE,
    VOICE_RATE,
    ChatModel,
    ChatRequest,
    Hearing,
    Synthesizer,
    Transcriber,
)
from realtime.errors import EngineError
from realtime.selftest.findings import Answered, Reading, Saying
from realtime.selftest.judge import Probe, judge
from realtime.selftest.sound import Sound, measure
from realtime.word_errors import word_error_rate

DUE_MS = 60_000


async def say(voice: Synthesizer, mode: str, texts: Sequence[str], speaker: str) -> AsyncGenerator[Saying]:
    """One at a time, so that each has the machine to itself."""
    for text in texts:
        try:
            yield await _say(voice, mode, text, speaker)
        except EngineError as error:
            yield Saying(mode, text, np.zeros(0, np.int16), why=str(error))


async def _say(voice: Synthesizer, mode: str, text: str, speaker: str) -> Saying:
    began_s, first_s = anyio.current_time(), 0.0
    pieces: list[Sound] = []
    async with voice.synthesize(text, voice=speaker, speed=1, due_ms=0) as sounds:
        async for sound in sounds:
            if isinstance(sound, bytes) and sound:
                first_s = first_s or anyio.current_time() - began_s
                pieces.append(np.frombuffer(sound, np.int16))
    whole_s = anyio.current_time() - began_s
    if not pieces:
        return Saying(mode, text, np.zeros(0, np.int16), why="no sound came")
    cuts = tuple(int(at) for at in np.cumsum([len(piece) for piece in pieces])[:-1])
    sound = np.concatenate(pieces)
    return Saying(mode, text, sound, cuts, first_s, whole_s, measure(sound, cuts))


async def read(
    listener: Transcriber, sayings: Sequence[Saying], expected: tuple[str, ...]
) -> AsyncGenerator[Reading]:
    """What made no sound is not read. `expected`: told to a recogniser that knows nothing else."""
    for saying in sayings:
        if not saying.sound.any():
            continue
        audio = soxr.resample(saying.sound, VOICE_RATE, SAMPLE_RATE)
        try:
            heard = (await listener.transcribe(Hearing(audio, "final", expected, due_ms=DUE_MS))).text
        except EngineError as error:
            yield Reading(saying, "", 1.0, str(error))
        else:
            yield Reading(saying, heard, word_error_rate(saying.text, heard))


async def ask(
    model: ChatModel, persona: str, probes: Sequence[Probe], max_tokens: int
) -> AsyncGenerator[Answered]:
    for probe in probes:
        messages = ({"role": "system", "content": persona}, {"role": "user", "content": probe.said})
        began_s, first_s, answer = anyio.current_time(), 0.0, ""
        try:
            async with model.reply(ChatRequest(messages, max_tokens=max_tokens)) as news:
                async for piece in news:
                    if isinstance(piece, str):
                        first_s = first_s or anyio.current_time() - began_s
                        answer += piece
        except EngineError as error:
            yield Answered(probe, answer, (), why=str(error))
        else:
            yield Answered(probe, answer, judge(probe, answer), first_s)
