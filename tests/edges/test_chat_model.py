"""The chat model's client against a server's bytes, right and wrong, and against the scripted engines."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from realtime.engines.chat import HttpChatModel
from realtime.engines.http import engine_client
from realtime.engines.protocols import CallDelta, ChatEnded, ChatNews, ChatRequest
from realtime.errors import EngineDown, EngineError, EngineRefused, EngineTimeout, PromptTooLong
from realtime.settings import Engines
from realtime.talk.tokens import Tokens
from tests.clients.stage import scripted_engines
from tests.edges.canned import canned, http

EVENTS = "text/event-stream"
ASKED = ChatRequest(({"role": "user", "content": "Tea?"},))
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


async def _written(
    url: str, request: ChatRequest = ASKED, first_s: float = 5, then_s: float = 5
) -> list[ChatNews]:
    async with engine_client() as client:
        model = HttpChatModel(client, url, Engines(chat_first_timeout_s=first_s, chat_timeout_s=then_s))
        async with model.reply(request) as news:
            return [one async for one in news]


def _stream(*chunks: Any) -> bytes:
    lines = [f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks]
    return http("".join(lines).encode(), EVENTS)


def _delta(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def _call(index: int, arguments: str, **head: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": head["name"]} if "name" in head else {})}
    return _delta(tool_calls=[{"index": index, "function": function, **({"id": head["id"]} if head else {})}])


async def test_text_and_usage_are_read() -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    usage = {"choices": [], "usage": counts}
    stream = _stream(_delta(content="Of "), _delta(content="course."), _delta("stop"), usage, "[DONE]")
    async with canned(stream) as url:
        assert await _written(url) == ["Of ", "course.", ChatEnded("stop", Tokens(3, 2, cached=1))]


async def test_an_answer_that_was_cut_by_its_limit_says_so() -> None:
    async with canned(_stream(_delta(content="Of"), _delta("length"), "[DONE]")) as url:
        assert await _written(url) == ["Of", ChatEnded("length")]


async def test_calls_are_read_piece_by_piece() -> None:
    stream = _stream(
        _call(0, "", id="call_1", name="weather"),
        _call(0, '{"city":'),
        _call(0, '"Oslo"}'),
        _call(1, "{}", id="call_2", name="time"),
        _delta("tool_calls"),
        "[DONE]",
    )
    async with canned(stream) as url:
        assert await _written(url) == [
            CallDelta(0, "call_1", "weather", ""),
            CallDelta(0, None, None, '{"city":'),
            CallDelta(0, None, None, '"Oslo"}'),
            CallDelta(1, "call_2", "time", "{}"),
            ChatEnded("stop"),
        ]


@pytest.mark.parametrize(
    "chunk",
    [
        "nonsense",
        [1],
        {"choices": 7},
        {"choices": ["x"]},
        {"choices": [{"delta": {"tool_calls": 7}}]},
        {"choices": [{"delta": {"content": 7}}]},
        {"choices": [], "usage": {"prompt_tokens": "many"}},
    ],
)
async def test_a_chunk_that_is_none_is_refused(chunk: Any) -> None:
    async with canned(_stream(chunk, "[DONE]")) as url:
        with pytest.raises(EngineRefused):
            await _written(url)


async def test_an_error_answer_is_refused_with_what_it_says() -> None:
    async with canned(http(b'{"error": {"code": "no_such_model"}}', status="404 Not Found")) as url:
        with pytest.raises(EngineRefused, match="no_such_model"):
            await _written(url)


VLLM_SAYS = (
    b'{"error": {"message": "This model\'s maximum context length is 512 tokens. However, your prompt"}}'
)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("400 Bad Request", VLLM_SAYS, PromptTooLong),
        ("400 Bad Request", b'{"error": {"type": "exceed_context_size_error"}}', PromptTooLong),
        ("400 Bad Request", b'{"error": {"code": "context_length_exceeded"}}', PromptTooLong),
        ("401 Unauthorized", b"{}", EngineRefused),
        ("429 Too Many Requests", b"{}", EngineDown),
        (
            "500 Internal Server Error",
            b'{"error": {"message": "EngineCore encountered an issue"}}',
            EngineDown,
        ),
        ("503 Service Unavailable", b"", EngineDown),
        ("200 OK", b'data: {"error": {"message": "EngineCore encountered an issue"}}\n\n', EngineDown),
    ],
)
async def test_what_may_work_the_next_time_is_told_from_what_will_not(
    status: str, body: bytes, error: type[EngineError]
) -> None:
    async with canned(http(body, EVENTS, status=status)) as url:
        with pytest.raises(EngineError) as raised:
            await _written(url)
    assert type(raised.value) is error


async def _window(answer: bytes, **settings: Any) -> int | None:
    async with canned(answer) as url, engine_client() as client:
        return await HttpChatModel(client, url, Engines(**settings)).window()


async def test_the_window_is_what_the_server_says_of_the_model() -> None:
    listed = b'{"data": [{"id": "other", "max_model_len": 7}, {"id": "llama", "max_model_len": 8192}]}'
    assert await _window(http(listed), chat_model="llama") == 8192
    assert await _window(http(listed), chat_model="unlisted") == 7
    assert await _window(http(listed), chat_model="llama", chat_window=4096) == 4096


@pytest.mark.parametrize("answer", [b'{"data": [{"id": "llama"}]}', b'{"data": []}', b"nonsense", b"[]"])
async def test_most_servers_do_not_say_it(answer: bytes) -> None:
    assert await _window(http(answer)) is None
    assert await _window(http(answer, status="404 Not Found")) is None


async def test_the_window_of_a_server_that_is_lost_is_not_known() -> None:
    async with canned(http(b"", status="503 Service Unavailable")) as url, engine_client() as client:
        with pytest.raises(EngineDown):
            await HttpChatModel(client, url, Engines()).window()


async def test_a_stream_that_breaks_off_is_down() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    async with canned(head + b'data: {"choices": []}\n\n') as url:
        with pytest.raises(EngineDown):
            await _written(url)


@pytest.fixture(scope="module")
def engines() -> Iterator[str]:
    """The scripted engines, once they answer."""
    with scripted_engines() as url:
        transport = httpx.HTTPTransport(retries=6)
        with httpx.Client(transport=transport) as client:
            client.get(f"{url.removesuffix('/v1')}/healthz").raise_for_status()
        yield url


async def _script(url: str, **changes: Any) -> dict[str, Any]:
    async with engine_client() as client:
        return (await client.post(f"{url.removesuffix('/v1')}/script", json=changes)).json()


async def test_tools_and_limits_are_asked_for_as_servers_know_them(engines: str) -> None:
    news = await _written(engines, ChatRequest(ASKED.messages, (TOOL,), "required", 50))
    body = (await _script(engines))["requests"][-1]
    assert isinstance(news[0], CallDelta) and news[0].name == "weather"
    assert isinstance(news[-1], ChatEnded) and news[-1].usage
    assert (body["tools"], body["tool_choice"], body["max_tokens"]) == ([TOOL], "required", 50)


async def test_a_server_that_comes_to_a_halt_is_given_up(engines: str) -> None:
    await _script(engines, chat_fault="stall")
    with pytest.raises(EngineTimeout):
        await _written(engines, first_s=60, then_s=0.3)
    await _script(engines, chat_fault="")


async def test_a_server_that_does_not_begin_is_given_up(engines: str) -> None:
    await _script(engines, first_token_ms=60_000)
    with pytest.raises(EngineTimeout):
        await _written(engines, first_s=0.3, then_s=60)
    await _script(engines, first_token_ms=30)


async def test_how_a_model_is_to_write_is_the_servers_choice(engines: str) -> None:
    await _written(engines)
    body = (await _script(engines))["requests"][-1]
    assert (body["temperature"], body["top_p"], "stop" in body, "max_tokens" in body) == (
        0.6,
        0.9,
        False,
        False,
    )


async def test_leaving_ends_the_generation(engines: str) -> None:
    await _script(engines, replies=["word " * 500], token_ms=20)
    async with (
        engine_client() as client,
        HttpChatModel(client, engines, Engines()).reply(ASKED) as news,
    ):
        async for _ in news:
            break
    for _ in range(50):
        if not (still := (await _script(engines))["counts"]["open"]):
            break
        await anyio.sleep(0.05)
    assert still == 0
