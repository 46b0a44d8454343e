"""Audio files of any kind into what the recogniser takes: int16 [n], mono, 16 kHz."""

import io

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from gpu.errors import BadRequest

SAMPLE_RATE = 16_000
MAX_SECONDS = 300

Samples = NDArray[np.int16]


def decode(file: bytes) -> Samples:
    """Raises BadRequest for what is no audio, and for what is too long."""
    samples = _plain_wav(file)
    if samples is None:
        samples = _by_av(file)
    _check_length(len(samples))
    return samples


def _plain_wav(file: bytes) -> Samples | None:
    """The samples of a whole PCM16 mono 16 kHz WAV; None for anything else."""
    if len(file) < 44 or file[:4] != b"RIFF" or file[8:16] != b"WAVEfmt " or file[36:40] != b"data":
        return None
    layout = np.frombuffer(file[20:36], "<u2")
    kind, channels, rate, bits = (
        int(layout[0]),
        int(layout[1]),
        int(layout[2]) + (int(layout[3]) << 16),
        int(layout[7]),
    )
    if (int.from_bytes(file[16:20], "little"), kind, channels, rate, bits) != (16, 1, 1, SAMPLE_RATE, 16):
        return None
    size = min(int.from_bytes(file[40:44], "little"), len(file) - 44) & ~1
    return np.frombuffer(file, "<i2", size // 2, 44)


def _by_av(file: bytes) -> Samples:
    try:
        return _resampled(file)
    except (FFmpegError, ValueError, IndexError) as error:
        raise BadRequest(
            "invalid_audio", f"The file is no audio that can be decoded: {error}", "file"
        ) from error


def _resampled(file: bytes) -> Samples:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    pieces: list[Samples] = []
    length = 0
    with av.open(io.BytesIO(file), "r") as container:
        if not container.streams.audio:
            raise BadRequest("invalid_audio", "The file has no audio stream.", "file")
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                pieces.append(_samples(piece))
                length += piece.samples
            _check_length(length)
    pieces += [_samples(piece) for piece in resampler.resample(None)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _samples(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _check_length(samples: int) -> None:
    if samples > MAX_SECONDS * SAMPLE_RATE:
        raise BadRequest("audio_too_long", f"The audio is longer than {MAX_SECONDS} seconds.", "file")
