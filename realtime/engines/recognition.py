"""Recognition over the OpenAI-compatible route: a WAV up, words with their times down."""

import io
import wave
from typing import Any

import httpx

from realtime.engines.http import check, engine_errors
from realtime.engines.protocols import SAMPLE_RATE, Hearing, Samples
from realtime.errors import EngineRefused
from realtime.settings import Engines
from realtime.talk.transcript import Transcript, Word

STAGE = "recognition"


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
        return _transcript(response.json())


def to_wav(audio: Samples) -> bytes:
    """int16 [n] at 16 kHz as a mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(audio.tobytes())
    return file.getvalue()


def _transcript(answer: dict[str, Any]) -> Transcript:
    try:
        words = tuple(_word(word) for word in answer.get("words") or ())
        if not words and answer["text"].strip():
            words = _spread(answer["text"].split(), float(answer.get("duration") or 0))
        return Transcript(words, answer.get("on_script"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EngineRefused(STAGE, f"an answer that is no transcription: {error!r}") from error


def _word(word: dict[str, Any]) -> Word:
    times = round(word["start"] * 1000), round(word["end"] * 1000)
    return Word(word["word"].strip(), *times, word.get("score"))


def _spread(words: list[str], duration_s: float) -> tuple[Word, ...]:
    """A server that gives no word times: the words share the duration."""
    each_ms = duration_s * 1000 / len(words)
    return tuple(Word(text, round(n * each_ms), round((n + 1) * each_ms)) for n, text in enumerate(words))
