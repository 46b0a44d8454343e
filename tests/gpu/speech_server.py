"""What a test may know of the running speech server: its address, its processes, its metrics."""

import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import anyio
import av
import httpx
import numpy as np
import psutil
from numpy.typing import NDArray
from openai import AsyncOpenAI


@dataclass(frozen=True)
class SpeechServer:
    url: str
    pid: int

    def workers(self, module: str) -> list[psutil.Process]:
        return [
            child for child in psutil.Process(self.pid).children() if _runs(child, f"gpu.embedded.{module}")
        ]

    async def metric(self, name: str, **labels: str) -> float:
        async with httpx.AsyncClient() as client:
            lines = (await client.get(f"{self.url}/metrics")).text.splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = [line for line in lines if line.startswith(name) and all(part in line for part in wanted)]
        return sum(float(line.rpartition(" ")[2]) for line in found)


def _runs(process: psutil.Process, module: str) -> bool:
    try:
        return module in process.cmdline()
    except psutil.NoSuchProcess:
        return False


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks again until it holds: the state is another process's, which has no event to wait for."""
    with anyio.fail_after(10):
        while True:
            if await holds():
                return
            await anyio.sleep(0.01)


async def spoken(client: AsyncOpenAI, text: str, voice: str = "en-us") -> bytes:
    """The text as a WAV file of the server's own voice, 24 kHz."""
    answer = await client.audio.speech.create(model="x", voice=voice, input=text, response_format="wav")
    return await answer.aread()


def samples_of(wav: bytes) -> NDArray[np.int16]:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def wav_of(samples: NDArray[np.int16], rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def packed(wav: bytes, container: str, codec: str, rate: int, layout: str = "mono") -> bytes:
    """The same sound in another container."""
    file = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(samples_of(wav).reshape(1, -1), format="s16", layout="mono")
    frame.rate = 24_000
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=stream.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


async def data_events(lines: AsyncIterator[str]) -> list[str]:
    return [line.removeprefix("data: ") async for line in lines if line.startswith("data: ")]
