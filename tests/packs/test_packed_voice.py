"""The voice with a pack, over a scripted one: what it takes from where, how fast, and how loud."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from realtime.engines.packed import PackedVoice
from realtime.engines.protocols import VOICE_RATE, Captioned, Sound
from realtime.packs import opus
from realtime.packs.loudness import amplified, gain_db, level_db, powers
from realtime.packs.pack import Manifest, Pack, PackedClip, PackedWord

TIME = np.arange(2 * VOICE_RATE) / VOICE_RATE
SPEECH = (3000 * np.sin(2 * np.pi * 200 * TIME) * (np.sin(2 * np.pi * 2 * TIME) > -0.5)).astype(np.int16)
FILE = opus.encode(SPEECH)
NAME = "0" * 32 + ".opus"
WORDS = (PackedWord(word="Good", start_ms=0, end_ms=800), PackedWord(word="day.", start_ms=800, end_ms=2000))
CLIP = PackedClip(file=NAME, samples=len(SPEECH), words=WORDS)
PACK = Pack(
    Manifest(model="bark", voice="warm", level_db=-20, made_with="a test", lines={"Good day.": CLIP}),
    {NAME: FILE},
)


class Engine:
    """Says everything alike: quietly, in pieces of 100 ms."""

    def __init__(self, sound: np.ndarray = SPEECH) -> None:
        self.asked: list[tuple[str, str, float]] = []
        self._sound = sound

    @asynccontextmanager
    async def synthesize(
        self, text: str, *, voice: str, speed: float, due_ms: int
    ) -> AsyncGenerator[AsyncIterator[Sound]]:
        self.asked.append((text, voice, speed))

        async def sounds() -> AsyncGenerator[Sound]:
            for at in range(0, len(self._sound), 2400):
                yield self._sound[at : at + 2400].tobytes()

        yield sounds()


async def said(voice: PackedVoice, text: str, speaker: str = "warm", speed: float = 1) -> list[Sound]:
    async with voice.synthesize(text, voice=speaker, speed=speed, due_ms=0) as sounds:
        return [sound async for sound in sounds]


def pcm(sounds: list[Sound]) -> np.ndarray:
    return np.frombuffer(b"".join(sound for sound in sounds if isinstance(sound, bytes)), np.int16)


async def test_a_line_of_the_pack_asks_no_engine() -> None:
    engine = Engine()
    words, *sounds = await said(PackedVoice(PACK, engine, "stand-in"), "Good day.")
    assert words == Captioned(tuple(word.as_word() for word in WORDS))
    assert np.array_equal(pcm(sounds), opus.decode(FILE, len(SPEECH)))
    assert engine.asked == []


async def test_another_line_is_said_by_the_stand_in_and_another_voice_by_itself() -> None:
    engine = Engine()
    voice = PackedVoice(PACK, engine, "stand-in")
    await said(voice, "Good night.", speed=0.8)
    as_it_is = await said(voice, "Good day.", speaker="alloy")
    assert engine.asked == [("Good night.", "stand-in", 0.8), ("Good day.", "alloy", 1)]
    assert np.array_equal(pcm(as_it_is), SPEECH)


@pytest.mark.parametrize("quiet_db", [-12.0, 0.0, 6.0])
async def test_the_stand_in_is_as_loud_as_the_pack_from_its_first_line_on(quiet_db: float) -> None:
    voice = PackedVoice(PACK, Engine(amplified(SPEECH, quiet_db)), "stand-in")
    for _ in range(3):
        level = level_db(powers(pcm(await said(voice, "Good night."))))
        assert level is not None and abs(level + 20) < 1.5


async def test_only_the_first_line_of_a_voice_is_listened_to_before_it_is_let_out() -> None:
    voice = PackedVoice(PACK, Engine(), "stand-in")
    first = [len(sound) for sound in await said(voice, "One.") if isinstance(sound, bytes)]
    later = [len(sound) for sound in await said(voice, "Two.") if isinstance(sound, bytes)]
    assert first[0] == VOICE_RATE and set(first[1:]) == {4800}
    assert set(later) == {4800}


async def test_a_line_shorter_than_that_is_evened_too() -> None:
    voice = PackedVoice(PACK, Engine(SPEECH[:9600]), "stand-in")
    sound = pcm(await said(voice, "No."))
    level = level_db(powers(sound))
    assert len(sound) == 9600 and level is not None and abs(level + 20) < 1.5


@pytest.mark.parametrize("speed", [0.25, 0.6, 1.5])
async def test_speed_is_honoured_with_the_words_times(speed: float) -> None:
    words, *sounds = await said(PackedVoice(PACK, Engine(), "x"), "Good day.", speed=speed)
    sound = pcm(sounds)
    assert abs(len(sound) * speed / len(SPEECH) - 1) < 0.03
    assert isinstance(words, Captioned)
    assert abs(words.words[-1].end_ms - len(sound) / 24) < 0.03 * 2000 / speed
    # The pitch is as it was: a tape that runs slower would be lower.
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert abs(np.argmax(spectrum) * VOICE_RATE / len(sound) - 200) < 12


@pytest.mark.parametrize("samples", [1, 480, 23_456])
def test_opus_gives_back_as_many_samples_at_the_same_place(samples: int) -> None:
    sound = SPEECH[:samples]
    back = opus.decode(opus.encode(sound), samples)
    assert len(back) == samples
    if samples > 10_000:
        assert np.corrcoef(sound, back)[0, 1] > 0.98


@pytest.mark.parametrize("file", [b"", b"no sound at all", FILE[:200], FILE[: len(FILE) // 2]])
def test_what_is_no_whole_recording_is_an_error(file: bytes) -> None:
    with pytest.raises(ValueError):
        opus.decode(file, len(SPEECH))


def test_silence_has_no_level_and_is_left_alone() -> None:
    assert level_db(powers(np.zeros(4800, np.int16))) is None
    assert level_db(powers(np.zeros(3, np.int16))) is None
    assert gain_db(None, -20) == 0


def test_pauses_do_not_count_and_peaks_are_pressed_not_cut() -> None:
    half = np.concatenate((SPEECH, np.zeros(5 * VOICE_RATE, np.int16)))
    alone, with_pause = level_db(powers(SPEECH)), level_db(powers(half))
    assert alone is not None and with_pause is not None and abs(alone - with_pause) < 0.1
    loud = amplified(SPEECH, 30)
    assert 0.9 < np.abs(loud.astype(int)).max() / 32768 < 0.99
