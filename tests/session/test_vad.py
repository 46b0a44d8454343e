"""Voice activity that is skipped in silence hears speech begin no later, however loud it is over its room."""

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.protocol.config import PcmFormat
from realtime.session.audio import InputAudio
from realtime.session.gather import Sound
from realtime.session.session import mood
from realtime.session.silero import WINDOW
from realtime.session.vad import VoiceActivity
from realtime.talk.moves import Window
from realtime.talk.turn import Policy, Turn, advance
from tests.session.studio import voice_model
from tests.session.test_gather import add, listening

RATE = 16_000
FORM = PcmFormat(rate=RATE)
FRAME = RATE // 50
RECORDINGS = Path(__file__).parents[1] / "data"
Pcm = NDArray[np.int16]


def decibels(power: float) -> float:
    return 10 * np.log10(power)


def noise(samples: int, dbfs: float) -> NDArray[np.float64]:
    return np.random.default_rng(3).normal(0, 32768 * 10 ** (dbfs / 20), samples)


def spoken(name: str, dbfs: float, above_noise: float) -> Pcm:
    """Three seconds of room, the recording, and the room again; `dbfs`: how loud the voice is."""
    with wave.open(str(RECORDINGS / f"{name}.wav")) as wav:
        voice = np.frombuffer(wav.readframes(RATE * 4), np.int16).astype(np.float64)
    voice *= 10 ** ((dbfs - decibels(np.mean((voice / 32768) ** 2))) / 20)
    whole = np.concatenate((np.zeros(3 * RATE), voice, np.zeros(2 * RATE)))
    return np.clip(whole + noise(len(whole), dbfs - above_noise), -32768, 32767).astype(np.int16)


class Heard:
    """What the turn makes of a learner's frames: `at` are the frames after which each window was known."""

    def __init__(self, sound: Pcm, *, gated: bool) -> None:
        self.speech: list[bool] = []
        self.at: list[int] = []
        self.skipped = 0
        gather, audio, activity, turn = (
            listening(FORM),
            InputAudio(FORM),
            VoiceActivity(voice_model()),
            Turn(),
        )
        for number, begins in enumerate(range(0, len(sound) - FRAME, FRAME)):
            frame = sound[begins : begins + FRAME].tobytes()
            taken = add(gather, frame) if gated else Sound(frame, quiet=False)
            if taken is None:
                continue
            windows = audio.write(taken.pcm)
            self.skipped += len(windows) if taken.quiet else 0
            for speech in activity.skip(windows) if taken.quiet else activity.judge(windows):
                audio.hand_out(1)
                turn, _ = advance(turn, Window("speech" if speech else "silence"), Policy())
                self.speech.append(speech)
                self.at.append(number)
            gather.mood = mood(turn)

    def onset(self) -> int:
        """The frame at which two windows in a row were known to be speech."""
        pairs = zip(self.speech, self.speech[1:], self.at[1:], strict=False)
        return next(at for before, now, at in pairs if before and now)

    def end(self) -> int:
        """The window after which nothing more was speech."""
        return max(number for number, speech in enumerate(self.speech) if speech)


@pytest.mark.parametrize("name", ["jfk", "librivox-amiable"])
@pytest.mark.parametrize("dbfs", [-20, -35, -45])
@pytest.mark.parametrize("above_noise", [30, 20, 10, 5])
def test_speech_is_heard_at_most_a_window_later(name: str, dbfs: float, above_noise: float) -> None:
    sound = spoken(name, dbfs, above_noise)
    gated, plain = Heard(sound, gated=True), Heard(sound, gated=False)
    assert (gated.onset() - plain.onset()) * FRAME <= WINDOW
    assert gated.end() <= plain.end() + 1
