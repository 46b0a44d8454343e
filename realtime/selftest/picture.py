"""The clips as a picture: waveform over spectrogram, a red line where two pieces of the stream join.

Drawn in numpy and written by the PNG encoder that PyAV has, so that no plotting library is needed.
"""

import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from realtime.selftest.findings import Saying
from realtime.selftest.sound import Sound

WIDTH = 1000  # of the longest clip
WAVE, SPECTRUM, GAP = 60, 128, 12  # heights
WINDOW = 512
RANGE_DB = 70.0

Image = NDArray[np.uint8]  # [height, width, 3]


def draw(sayings: Sequence[Saying]) -> bytes:
    """A PNG file; one strip a clip, all on one scale of time."""
    longest = max(len(saying.sound) for saying in sayings)
    image = np.concatenate([_strip(saying, longest) for saying in sayings])
    return _png(image)


def _strip(saying: Saying, longest: int) -> Image:
    width = max(2, WIDTH * len(saying.sound) // longest)
    image = np.full((WAVE + SPECTRUM + GAP, WIDTH, 3), 255, np.uint8)
    image[:WAVE, :width] = _wave(saying.sound, width)
    image[WAVE : WAVE + SPECTRUM, :width] = _spectrogram(saying.sound, width)
    for cut in saying.cuts:
        image[: WAVE + SPECTRUM, min(width - 1, WIDTH * cut // longest)] = (220, 30, 30)
    return image


def _wave(sound: Sound, width: int) -> Image:
    """The peak of each column, up and down from the middle."""
    columns = np.array_split(np.abs(sound.astype(np.int32)), width)
    peaks = np.array([column.max(initial=0) for column in columns]) / 32768 * WAVE / 2
    rows = np.abs(np.arange(WAVE) - WAVE / 2 + 0.5)[:, None]
    return np.where((rows <= peaks + 0.5)[..., None], (40, 70, 150), (240, 240, 245)).astype(np.uint8)


def _spectrogram(sound: Sound, width: int) -> Image:
    """0 to 12 kHz from below, darker is louder."""
    padded = np.pad(sound.astype(np.float64) / 32768, (WINDOW // 2, WINDOW))
    starts = np.linspace(0, max(0, len(sound) - 1), width).astype(int)
    frames = padded[starts[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)[:, : 2 * SPECTRUM]).reshape(width, SPECTRUM, 2).max(axis=2)
    level = 20 * np.log10(power + 1e-9)
    dark = np.clip((level - level.max() + RANGE_DB) / RANGE_DB, 0, 1)
    shade = (255 * (1 - dark.T[::-1])).astype(np.uint8)
    return np.repeat(shade[..., None], 3, axis=2)


def _png(image: Image) -> bytes:
    file = io.BytesIO()
    container: Any = av.open(file, "w", format="image2pipe")  # its packets have no type
    with container as out:
        stream = out.add_stream("png", rate=1)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "rgb24"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    return file.getvalue()
