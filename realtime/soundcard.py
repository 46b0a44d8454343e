"""The computer's own microphone and loudspeaker, for `tutor talk` (extra `mic`)."""

# pyright: reportMissingTypeStubs=false

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.from_thread
from anyio.lowlevel import current_token

from realtime.errors import SettingsError

RATE = 24_000
FRAME = RATE // 50


class Loudspeaker:
    """PCM16 in; the sound card's thread takes it out. One bytearray operation at a time, so no lock."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._played = 0

    @property
    def played_ms(self) -> float:
        return self._played / 2 / RATE * 1000

    def play(self, pcm: bytes) -> None:
        self._waiting += pcm

    def clear(self) -> None:
        self._waiting.clear()

    def fill(self, out: Any, frames: int, _time: Any, _status: Any) -> None:
        """The sound card wants `frames` samples."""
        pcm = bytes(self._waiting[: frames * 2])
        del self._waiting[: len(pcm)]
        self._played += len(pcm)
        out[:] = pcm.ljust(frames * 2, b"\0")


@asynccontextmanager
async def soundcard() -> AsyncGenerator[tuple[AsyncIterator[bytes], Loudspeaker]]:
    """Frames of 20 ms from the microphone, and the loudspeaker. Raises SettingsError without either."""
    try:
        import sounddevice  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise SettingsError(f"no sound here: {error}. pip install 'atom-tutor[mic]', or use --wav") from error
    device: Any = sounddevice
    frames_in, frames_out = anyio.create_memory_object_stream[bytes](50)
    loudspeaker, loop = Loudspeaker(), current_token()

    def heard(pcm: Any, _frames: int, _time: Any, _status: Any) -> None:
        anyio.from_thread.run_sync(_offer, frames_in, bytes(pcm), token=loop)

    form = {"samplerate": RATE, "channels": 1, "dtype": "int16", "blocksize": FRAME}
    try:
        streams = (
            device.RawInputStream(callback=heard, **form),
            device.RawOutputStream(callback=loudspeaker.fill, **form),
        )
    except device.PortAudioError as error:
        raise SettingsError(f"no microphone or loudspeaker: {error}. Use --wav") from error
    with streams[0], streams[1]:
        yield frames_out, loudspeaker


def _offer(frames: Any, pcm: bytes) -> None:
    """A frame that nobody takes in a second is old: it is dropped."""
    try:
        frames.send_nowait(pcm)
    except (anyio.WouldBlock, anyio.BrokenResourceError):
        return
