"""Whatever a client sends and an engine does: every event is legal, its order too, and the talk goes on."""

import json
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol.strict import strict
from tests.session.client import Client, Event
from tests.session.grammar import Trace
from tests.session.play import Engine, Open, Phrase, Say, Send, Settle, Step, phrases, staged
from tests.session.scripted import Chat, Clip, Ears, Gate
from tests.session.studio import Studio, silence, speech, studio

EXAMPLES = 60  # of each kind of talk
TURNS = 60  # of the loop without a word from the server: it waits for something from outside
TALK = {"lead_ms": 2500, "blind_lead_ms": 100_000, "stalled_ms": 100_000}  # nothing waits for a clock


class Play:
    """One client's talk, read under the grammar."""

    def __init__(self, stage: Studio, client: Client) -> None:
        self.trace = Trace(tutor=client.tutor)
        self._stage = stage
        self._client = client
        self._gates: list[Gate] = []
        self._read = 0
        self._sent = 0
        self._responses: list[str] = []

    async def act(self, step: Step) -> None:
        match step:
            case Say(ms=ms, speech=True):
                self._client.hear(speech(ms, tutor=self._client.tutor))
            case Say(ms=ms):
                self._client.hear(silence(ms, tutor=self._client.tutor))
            case Send(event=event, nth=nth):
                self.send(event, nth)
            case Engine(name=name, script=script):
                self._direct(name, script)
            case Open():
                self._open()
            case Settle():
                await self.settle()

    def send(self, event: Event | str | bytes, nth: int = 0) -> str:
        if not isinstance(event, dict):
            self._client.send(event)
            return ""
        self._sent += 1
        event_id = f"mine_{self._sent}"
        names = {"{item}": self.trace.items, "{response}": self._responses}
        text = json.dumps(event)
        for place, known in names.items():
            text = text.replace(place, known[-1 - nth % len(known)] if known else "none")
        self.trace.sent.add(event_id)
        self._client.send({**json.loads(text), "event_id": event_id})
        return event_id

    async def settle(self) -> None:
        """Read until nothing comes any more."""
        still = 0
        while still < TURNS:
            await anyio.lowlevel.checkpoint()
            still += 1
            while self._client.waiting:
                await self._client.next()
                still = 0
        self.check()

    def check(self) -> None:
        for message in self._client.log[self._read :]:
            self._read += 1
            if isinstance(message, dict):
                strict(_at_24_khz(message), tutor=self._client.tutor)
                if message["type"] == "response.created":
                    self._responses.append(message["response"]["id"])
            self.trace.take(message)

    async def end_well(self) -> None:
        """Nothing is in the way any more: a turn works, and afterwards nothing is open."""
        stage, client = self._stage, self._client
        self._open()
        stage.ears.finals, stage.ears.partials, stage.voice.clips = Ears().finals, Ears().partials, [Clip()]
        if stage.chat:
            stage.chat.answers = Chat().answers
        await self.settle()
        kind = "transcription" if self.trace.transcribes else "realtime"
        heard = {"turn_detection": None, "transcription": {"model": "any"}}
        self.send({"type": "session.update", "session": {"type": kind, "audio": {"input": heard}}})
        self.send({"type": "input_audio_buffer.clear"})
        await self.settle()
        for _ in range(2):  # a reply that was put off may take the first one's place
            for response_id in self.trace.open_responses:
                self.send({"type": "response.cancel", "response_id": response_id})
            await self.settle()
        assert not self.trace.open_responses, "a response does not end"
        await (self._transcribed() if self.trace.transcribes else self._answered())
        self.trace.at_rest()
        assert not client.over.is_set(), f"the session has ended: {client.closed}"

    async def _answered(self) -> None:
        client = self._client
        asked = len(client.log)
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "tea, please"}]}
        self.send({"type": "conversation.item.create", "item": said})
        self.send(
            {"type": "response.create", "response": {"max_output_tokens": "inf", "tool_choice": "auto"}}
        )
        with anyio.fail_after(5):
            await client.until("response.done")
        await self.settle()
        done = [m for m in client.log[asked:] if isinstance(m, dict) and m["type"] == "response.done"]
        assert [one["response"]["status"] for one in done] == ["completed"]

    async def _transcribed(self) -> None:
        client = self._client
        client.hear(speech(400, tutor=client.tutor))
        self.send({"type": "input_audio_buffer.commit"})
        with anyio.fail_after(5):
            done = await client.until("conversation.item.input_audio_transcription.completed")
        assert done["transcript"] == "tea please"
        await self.settle()

    def _direct(self, name: str, script: tuple[Any, ...]) -> None:
        stage = self._stage
        played = staged(script, self._gates, name)
        match name:
            case "voice":
                stage.voice.clips = played
            case "chat" if stage.chat:
                stage.chat.answers = played
            case "finals" | "partials":
                setattr(stage.ears, name, played)

    def _open(self) -> None:
        for gate in self._gates:
            gate.open()


def _at_24_khz(event: Event) -> Event:
    """A tutor.v1 client's own sample rate is the one thing that the types do not know."""
    text = json.dumps(event).replace('"rate": 16000', '"rate": 24000')
    return json.loads(text)


async def _play(script: list[Phrase], *, tutor: bool, lesson: str) -> None:
    chat = None if lesson else Chat()
    limits = {"sessions": 4, "utterance_ms": 4000}
    async with studio(chat, talk={"lesson": lesson, **TALK}, limits=limits) as stage:
        client = await stage.connect(tutor=tutor)
        play = Play(stage, client)
        play.check()
        for phrase in script:
            for step in phrase:
                await play.act(step)
        await play.end_well()


@pytest.mark.parametrize("lesson", ["tea", ""], ids=["lesson", "chat"])
@pytest.mark.parametrize("tutor", [False, True], ids=["ga", "tutor"])
def test_every_trace_is_legal_and_the_talk_survives(tutor: bool, lesson: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(phrases(tutor=tutor), min_size=4, max_size=30))
    def plays(script: list[Phrase]) -> None:
        anyio.run(lambda: _play(script, tutor=tutor, lesson=lesson))

    plays()
