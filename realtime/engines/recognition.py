"""Recognition over the OpenAI-compatible route: a WAV up, words with their times down."""

import io
import wave
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import ValidationError

from realtime.engines.http import Answer, TimedWord, check, engine_errors, untie
from realtime.engines.protocols import SAMPLE_RATE, Hearing, Samples
from realtime.engines.recording import Listened, Recording
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
        headers = {"X-Tutor-Kind": hearing.kind, "X-Tutor-Due-Ms": str(hearing.due_ms)}
        fields = {"prompt": hearing.prompt, **_fields(hearing.expected, hearing.languages)}
        file = ("utterance.wav", to_wav(hearing.audio), "audio/wav")
        return _transcript(await self._ask(file, fields, headers))

    async def listen(
        self, recording: Recording, expected: Sequence[str], languages: Sequence[str]
    ) -> Listened:
        """The file is sent on as it is: whoever recognises it decodes it, too."""
        # A stock server goes by the file's name, and none of ours is the client's to choose.
        file = (f"recording.{_ending(recording)}", recording.file, recording.content_type)
        heard = await self._ask(file, _fields(expected, languages), {"X-Tutor-Kind": "final"})
        transcript = _transcript(heard)
        last_ms = transcript.words[-1].end_ms if transcript.words else 0
        return Listened(transcript, last_ms / 1000 if heard.duration is None else heard.duration)

    async def _ask(
        self, file: tuple[str, bytes, str], fields: dict[str, Any], headers: dict[str, str]
    ) -> Transcription:
        asked = {
            "model": self._engines.transcription_model,
            "response_format": "verbose_json",
            "timestamp_granularities[]": ["word"],
            **fields,
        }
        request = self._client.build_request(
            "POST",
            self._url,
            data=asked,
            files={"file": file},
            headers={**headers, "Authorization": f"Bearer {self._engines.api_key}"},
            timeout=self._engines.transcription_timeout_s,
        )
        request.read()  # in one piece: a form is else written to the socket in some thirty
        async with engine_errors(STAGE):
            response = await self._client.send(request)
        untie(response)
        await check(STAGE, response)
        try:
            return Transcription.model_validate_json(response.content)
        except ValidationError as error:
            raise EngineRefused(STAGE, f"an answer that is no transcription: {error}") from error


def _fields(expected: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    # `language` is all that a stock server knows.
    return {"expected": list(expected), "language": languages[0], "languages": list(languages)}


_ENDINGS = {
    **{"mpeg": "mp3", "x-m4a": "m4a", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"},
    **{"3gpp": "mp4", "quicktime": "mp4"},  # the same boxes
}


def _ending(recording: Recording) -> str:
    kind = recording.content_type.partition(";")[0].rpartition("/")[2].strip().lower()
    kind = _ENDINGS.get(kind, kind)
    return kind if kind in ("webm", "ogg", "mp3", "mp4", "m4a", "wav", "flac") else "webm"


def to_wav(audio: Samples) -> bytes:
    """int16 [n] at 16 kHz as a mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(audio.tobytes())
    return file.getvalue()


def _transcript(heard: Transcription) -> Transcript:
    words = tuple(word.as_word() for word in heard.words or ())
    if not words:
        words = _spread(heard.text.split(), heard.duration or 0)
    return Transcript(words, heard.on_script)


def _spread(words: list[str], duration_s: float) -> tuple[Word, ...]:
    """A server that gives no word times: the words share the duration."""
    each_ms = duration_s * 1000 / max(1, len(words))
    return tuple(Word(text, round(n * each_ms), round((n + 1) * each_ms)) for n, text in enumerate(words))
