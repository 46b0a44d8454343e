"""Speech as Ogg Opus and back, and spoken slower or faster at the same pitch; by FFmpeg, in PyAV."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from realtime.engines.protocols import VOICE_RATE

BITS_PER_S = 32_000  # speech at 24 kHz is hardly told from its original
_SLOWEST = 0.5  # of one atempo; slower is two of them
_TAIL = VOICE_RATE // 50  # a last Opus packet is cut off where it is not full

Sound = NDArray[np.int16]  # mono [n] at VOICE_RATE


def encode(sound: Sound) -> bytes:
    file = io.BytesIO()
    container: Any = av.open(file, "w", format="ogg")  # its packets have no type
    with container as out:
        stream = out.add_stream("libopus", rate=VOICE_RATE, layout="mono")
        stream.bit_rate = BITS_PER_S
        stream.time_base = Fraction(1, VOICE_RATE)
        resampler = av.AudioResampler(stream.format, "mono", VOICE_RATE, frame_size=stream.frame_size)
        for frame in [*resampler.resample(_frame(np.pad(sound, (0, _TAIL)))), *resampler.resample(None)]:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def decode(file: bytes, samples: int) -> Sound:
    """Its first `samples`. Raises ValueError for what is no such recording."""
    resampler = av.AudioResampler("s16", "mono", VOICE_RATE)
    try:
        with av.open(io.BytesIO(file), "r") as container:
            frames = [*container.decode(audio=0), None]
            chunks = [chunk.to_ndarray()[0] for frame in frames for chunk in resampler.resample(frame)]
    except (OSError, EOFError, IndexError) as error:  # as which av passes its own
        raise ValueError(str(error)) from error
    sound = np.concatenate([np.zeros(0, np.int16), *chunks])
    if len(sound) < samples:
        raise ValueError(f"{len(sound)} samples of {samples}")
    return sound[:samples]


def at_speed(sound: Sound, speed: float) -> Sound:
    """1 is as it was spoken."""
    if speed == 1 or not len(sound):
        return sound
    factors = [speed] if speed >= _SLOWEST else [_SLOWEST, speed / _SLOWEST]
    graph = Graph()
    chain = [
        graph.add_abuffer(
            sample_rate=VOICE_RATE, format="s16", layout="mono", time_base=Fraction(1, VOICE_RATE)
        )
    ]
    chain += [graph.add("atempo", str(factor)) for factor in factors]
    chain.append(graph.add("abuffersink"))
    graph.link_nodes(*chain).configure()
    graph.push(_frame(sound))
    graph.push(None)
    chunks: list[Sound] = []
    while True:
        try:
            chunks.append(graph.pull().to_ndarray()[0])
        except (BlockingIOError, EOFError):
            return np.concatenate([np.zeros(0, np.int16), *chunks])


def _frame(sound: Sound) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(sound).reshape(1, -1), format="s16", layout="mono"
    )
    frame.rate = VOICE_RATE
    frame.time_base = Fraction(1, VOICE_RATE)
    frame.pts = 0
    return frame
