"""`POST /v1/audio/transcriptions`: an audio file and the sentences expected in, a transcript out."""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gpu.decode import SAMPLE_RATE, decode
from gpu.engines import Engines, Utterance
from gpu.errors import BadRequest
from gpu.pipe import Head
from gpu.serving import answer, bounded, rank_of
from gpu.workers import Rank

LARGEST_UPLOAD_BYTES = 25 * 2**20
MOST_EXPECTED = 2000
LONGEST_EXPECTED = 500
MOST_LANGUAGES = 8
FORMATS = ("json", "verbose_json", "text")
DUE_MS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    file: bytes
    expected: list[str]
    prompt: str
    languages: tuple[str, ...]
    response_format: str


async def transcriptions(request: Request) -> Response:
    engines: Engines = request.app.state.engines

    async def read() -> tuple[Asked, Rank]:
        return await _read(bounded(request, LARGEST_UPLOAD_BYTES)), rank_of(request, DUE_MS)

    async def work(read: tuple[Asked, Rank]) -> Response:
        asked, rank = read
        audio = await to_thread.run_sync(decode, asked.file)
        if engines.batcher is None and asked.languages[0] != "en":
            raise BadRequest("unsupported_language", "This engine recognises English only.", "language")
        heard = await engines.transcribe(
            Utterance(audio, asked.expected, asked.prompt, asked.languages), rank
        )
        return _response(asked.response_format, heard, len(audio) / SAMPLE_RATE)

    return await answer(request, read, work)


class InMemory(MultiPartParser):
    """Starlette's own moves a larger file to the disk, where no learner's voice belongs."""

    spool_max_size = LARGEST_UPLOAD_BYTES


async def form_of(request: Request) -> FormData:
    if not request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        return FormData()
    try:
        parser = InMemory(request.headers, request.stream(), max_files=1, max_fields=MOST_EXPECTED + 20)
        return await parser.parse()
    except MultiPartException as error:
        raise BadRequest("invalid_form", error.message) from error


async def _read(request: Request) -> Asked:
    form = await form_of(request)
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadRequest("missing_file", "The form has no audio file in `file`.", "file")
        response_format = _text(form, "response_format", "json")
        if response_format not in FORMATS:
            known = ", ".join(FORMATS)
            raise BadRequest("unknown_format", f"response_format is none of {known}.", "response_format")
        return Asked(
            await file.read(), _expected(form), _text(form, "prompt", ""), _languages(form), response_format
        )
    finally:
        await form.close()


def _text(form: FormData, name: str, default: str) -> str:
    value = form.get(name, default)
    if not isinstance(value, str):
        raise BadRequest("invalid_field", f"`{name}` is a file where a text is due.", name)
    return value or default


def _languages(form: FormData) -> tuple[str, ...]:
    """ISO codes, the first preferred: our field `languages`, else OpenAI's `language`."""
    named = [*form.getlist("languages"), *form.getlist("languages[]")] or [_text(form, "language", "en")]
    codes = tuple(str(name).lower().partition("-")[0] for name in named[:MOST_LANGUAGES])
    return tuple("en" if code == "english" else code for code in codes)


def _expected(form: FormData) -> list[str]:
    # OpenAI's client writes a list with brackets.
    values = [*form.getlist("expected"), *form.getlist("expected[]")]
    expected = [value for value in values if isinstance(value, str)]
    if len(expected) > MOST_EXPECTED or any(len(value) > LONGEST_EXPECTED for value in expected):
        message = f"At most {MOST_EXPECTED} sentences of {LONGEST_EXPECTED} characters each."
        raise BadRequest("expected_too_large", message, "expected")
    return expected


def _response(response_format: str, heard: Head, duration_s: float) -> Response:
    words: list[Head] = heard["words"]
    text = " ".join(word["word"] for word in words)
    if response_format == "text":
        return PlainTextResponse(text + "\n")
    if response_format == "json":
        return JSONResponse({"text": text})
    return JSONResponse(
        {
            "task": "transcribe",
            "language": "english" if heard["language"] == "en" else heard["language"],
            "duration": duration_s,
            "text": text,
            "words": words,
            "segments": _segments(text, words),
            "on_script": heard["on_script"],
        }
    )


def _segments(text: str, words: list[Head]) -> list[dict[str, Any]]:
    if not words:
        return []
    return [
        {"id": 0, "seek": 0, "start": words[0]["start"], "end": words[-1]["end"], "text": text, "tokens": []}
    ]
