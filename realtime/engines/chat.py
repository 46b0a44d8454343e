"""The chat model over the OpenAI-compatible route: messages up, text and function calls down as they come."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import httpx
from pydantic import ValidationError

from realtime.engines.http import Answer, engine_errors, streamed
from realtime.engines.protocols import CallDelta, ChatEnded, ChatNews, ChatRequest
from realtime.errors import EngineDown, EngineRefused, EngineTimeout, PromptTooLong
from realtime.settings import Engines
from realtime.talk.tokens import Tokens

STAGE = "chat"
TOO_MANY_REQUESTS = 429
WINDOW_TIMEOUT_S = 1  # a reply can do without it
# How vLLM, OpenAI and llama.cpp say that a prompt is longer than the model's window.
TOO_LONG = re.compile(r"context[_ ](length|size|window)", re.IGNORECASE)
Json = dict[str, Any]


class HttpChatModel:
    def __init__(self, client: httpx.AsyncClient, base_url: str, engines: Engines) -> None:
        self._client = client
        self._url = f"{base_url}/chat/completions"
        self._models_url = f"{base_url}/models"
        self._headers = {"Authorization": f"Bearer {engines.api_key}"}
        self._engines = engines
        self._window = engines.chat_window
        self._asked = False

    @asynccontextmanager
    async def reply(self, request: ChatRequest) -> AsyncGenerator[AsyncIterator[ChatNews]]:
        """Leaving the block closes the stream, and that ends the generation."""
        engines, body = self._engines, _body(request, self._engines)
        first_s, then_s = engines.chat_first_timeout_s, engines.chat_timeout_s
        first_by = anyio.current_time() + first_s
        timeout = httpx.Timeout(max(first_s, then_s))
        async with (
            engine_errors(STAGE),
            streamed(self._client, self._url, body, self._headers, timeout) as response,
        ):
            await _check(response)
            pieces = _pieces(response, first_by, then_s)
            async with aclosing(pieces), aclosing(_news(pieces)) as news:
                yield news

    async def window(self) -> int | None:
        """Of the servers we know only vLLM says it. It is asked until it has answered once."""
        if self._window is None and not self._asked:
            timeout = httpx.Timeout(WINDOW_TIMEOUT_S)
            async with engine_errors(STAGE):
                response = await self._client.get(self._models_url, headers=self._headers, timeout=timeout)
            if response.is_server_error:
                raise EngineDown(STAGE, f"HTTP {response.status_code}")
            self._asked = True
            if response.is_success:
                self._window = _served_window(response.content, self._engines.chat_model)
        return self._window


async def _check(response: httpx.Response) -> None:
    """A server that fails or has too much to do may answer the next time; one that refuses will not."""
    if not response.is_error:
        return
    await response.aread()
    said = f"HTTP {response.status_code}: {response.text[:300]}"
    if response.is_server_error or response.status_code == TOO_MANY_REQUESTS:
        raise EngineDown(STAGE, said)
    if TOO_LONG.search(response.text):
        raise PromptTooLong(STAGE, said)
    raise EngineRefused(STAGE, said)


class _Model(Answer):
    id: str
    max_model_len: int | None = None


class _Models(Answer):
    data: tuple[_Model, ...] = ()


def _served_window(answer: bytes, name: str) -> int | None:
    try:
        served = _Models.model_validate_json(answer).data
    except ValidationError:
        return None
    mine = [model for model in served if model.id == name] or served
    return mine[0].max_model_len if mine else None


def _body(request: ChatRequest, engines: Engines) -> Json:
    body: Json = {
        "model": engines.chat_model,
        "messages": list(request.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": engines.chat_temperature,
        "top_p": engines.chat_top_p,
    }
    if engines.chat_stop:
        body["stop"] = list(engines.chat_stop)
    if request.tools:
        body |= {"tools": list(request.tools), "tool_choice": request.tool_choice}
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    return body


class _Function(Answer):
    name: str | None = None
    arguments: str | None = None


class _Call(Answer):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(Answer):
    content: str | None = None
    tool_calls: tuple[_Call, ...] | None = None


class _Choice(Answer):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Read(Answer):
    cached_tokens: int | None = None


class _Usage(Answer):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Read | None = None

    def tokens(self) -> Tokens:
        read = self.prompt_tokens_details or _Read()
        return Tokens(self.prompt_tokens, self.completion_tokens, read.cached_tokens or 0)


class _Chunk(Answer):
    choices: tuple[_Choice, ...] | None = None
    usage: _Usage | None = None
    error: Any = None


async def _pieces(response: httpx.Response, first_by: float, then_s: float) -> AsyncGenerator[_Chunk]:
    """Each in its time: the first by `first_by` on the clock, the others `then_s` after the one before."""
    lines, by = response.aiter_lines(), first_by
    while True:
        try:
            with anyio.fail_after(by - anyio.current_time()):
                data = await _data(lines)
        except TimeoutError as error:
            raise EngineTimeout(STAGE, "the answer has come to a halt") from error
        if data is None:
            return
        yield _parsed(data)
        by = anyio.current_time() + then_s


async def _data(lines: AsyncIterator[str]) -> str | None:
    """The next event's; None at the end."""
    async for line in lines:
        if line.startswith("data:"):
            data = line[5:].strip()
            return None if data == "[DONE]" else data
    return None


async def _news(pieces: AsyncIterator[_Chunk]) -> AsyncGenerator[ChatNews]:
    reason, usage = "stop", None
    async for chunk in pieces:
        usage = chunk.usage or usage
        for choice in chunk.choices or ():
            reason = choice.finish_reason or reason
            for news in _deltas(choice.delta or _Delta()):
                yield news
    yield ChatEnded("length" if reason == "length" else "stop", usage.tokens() if usage else None)


def _parsed(data: str) -> _Chunk:
    try:
        chunk = _Chunk.model_validate_json(data)
    except ValidationError as error:
        raise EngineRefused(STAGE, f"what is no chunk of an answer: {data[:100]}") from error
    if chunk.error is not None:
        raise EngineDown(STAGE, str(chunk.error))
    return chunk


def _deltas(delta: _Delta) -> list[ChatNews]:
    news: list[ChatNews] = [delta.content] if delta.content else []
    for call in delta.tool_calls or ():
        function = call.function or _Function()
        news.append(CallDelta(call.index, call.id, function.name, function.arguments or ""))
    return news
