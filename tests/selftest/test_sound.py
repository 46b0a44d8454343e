"""Joints, levels and silence, told of sounds whose truth is known."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from realtime.engines.protocols import VOICE_RATE
from realtime.selftest.findings import Saying
from realtime.selftest.picture import draw
from realtime.selftest.sound import leading_ms, measure

TIME = np.arange(VOICE_RATE) / VOICE_RATE
HUM = (8000 * np.sin(2 * np.pi * 150 * TIME)).astype(np.int16)
CUT = 12_040  # in the middle of a wave


def test_a_smooth_joint_is_no_click_and_no_step() -> None:
    heard = measure(HUM, [CUT])
    assert heard.clicks == ()
    assert heard.steps_db[0] < 1
    assert heard.seconds == 1
    assert heard.level_db == pytest.approx(-15.3, abs=0.2)


def test_a_jump_is_a_click_wherever_pieces_were_received() -> None:
    jumped = HUM.copy()
    jumped[CUT:] = HUM[: len(HUM) - CUT] - HUM[0] + 5000
    assert measure(jumped, [CUT]).clicks == measure(jumped, [CUT + 2000]).clicks == (CUT,)


def test_a_wave_that_is_steep_throughout_has_no_clicks() -> None:
    assert measure((np.sign(HUM) * 9000).astype(np.int16), []).clicks == ()


@pytest.mark.parametrize("name", ["jfk", "librivox-amiable"])
def test_a_person_does_not_click(name: str) -> None:
    with wave.open(str(Path(__file__).parents[1] / "data" / f"{name}.wav")) as file:
        spoken = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert measure(soxr.resample(spoken, file.getframerate(), VOICE_RATE), []).clicks == ()


@pytest.mark.parametrize("late_ms", [0, 10, 20])
def test_a_step_is_found_though_the_end_of_its_piece_came_with_the_next(late_ms: int) -> None:
    louder = HUM.copy()
    louder[CUT:] *= 2
    received = CUT - late_ms * VOICE_RATE // 1000
    assert measure(louder, [received]).steps_db[0] == pytest.approx(6, abs=0.7)


def test_a_piece_of_another_loudness_is_a_step() -> None:
    louder = HUM.copy()
    louder[CUT:] *= 2
    assert measure(louder, [CUT]).steps_db[0] == pytest.approx(6, abs=0.7)
    assert max(measure(louder, [CUT]).elsewhere_db) < 1


def test_a_step_into_a_pause_is_the_voices_own() -> None:
    paused = HUM.copy()
    paused[CUT:] = 0
    assert measure(paused, [CUT]).steps_db == ()


def test_a_fade_into_a_pause_is_no_step() -> None:
    faded = HUM.copy()
    faded[CUT : CUT + 240] = faded[CUT : CUT + 240] * np.linspace(1, 0, 240)
    faded[CUT + 240 :] = 0
    assert all(step < 1 for step in measure(faded, [CUT]).steps_db)


@pytest.mark.parametrize("silent_ms", [0, 20, 300])
def test_leading_silence(silent_ms: int) -> None:
    silence = np.zeros(silent_ms * VOICE_RATE // 1000, np.int16)
    assert leading_ms(np.concatenate((silence, HUM))) == silent_ms


def test_silence_has_no_level() -> None:
    heard = measure(np.zeros(VOICE_RATE, np.int16), [])
    assert heard.level_db is None and heard.leading_ms == 1000


def test_a_clip_shorter_than_a_joint_is_measured() -> None:
    assert measure(HUM[:100], [50]).joints == ()


def test_the_picture_is_a_png() -> None:
    file = draw([Saying("stream", "Hm.", HUM, (CUT,)), Saying("exact", "Hm.", HUM[:300])])
    assert file.startswith(b"\x89PNG") and len(file) > 2000
