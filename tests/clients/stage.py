"""What stock clients meet: a real server whose three engines are scripted, and a learner's recorded voice."""

import socket
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soxr

from tests.serving import Served, serving

RATE = 24_000
RECORDING = Path(__file__).parents[1] / "data" / "librivox-amiable.wav"
HEARD = "can you tell me the weather"  # what the scripted recogniser understands, whatever is said
SLOW_SPEECH = ["--word-ms", "400", "--first-token-ms", "30", "--first-byte-ms", "30", "--token-ms", "5"]


@contextmanager
def scripted_engines(*flags: str) -> Iterator[str]:
    """The URL of the three engines."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.scripted_engines", "--port", str(port)]
    with subprocess.Popen([*command, "--transcript", HEARD, *SLOW_SPEECH, *flags]) as process:
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


@contextmanager
def staged(*flags: str, **environment: str) -> Iterator[Served]:
    """`speech_url` of what is served is the engines'; the server says when they answer."""
    with scripted_engines() as url:
        engines = ["--speech-url", url, "--chat-url", url, "--transcription-url", url]
        with serving(*engines, *flags, **environment) as served:
            yield served


def script(served: Served, **changes: Any) -> dict[str, Any]:
    """Changes what the engines say; answers with what they were asked."""
    root = served.speech_url.removesuffix("/v1")
    with httpx.Client() as client:
        return client.post(f"{root}/script", json=changes).raise_for_status().json()


def utterance() -> bytes:
    """A person's sentence between two silences, PCM16 at RATE."""
    with wave.open(str(RECORDING), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        said = soxr.resample(samples, file.getframerate(), RATE).astype(np.int16)
    return silence(400) + said.tobytes() + silence(1200)


def silence(ms: int) -> bytes:
    noise = np.random.default_rng(7).normal(0, 3, ms * RATE // 1000)
    return noise.astype(np.int16).tobytes()
