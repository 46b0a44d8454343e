"""The voice model worked out by numpy, against the runtime that it was made for."""

# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest

from realtime.session.silero import CONTEXT, NEW, WINDOW, Floats, asset
from tests.session.studio import silence, speech, voice_model

CLOSE = 1e-4  # of a probability: half precision would be ten times as far off


def as_its_makers_run_it(windows: Floats) -> Floats:
    runtime: Any = onnxruntime  # it carries no types
    session = runtime.InferenceSession(asset(), providers=["CPUExecutionProvider"])
    nothing = np.zeros((1, 1, 128), np.float32)
    return np.ravel(session.run(None, {"input": windows, "h": nothing, "c": nothing})[0])


def in_windows(pcm: bytes) -> Floats:
    sound = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
    before = np.concatenate((np.zeros(CONTEXT, np.float32), sound))
    return np.stack([before[at : at + CONTEXT + WINDOW] for at in range(0, len(sound) - WINDOW + 1, WINDOW)])


def a_talk() -> Floats:
    loud = np.random.default_rng(3).normal(0, 8000, 16_000).astype(np.int16).tobytes()
    return in_windows(silence(700) + speech(3000) + silence(500) + loud + speech(1000))


@pytest.mark.parametrize("lengths", [[1000], [1], [4], [1, 4, 2, 7, 16]])
def test_it_hears_what_its_makers_hear_however_the_windows_come(lengths: Sequence[int]) -> None:
    windows, heard, state, at, turn = a_talk(), list[float](), NEW, 0, 0
    while at < len(windows):
        count = lengths[turn % len(lengths)]
        probabilities, state = voice_model().run(windows[at : at + count], state)
        heard += probabilities
        at, turn = at + count, turn + 1
    expected = as_its_makers_run_it(windows)
    assert expected.min() < 0.1 and expected.max() > 0.9
    np.testing.assert_allclose(heard, expected, atol=CLOSE)


def test_what_it_remembers_is_nobody_elses() -> None:
    windows = a_talk()
    first, state = voice_model().run(windows[:50], NEW)
    voice_model().run(windows[50:], state)
    assert voice_model().run(windows[:50], NEW)[0] == first
    assert not NEW.hidden.any()
