"""A learner with a real-time microphone at a real server: frames of 20 ms on an absolute schedule, as a GA
client or in tutor.v1, and all that the server says with the time of its arrival."""

import base64
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.scripted_hearing import Saying
from benchmarks.turn_sounds import RATE, SENT, SENT_MS, Sound, frames, room

Json = dict[str, Any]
PLAYHEAD_FRAMES = 5
BYTES_PER_MS = 48
AUDIO = "audio"
TAKEN = "conversation_already_has_active_response"


@dataclass(frozen=True, slots=True)
class News:
    """`kind`: the event's type, or AUDIO. `item`: whose audio it is."""

    at_s: float
    kind: str
    body: Json = field(default_factory=dict[str, Any])
    item: str = ""


@dataclass
class Said:
    """A sound on its way. Times are those of the frames in which its samples left."""

    sound: Sound
    sent_s: list[float] = field(default_factory=list[float])
    over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def began_s(self) -> float:
        """When its first loud sample sounded: a frame leaves at its end."""
        return self.sounded_s(self.sound.began)

    @property
    def ended_s(self) -> float:
        """When its last loud sample was sent."""
        return self.sent_s[(self.sound.ended - 1) // SENT]

    def sounded_s(self, sample: int) -> float:
        return self.sent_s[sample // SENT] - (SENT - sample % SENT) / RATE


class Talker:
    """`news` is all that came, in its order; `trips_ms`: how long the server took to answer an update."""

    def __init__(self, socket: ClientConnection, *, tutor: bool, seed: int) -> None:
        self.tutor = tutor
        self.news: list[News] = []
        self.trips_ms: list[float] = []
        self.active = False  # a response is under way
        self.began_s = 0.0  # of the reply that sounds; 0: none does
        self._socket = socket
        self._room = frames(room(10, seed))
        self._saying: list[tuple[bytes, Said]] = []
        self._sent = 0
        self._fresh = anyio.Event()
        self._item = ""
        self._got_ms = 0.0

    # what is sent

    async def send_frame(self) -> None:
        frame = self._room[self._sent % len(self._room)]
        self._sent += 1
        said = None
        if self._saying:
            frame, said = self._saying.pop(0)
        if self.tutor:
            await self._socket.send(frame)
        else:
            audio = base64.b64encode(frame).decode()
            await self._socket.send(f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}')
        if said:
            said.sent_s.append(time.perf_counter())
            if len(said.sent_s) * SENT >= len(said.sound.pcm):
                said.over.set()
        if self.tutor and self._sent % PLAYHEAD_FRAMES == 0:
            await self._report()

    def say(self, sound: Sound) -> Said:
        said = Said(sound)
        self._saying += [(frame, said) for frame in frames(sound.pcm)]
        return said

    async def tell(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def configure(self, said: Saying, detection: Json | None = None) -> None:
        """What the scripted recogniser will hear, and how turns are detected."""
        hearing: Json = {"transcription": {"model": "scripted", "prompt": said.prompt}}
        if detection:
            hearing["turn_detection"] = detection
        mark, asked_s = len(self.news), time.perf_counter()
        await self.tell("session.update", session={"type": "realtime", "audio": {"input": hearing}})
        answered = await self.expect("session.updated", mark)
        self.trips_ms.append((answered.at_s - asked_s) * 1000)

    async def hush(self) -> None:
        """End the reply, if there is one."""
        if self.active:
            mark = len(self.news)
            await self.tell("response.cancel")
            await self.expect("response.done", mark)
        self._silence()

    async def _report(self) -> None:
        if self._item and self._got_ms:
            played_ms = min(self._got_ms, (time.perf_counter() - self.began_s) * 1000)
            await self.tell("tutor.playhead", item_id=self._item, played_ms=round(played_ms))

    # what comes

    async def listen(self) -> None:
        async for message in self._socket:
            now_s = time.perf_counter()
            if isinstance(message, bytes):
                self._hear(now_s, self._item, len(message))
                continue
            body: Json = json.loads(message)
            self._take(now_s, body)
        raise RuntimeError(f"the server ended the talk: {self._socket.close_reason}")

    def _take(self, now_s: float, body: Json) -> None:
        kind: str = body["type"]
        match kind:
            case "response.output_audio.delta":
                self._hear(now_s, body["item_id"], len(body["delta"]) * 3 // 4)
                return
            case "response.created":
                self.active = True
                self._silence()
            case "response.output_item.added":
                self._item = body["item"]["id"]
            case "response.done":
                self.active = False
                if body["response"]["status"] == "cancelled":
                    self._silence()
            case "error" if body["error"]["code"] == TAKEN:
                pass  # the tutor has just begun to answer
            case "error":
                raise RuntimeError(f"the server says {body['error']}")
            case _:
                pass
        self._note(News(now_s, kind, body))

    def _hear(self, now_s: float, item: str, size: int) -> None:
        self.began_s = self.began_s or now_s
        self._got_ms += size / BYTES_PER_MS
        self._note(News(now_s, AUDIO, item=item))

    def _note(self, news: News) -> None:
        self.news.append(news)
        self._fresh.set()
        self._fresh = anyio.Event()

    def _silence(self) -> None:
        self.began_s = self._got_ms = 0.0

    def first(self, kind: str, since: int, test: Callable[[News], bool] = lambda _: True) -> News | None:
        return next((one for one in self.news[since:] if one.kind == kind and test(one)), None)

    async def until(self, kind: str, since: int, within_s: float = 10) -> News | None:
        """The first of them since then; None if none comes in time."""
        with anyio.move_on_after(within_s):
            while (found := self.first(kind, since)) is None:
                await self._fresh.wait()
            return found
        return None

    async def expect(self, kind: str, since: int) -> News:
        found = await self.until(kind, since)
        if found is None:
            raise RuntimeError(f"no {kind} within ten seconds")
        return found


@asynccontextmanager
async def talkers(url: str, modes: Sequence[bool]) -> AsyncGenerator[tuple[list[Talker], list[float]]]:
    """One for each mode (True: tutor.v1), all of them sending; and how late each frame was, in ms."""
    sockets, late_ms = list[ClientConnection](), list[float]()
    for tutor in modes:
        protocol = Subprotocol("tutor.v1" if tutor else "realtime")
        sockets.append(await connect(url, subprotocols=[protocol], compression=None, max_size=None))
    crowd = [
        Talker(socket, tutor=tutor, seed=n)
        for n, (socket, tutor) in enumerate(zip(sockets, modes, strict=True))
    ]
    try:
        async with anyio.create_task_group() as tasks:
            for one in crowd:
                tasks.start_soon(one.listen)
            tasks.start_soon(_send, crowd, late_ms)
            for one in crowd:
                await one.expect("session.created", 0)
            yield crowd, late_ms
            tasks.cancel_scope.cancel()
    finally:
        for socket in sockets:
            await socket.close()


async def _send(crowd: Sequence[Talker], late_ms: list[float]) -> None:
    """Spread over the 20 ms of a frame."""
    began_s, number = time.perf_counter() + 0.02, 0
    step_s = SENT_MS / 1000 / len(crowd)
    while True:
        due_s = began_s + number * step_s
        await anyio.sleep(max(0.0, due_s - time.perf_counter()))
        late_ms.append((time.perf_counter() - due_s) * 1000)
        await crowd[number % len(crowd)].send_frame()
        number += 1
