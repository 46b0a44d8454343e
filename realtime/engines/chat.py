"""The chat model over the OpenAI-compatible route: messages up, text and function calls down as they come."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import httpx

from realtime.engines.http import check, engine_errors
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


async def _news(response: httpx.Response) -> AsyncGenerator[ChatNews]:
    reason, usage = "stop", None
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            break
        chunk = _parsed(data)
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or ():
            reason = choice.get("finish_reason") or reason
            for news in _deltas(choice.get("delta") or {}):
                yield news
    counts = (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None
    yield ChatEnded("length" if reason == "length" else "stop", counts)


def _parsed(data: str) -> Json:
    try:
        chunk = json.loads(data)
    except ValueError as error:
        raise EngineRefused(STAGE, f"a chunk that is no JSON: {data[:100]}") from error
    if not isinstance(chunk, dict):
        raise EngineRefused(STAGE, f"a chunk that is no object: {data[:100]}")
    fields = cast(Json, chunk)
    if "error" in fields:
        raise EngineRefused(STAGE, str(fields["error"]))
    return fields


def _deltas(delta: Json) -> list[ChatNews]:
    news: list[ChatNews] = [delta["content"]] if delta.get("content") else []
    calls: list[Json] = delta.get("tool_calls") or []
    for call in calls:
        function: Json = call.get("function") or {}
        index: int = call.get("index", 0)
        news.append(CallDelta(index, call.get("id"), function.get("name"), function.get("arguments") or ""))
    return news
