"""The chat model over the OpenAI-compatible route: messages up, text and function calls down as they come."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
from pydantic import ValidationError

from realtime.engines.http import Answer, check, engine_errors
from realtime.engines.protocols import CallDelta, ChatEnded, ChatNews, ChatRequest
from realtime.errors import EngineRefused
from realtime.settings import Engines

STAGE = "chat"
Json = dict[str, Any]


class HttpChatModel:
    def __init__(self, client: httpx.AsyncClient, base_url: str, engines: Engines) -> None:
        self._client = client
        self._url = f"{base_url}/chat/completions"
        self._engines = engines

    @asynccontextmanager
    async def reply(self, request: ChatRequest) -> AsyncGenerator[AsyncIterator[ChatNews]]:
        """Leaving the block closes the stream, and that ends the generation."""
        headers = {"Authorization": f"Bearer {self._engines.api_key}"}
        timeout = httpx.Timeout(self._engines.chat_timeout_s)
        body = _body(request, self._engines.chat_model)
        async with (
            engine_errors(STAGE),
            self._client.stream("POST", self._url, json=body, headers=headers, timeout=timeout) as response,
        ):
            await check(STAGE, response)
            async with aclosing(_news(response)) as news:
                yield news


def _body(request: ChatRequest, model: str) -> Json:
    body: Json = {
        "model": model,
        "messages": list(request.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
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


class _Usage(Answer):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(Answer):
    choices: tuple[_Choice, ...] | None = None
    usage: _Usage | None = None
    error: Any = None


async def _news(response: httpx.Response) -> AsyncGenerator[ChatNews]:
    reason, usage = "stop", None
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            break
        chunk = _parsed(data)
        usage = chunk.usage or usage
        for choice in chunk.choices or ():
            reason = choice.finish_reason or reason
            for news in _deltas(choice.delta or _Delta()):
                yield news
    counts = (usage.prompt_tokens, usage.completion_tokens) if usage else None
    yield ChatEnded("length" if reason == "length" else "stop", counts)


def _parsed(data: str) -> _Chunk:
    try:
        chunk = _Chunk.model_validate_json(data)
    except ValidationError as error:
        raise EngineRefused(STAGE, f"what is no chunk of an answer: {data[:100]}") from error
    if chunk.error is not None:
        raise EngineRefused(STAGE, str(chunk.error))
    return chunk


def _deltas(delta: _Delta) -> list[ChatNews]:
    news: list[ChatNews] = [delta.content] if delta.content else []
    for call in delta.tool_calls or ():
        function = call.function or _Function()
        news.append(CallDelta(call.index, call.id, function.name, function.arguments or ""))
    return news
