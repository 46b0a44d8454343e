"""The Python package `openai-agents`, unchanged, on a running server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from agents import function_tool
from agents.realtime import (
    OpenAIRealtimeWebSocketModel,
    RealtimeAgent,
    RealtimeRunner,
    RealtimeSession,
)

from tests.clients.stage import HEARD, RATE, utterance
from tests.protocol.strict import strict
from tests.serving import Served

PATIENCE_S = 20
PIECE = RATE * 2 // 10
LONG = " ".join(["and one more word"] * 20)
Event = Any


class Agent:
    """A running session of the SDK's. `raw` holds the server's events; what the SDK calls an error fails."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.raw: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self._events = aiter(session)
        self._history: list[Any] = []

    async def next(self) -> Event:
        with anyio.fail_after(PATIENCE_S):
            event = await anext(self._events)
        self.seen.append(event.type)
        assert event.type != "error", event.error
        if event.type == "history_updated":
            self._history = event.history
        elif event.type == "history_added":
            self._history = [*self._history, event.item]
        if event.type == "raw_model_event":
            assert event.data.type not in ("exception", "error"), event.data
            if event.data.type == "raw_server_event":
                self.raw.append(event.data.data)
                strict(event.data.data)
        return event

    async def until(self, kind: str) -> Event:
        """An event of the SDK's own."""
        while True:
            event = await self.next()
            if event.type == kind:
                return event

    async def until_raw(self, kind: str) -> dict[str, Any]:
        while True:
            before = len(self.raw)
            await self.next()
            if len(self.raw) > before and self.raw[-1]["type"] == kind:
                return self.raw[-1]

    async def answer(self) -> dict[str, Any]:
        return (await self.until_raw("response.done"))["response"]

    async def speak(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), PIECE):
            await self.session.send_audio(pcm[at : at + PIECE])

    @property
    def told(self) -> list[str]:
        """The history as the SDK keeps it."""
        return [f"{item.role}: {_text(item)}" for item in self._history if item.type == "message"]


def _text(item: Any) -> str:
    return " ".join(
        getattr(part, "transcript", None) or getattr(part, "text", None) or "" for part in item.content
    )


@function_tool
def weather(town: str) -> str:
    """The weather in a town."""
    return f"sunny in {town}"


@asynccontextmanager
async def running(server: Served, **settings: Any) -> AsyncGenerator[Agent]:
    agent = RealtimeAgent(name="Atom", instructions="Be kind.", tools=[weather])
    runner = RealtimeRunner(agent, model=OpenAIRealtimeWebSocketModel())
    options: Any = {"api_key": "none", "url": server.talk_url, "initial_model_settings": settings}
    async with await runner.run(model_config=options) as session:
        running_agent = Agent(session)
        await running_agent.until_raw("session.updated")
        await running_agent.until_raw("session.updated")  # the second one only sets the tracing
        yield running_agent


async def test_settings_outlive_the_second_update(server: Served) -> None:
    async with running(server) as agent:
        session = agent.raw[-1]["session"]
        assert session["instructions"] == "Be kind."
        assert [tool["name"] for tool in session["tools"]] == ["weather"]
        assert session["tracing"] == "auto"
        assert session["audio"]["input"]["turn_detection"]["interrupt_response"] is True


async def test_a_text_turn(server: Served) -> None:
    async with running(server, output_modalities=["text"]) as agent:
        await agent.session.send_message("good morning")
        assert (await agent.answer())["output"][0]["content"][0]["text"] == "You said: good morning"
        await agent.session.send_message("and again")
        assert (await agent.answer())["status"] == "completed"


async def test_a_spoken_turn(server: Served) -> None:
    async with running(server) as agent:
        await agent.speak(utterance())
        await agent.until("audio")
        assert (await agent.answer())["status"] == "completed"
        await agent.until("agent_end")
        assert agent.told == [f"user: {HEARD}", f"assistant: You said: {HEARD}"]


async def test_push_to_talk(server: Served) -> None:
    async with running(server, turn_detection=None) as agent:
        assert agent.raw[-1]["session"]["audio"]["input"]["turn_detection"] is None
        await agent.speak(utterance())
        await agent.session.send_audio(b"\0\0" * 2400, commit=True)
        await agent.until_raw("conversation.item.input_audio_transcription.completed")
        await agent.session.send_message("answer me")
        assert (await agent.answer())["status"] == "completed"


async def test_a_tool_is_run_and_its_output_answered(server: Served) -> None:
    async with running(server) as agent:
        await agent.session.send_message("please call weather")
        assert (await agent.until("tool_end")).output == "sunny in Madrid"
        while (answer := await agent.answer())["output"][0]["type"] == "function_call":
            pass
        assert answer["output"][0]["content"][0]["transcript"] == "The answer is sunny in Madrid."


async def test_the_learner_interrupts(server: Served) -> None:
    async with running(server) as agent:
        await agent.session.send_message(LONG)
        for _ in range(10):
            await agent.until("audio")
        await agent.speak(utterance())
        await agent.until("audio_interrupted")
        cut = await agent.answer()
        assert cut["status_details"]["reason"] == "turn_detected"
        truncated = await agent.until_raw("conversation.item.truncated")
        assert truncated["item_id"] == cut["output"][0]["id"]
        answer = await agent.answer()
        assert answer["output"][0]["content"][0]["transcript"] == f"You said: {HEARD}"


async def test_the_sdk_cancels_by_itself_where_speech_does_not(server: Served) -> None:
    detection = {"type": "server_vad", "interrupt_response": False}
    async with running(server, turn_detection=detection) as agent:
        await agent.session.send_message(LONG)
        for _ in range(10):
            await agent.until("audio")
        await agent.session.interrupt()
        cut = await agent.answer()
        assert cut["status_details"]["reason"] == "client_cancelled"
        await agent.session.send_message("go on")
        assert (await agent.answer())["status"] == "completed"
