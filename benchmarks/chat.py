"""What the gateway costs beside its chat server, and how much of a talk's prompts the server had read before.

    python -m benchmarks.chat --python VLLM_PYTHON --model NAME_OR_FOLDER [--arguments JSON] [--rounds 60]

Starts `tutor serve` with vLLM as its child. The same short talks are asked of vLLM over httpx and of the
gateway over a WebSocket, by turns, so that both meet the same machine; the answers are text, so that no voice
is in the figures. An abort takes from `response.cancel` until vLLM says that nothing is running.
"""

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import anyio
import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

Json = dict[str, Any]
INSTRUCTIONS = "You are Atom, a kind and patient English teacher. Answer in one to three short sentences."
TOKENS = 40
TURNS = 20
CUT_EACH = 3  # every third answer is spoken, and interrupted
SENT_MS, HEARD_MS = 5000, 3500  # of its sound
ABORTS = 20


@dataclass(frozen=True, slots=True)
class Spread:
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, and a share."""

    raw_first: Spread
    gateway_first: Spread
    raw_between: Spread
    gateway_between: Spread
    abort: Spread
    cached: float  # of the prompt tokens of a talk
    prompt_tokens: int  # of that talk's last turn


@dataclass(frozen=True, slots=True)
class Stage:
    talk_url: str
    chat_url: str
    model: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="of an environment that has vLLM")
    parser.add_argument("--model", required=True)
    parser.add_argument("--arguments", default="[]", help="more of vLLM's arguments, a JSON list")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with staged(options.python, options.model, options.arguments) as stage:
        figures = anyio.run(measure, stage, options.rounds)
    print(json.dumps(asdict(figures)) if options.json else table(figures))


def table(figures: Figures) -> str:
    rows = {
        "first token, httpx": figures.raw_first,
        "first token, gateway": figures.gateway_first,
        "between tokens, httpx": figures.raw_between,
        "between tokens, gateway": figures.gateway_between,
        "abort": figures.abort,
    }
    lines = [f"{name:24} median {row.median:7.2f} ms   p95 {row.p95:7.2f} ms" for name, row in rows.items()]
    cached = f"{TURNS} turns: {figures.cached:.1%} of the prompt tokens from the cache"
    return "\n".join([*lines, f"{cached}; the last prompt has {figures.prompt_tokens}"])


@contextmanager
def staged(python: str, model: str, arguments: str) -> Generator[Stage]:
    environment = {
        "TUTOR_VLLM__PYTHON": python,
        "TUTOR_VLLM__MODEL": model,
        "TUTOR_VLLM__ARGUMENTS": arguments,
    }
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        try:
            output = process.stdout or ()
            ready = next(line for line in output if line.startswith("Atom is ready: open"))
            url = ready.split()[-1]
            talk_url = url.replace("http", "ws", 1) + "/v1/realtime?model=tutor"
            yield Stage(talk_url, f"http://127.0.0.1:{_vllm_port(process.pid)}", model)
        finally:
            process.terminate()


def _vllm_port(gateway: int) -> str:
    """Of the process among its children that answers."""
    commands = [process.cmdline() for process in psutil.Process(gateway).children(recursive=True)]
    vllm = next(command for command in commands if "vllm.entrypoints.openai.api_server" in command)
    return vllm[vllm.index("--port") + 1]


async def measure(stage: Stage, rounds: int) -> Figures:
    raw: list[list[float]] = []
    gateway: list[list[float]] = []
    async with httpx.AsyncClient(timeout=60) as client:
        for number in range(rounds):
            raw.append(await raw_times(client, stage, f"What did you do on day {number} of your holiday?"))
            gateway.append(await gateway_times(stage, f"What did you eat on day {number} of your holiday?"))
        aborts = [await abort_ms(client, stage) for _ in range(ABORTS)]
        cached, last = await cached_share(client, stage)
    return Figures(
        raw_first=spread([times[0] for times in raw]),
        gateway_first=spread([times[0] for times in gateway]),
        raw_between=spread(gaps(raw)),
        gateway_between=spread(gaps(gateway)),
        abort=spread(aborts),
        cached=cached,
        prompt_tokens=last,
    )


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), statistics.quantiles(values, n=20)[-1])


def gaps(answers: Sequence[Sequence[float]]) -> list[float]:
    return [after - before for times in answers for before, after in itertools.pairwise(times)]


async def raw_times(client: httpx.AsyncClient, stage: Stage, text: str) -> list[float]:
    """When each token came, in ms after asking."""
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]
    body = {"model": stage.model, "messages": messages, "max_tokens": TOKENS, "stream": True}
    asked_s, times = time.perf_counter(), list[float]()
    async with client.stream("POST", f"{stage.chat_url}/v1/chat/completions", json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
                times.append((time.perf_counter() - asked_s) * 1000)
    return times


async def gateway_times(stage: Stage, text: str) -> list[float]:
    """The same through the gateway, in ms after `response.create`."""
    async with talking(stage) as socket:
        await say(socket, text)
        asked_s, times = time.perf_counter(), list[float]()
        await create(socket)
        while (event := await received(socket))["type"] != "response.done":
            if event["type"] == "response.output_text.delta":
                times.append((time.perf_counter() - asked_s) * 1000)
    return times


async def abort_ms(client: httpx.AsyncClient, stage: Stage) -> float:
    async with talking(stage) as socket:
        await say(socket, "Tell me a long story.")
        await create(socket, max_output_tokens="inf")
        await until(socket, "response.output_text.delta")
        cancelled_s = time.perf_counter()
        await socket.send('{"type": "response.cancel"}')
        while await count(client, stage, "num_requests_running"):
            pass  # each question takes vLLM a few milliseconds
        return (time.perf_counter() - cancelled_s) * 1000


async def count(client: httpx.AsyncClient, stage: Stage, name: str) -> float:
    """One of vLLM's own metrics."""
    page = (await client.get(f"{stage.chat_url}/metrics")).text
    return sum(map(float, re.findall(rf"^vllm:{name}{{[^}}]*}} (\S+)$", page, re.MULTILINE)))


async def cached_share(client: httpx.AsyncClient, stage: Stage) -> tuple[float, int]:
    """Of all prompts of one talk, answers of which are interrupted; and how long the last one is."""
    names = ("prefix_cache_queries_total", "prefix_cache_hits_total")
    before = [await count(client, stage, name) for name in names]
    last = 0
    async with talking(stage, instructions=None) as socket:
        for turn in range(TURNS):
            await say(socket, f"On day {turn} we went to the market and bought bread, and then it rained.")
            if turn % CUT_EACH == CUT_EACH - 1:
                await cut_short(socket)
            else:
                await create(socket)
                last = (await until(socket, "response.done"))["response"]["usage"]["input_tokens"]
    read, cached = [await count(client, stage, name) - was for name, was in zip(names, before, strict=True)]
    return cached / read, last


async def cut_short(socket: ClientConnection) -> None:
    """A spoken answer that is interrupted: what the learner did not hear of it leaves the talk."""
    await create(socket, output_modalities=["audio"])
    sent_ms = 0.0
    while sent_ms < SENT_MS:
        sent_ms += len(b64decode((await until(socket, "response.output_audio.delta"))["delta"])) / 48
    await socket.send('{"type": "response.cancel"}')
    [item] = (await until(socket, "response.done"))["response"]["output"]
    at = {"item_id": item["id"], "content_index": 0, "audio_end_ms": HEARD_MS}
    await socket.send(json.dumps({"type": "conversation.item.truncate", **at}))
    await socket.send(json.dumps({"type": "conversation.item.retrieve", "item_id": item["id"]}))
    left = (await until(socket, "conversation.item.retrieved"))["item"]
    sent, heard = (one["content"][0]["transcript"] for one in (item, left))
    assert sent.startswith(heard) and 0 < len(heard) < len(sent), f"not cut: {sent!r}, {heard!r}"


# a client


@asynccontextmanager
async def talking(stage: Stage, instructions: str | None = INSTRUCTIONS) -> AsyncGenerator[ClientConnection]:
    """A text session; without instructions they are the tutor's own."""
    session: Json = {"type": "realtime", "output_modalities": ["text"]}
    if instructions is not None:
        session["instructions"] = instructions
    async with connect(stage.talk_url, subprotocols=[Subprotocol("realtime")], compression=None) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": session}))
        await until(socket, "session.updated")
        yield socket


async def say(socket: ClientConnection, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))


async def create(socket: ClientConnection, **response: Any) -> None:
    asked = {"max_output_tokens": TOKENS, **response}
    await socket.send(json.dumps({"type": "response.create", "response": asked}))


async def received(socket: ClientConnection) -> Json:
    with anyio.fail_after(60):
        return json.loads(await socket.recv())


async def until(socket: ClientConnection, kind: str) -> Json:
    while (event := await received(socket))["type"] != kind:
        pass
    return event


if __name__ == "__main__":
    main()
