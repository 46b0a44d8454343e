"""Recognition over the OpenAI-compatible route: a WAV up, words with their times down."""

import io
import wave
from typing import Any

import httpx
from pydantic import ValidationError

from realtime.engines.http import Answer, TimedWord, check, engine_errors
from realtime.engines.protocols import SAMPLE_RATE, Hearing, Samples
from realtime.errors import EngineRefused
from realtime.settings import Engines
from realtime.talk.transcript import Transcript, Word

STAGE = "recognition"


class Transcription(Answer):
    text: str
    duration: float | None = None
    words: tuple[TimedWord, ...] | None = None
    on_script: float | None = None


class HttpTranscriber:
    def __init__(self, client: httpx.AsyncClient, base_url: str, engines: Engines) -> None:
        self._client = client
        self._url = f"{base_url}/audio/transcriptions"
        self._engines = engines

    async def transcribe(self, hearing: Hearing) -> Transcript:
        fields: dict[str, Any] = {
            "model": self._engines.transcription_model,
            "response_format": "verbose_json",
            "timestamp_granularities[]": ["word"],
            "expected": list(hearing.expected),
            "prompt": hearing.prompt,
            "language": hearing.languages[0],  # all that a stock server knows
            "languages": list(hearing.languages),
        }
        headers = {
            "X-Tutor-Kind": hearing.kind,
            "X-Tutor-Due-Ms": str(hearing.due_ms),
            "Authorization": f"Bearer {self._engines.api_key}",
        }
        async with engine_errors(STAGE):
            response = await self._client.post(
                self._url,
                data=fields,
                files={"file": ("utterance.wav", to_wav(hearing.audio), "audio/wav")},
                headers=headers,
                timeout=self._engines.transcription_timeout_s,
            )
        await check(STAGE, response)
        return _transcript(response.content)


def to_wav(audio: Samples) -> bytes:
    """int16 [n] at 16 kHz as a mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(audio.tobytes())
    return file.getvalue()


def _transcript(answer: bytes) -> Transcript:
    try:
        heard = Transcription.model_validate_json(answer)
    except ValidationError as error:
        raise EngineRefused(STAGE, f"an answer that is no transcription: {error}") from error
    words = tuple(word.as_word() for word in heard.words or ())
    if not words:
        words = _spread(heard.text.split(), heard.duration or 0)
    return Transcript(words, heard.on_script)


def _spread(words: list[str], duration_s: float) -> tuple[Word, ...]:
    """A server that gives no word times: the words share the duration."""
    each_ms = duration_s * 1000 / max(1, len(words))
    return tuple(Word(text, round(n * each_ms), round((n + 1) * each_ms)) for n, text in enumerate(words))
