"""A voice that has its lines ready in a pack, and leaves what is not among them to another.

What the other says is made as loud as the pack, so that a talk that changes between the two stays even.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio.to_thread
import numpy as np

from realtime.engines.protocols import VOICE_RATE, Captioned, Sound, Synthesizer
from realtime.packs.loudness import FRAME, Powers, amplified, gain_db, level_db, powers
from realtime.packs.pack import Pack, PackedClip
from realtime.talk.transcript import Word

FIRST_LISTEN = VOICE_RATE // 2  # samples of speech by which a voice that was never heard is judged
MOST_FRAMES = 30 * VOICE_RATE // FRAME  # half a minute of a voice says how loud it is


class PackedVoice:
    """`stand_in`: the voice in which the other says what the pack's own voice has no clip of."""

    def __init__(self, pack: Pack, otherwise: Synthesizer, stand_in: str) -> None:
        self._pack = pack
        self._otherwise = otherwise
        self._stand_in = stand_in
        self._heard: dict[str, Powers] = {}  # of the other's voices, frame by frame

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        own = voice == self._pack.manifest.voice
        clip = self._pack.clip(text) if own else None
        if clip is not None:
            async with aclosing(self._ready(clip, speed)) as sounds:
                yield sounds
            return
        voice = self._stand_in if own else voice
        spoken = self._otherwise.synthesize(text, voice=voice, speed=speed, due_ms=due_ms)
        async with spoken as sounds:
            if own:
                async with aclosing(self._evened(sounds, voice)) as evened:
                    yield evened
            else:
                yield sounds

    async def _ready(self, clip: PackedClip, speed: float) -> AsyncGenerator[Sound]:
        sound = await anyio.to_thread.run_sync(self._pack.sound, clip, speed)
        words = (word.as_word() for word in clip.words)
        at_speed = tuple(Word(w.text, round(w.start_ms / speed), round(w.end_ms / speed)) for w in words)
        yield Captioned(at_speed)
        yield sound.tobytes()

    async def _evened(self, sounds: AsyncIterator[Sound], voice: str) -> AsyncGenerator[Sound]:
        """Of a voice that was never heard before, the first half second is listened to before it is let out.

        How loud it is changes with what is heard of it, but never within a clip.
        """
        known = self._heard.get(voice, np.zeros(0))
        gain = self._gain(known) if len(known) else None
        held, heard = b"", np.zeros(0, np.int16)
        async for sound in sounds:
            if isinstance(sound, Captioned):
                yield sound
                continue
            heard = np.concatenate((heard, np.frombuffer(sound, np.int16)))
            held += sound
            if gain is None and len(heard) >= FIRST_LISTEN:
                gain = self._gain(powers(heard))
            if gain is not None:
                yield _louder(held, gain)
                held = b""
        self._heard[voice] = np.concatenate((known, powers(heard)))[-MOST_FRAMES:]
        if held:
            yield _louder(held, self._gain(self._heard[voice]))

    def _gain(self, heard: Powers) -> float:
        return gain_db(level_db(heard), self._pack.manifest.level_db)


def _louder(pcm: bytes, by_db: float) -> bytes:
    return amplified(np.frombuffer(pcm, np.int16), by_db).tobytes()
