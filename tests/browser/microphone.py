"""What the fake microphone hears: speech and silence, as the 48 kHz WAV that Chromium plays."""

import wave
from pathlib import Path

import httpx
import numpy as np
import soxr

RATE = 48_000
Samples = np.ndarray


def silence(seconds: float) -> Samples:
    """A room, not digital silence."""
    return np.random.default_rng(7).normal(0, 12, round(RATE * seconds)).astype(np.int16)


def speech(speech_url: str, text: str, voice: str = "en-us") -> Samples:
    """The text by the speech server's own voice, as loud as a person is at arm's length.

    Chromium's gain control raises whatever it is given: full-scale speech would come out clipped.
    """
    body = {"model": "espeak-ng", "input": text, "voice": voice, "response_format": "pcm"}
    answer = httpx.post(f"{speech_url}/v1/audio/speech", json=body, timeout=30).raise_for_status()
    loud = soxr.resample(np.frombuffer(answer.content, np.int16), 24_000, RATE)
    return (loud * 0.3).astype(np.int16)


def write(path: Path, *parts: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.concatenate(parts).astype(np.int16).tobytes())
    return path
