"""Many learners in one event loop: raw WebSocket frames on an absolute schedule, as a page sends them.

A frame is masked with zeros, which leaves the payload as it is: each is made once and sent by all. What comes
back is read no further than is needed to play along.
"""

import asyncio
import json
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

FRAME_MS = 20
PLAYHEAD_MS = 100
VOICE_BYTES_PER_MS = 48
HEARING_RATE = 16_000
REST_MS = 400  # from the end of a reply to the next words
GREETING = (
    "GET /v1/realtime?model=tutor HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: tutor.v1\r\n\r\n"
)

Role = Literal["silent", "speaking", "listening", "talking"]
Pcm = NDArray[np.int16]


def framed(payload: bytes, opcode: int) -> bytes:
    length = len(payload)
    head = bytes((0x80 | opcode, 0x80 | length)) if length < 126 else bytes((0x80 | opcode, 0x80 | 126))
    return head + (b"" if length < 126 else length.to_bytes(2, "big")) + bytes(4) + payload


@dataclass(frozen=True)
class Sounds:
    """What learners send, in frames of 20 ms: their room, an endless voice, and one sentence."""

    rate: int
    room: tuple[bytes, ...]
    voice: tuple[bytes, ...]
    sentence: tuple[bytes, ...]
    heard: tuple[int, ...]  # samples at 16 kHz that the server has after each frame

    @classmethod
    def of(cls, room: Pcm, voice: Pcm, sentence: Pcm, rate: int, longest_s: int = 600) -> "Sounds":
        resampler = soxr.ResampleStream(rate, HEARING_RATE, 1, dtype="int16", quality="LQ")
        silence, heard, count = np.zeros(rate * FRAME_MS // 1000, np.int16), list[int](), 0
        for _ in range(longest_s * 1000 // FRAME_MS):
            count += len(silence) if rate == HEARING_RATE else len(resampler.resample_chunk(silence))
            heard.append(count)
        return cls(rate, _cut(room, rate), _cut(voice, rate), _cut(sentence, rate), tuple(heard))


def _cut(sound: Pcm, rate: int) -> tuple[bytes, ...]:
    step = rate * FRAME_MS // 1000
    return tuple(framed(sound[at : at + step].tobytes(), 2) for at in range(0, len(sound) - step + 1, step))


@dataclass
class Turn:
    """Seconds on one clock."""

    said_s: float  # the last frame of the sentence left
    decided_s: float = 0  # the frame left that completes the window of the endpoint
    answered_s: float = 0  # the first sound of the answer came


@dataclass
class Learner(asyncio.Protocol):
    """One connection. `role` may be changed at any time; `turns` are those that were answered."""

    host: str
    sounds: Sounds
    role: Role = "silent"
    delay: int = 0  # frames before the first words
    turns: list[Turn] = field(default_factory=list[Turn])
    faults: list[str] = field(default_factory=list[str])
    live: asyncio.Event = field(default_factory=asyncio.Event)
    speaks: asyncio.Event = field(default_factory=asyncio.Event)  # the tutor, now

    def __post_init__(self) -> None:
        self._input = bytearray()
        self._upgraded = False
        self._sent_s: list[float] = []  # when each frame left
        self._words = -1  # frames of the sentence that have left; -1: none is being said
        self._item = ""
        self._got_ms = 0.0
        self._sounded_s = 0.0
        self._done = True
        self._reported_s = 0.0
        self._turn: Turn | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING.format(host=self.host).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.role != "silent" or exc:
            self.faults.append(f"the connection was lost: {exc}")

    def leave(self) -> None:
        self.role = "silent"
        self._transport.abort()

    # what is sent

    def say(self, event: dict[str, Any]) -> None:
        self._transport.write(framed(json.dumps(event).encode(), 1))

    def send_frame(self) -> None:
        now_s, number = time.perf_counter(), len(self._sent_s)
        self._transport.write(self._frame(number, now_s))
        self._sent_s.append(now_s)
        if not (self._done and self._got_ms == 0):
            self._play(now_s)

    def _frame(self, number: int, now_s: float) -> bytes:
        sounds = self.sounds
        if self.role == "speaking":
            return sounds.voice[number % len(sounds.voice)]
        if self.role == "talking" and self._words < 0 and self._turn is None and self._got_ms == 0:
            self.delay -= 1
            self._words = 0 if self.delay < 0 else -1
        if self._words < 0:
            return sounds.room[number % len(sounds.room)]
        frame = sounds.sentence[self._words]
        self._words += 1
        if self._words == len(sounds.sentence):
            self._words, self._turn = -1, Turn(now_s)
        return frame

    def _play(self, now_s: float) -> None:
        """Report the playhead; once all has been heard, go on."""
        played_ms = min(self._got_ms, (now_s - self._sounded_s) * 1000)
        over = self._done and played_ms >= self._got_ms
        if self._got_ms and (over or now_s - self._reported_s >= PLAYHEAD_MS / 1000):
            self._reported_s = now_s
            self.say({"type": "tutor.playhead", "item_id": self._item, "played_ms": round(played_ms)})
        if over:
            self._got_ms = 0
            self.speaks.clear()
            self.delay = REST_MS // FRAME_MS
            if self.role == "listening":
                self.say({"type": "response.create"})

    # what comes

    def data_received(self, data: bytes) -> None:
        self._input += data
        if not self._upgraded:
            head, found, rest = bytes(self._input).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.splitlines()[0]:
                self.faults.append(head.decode(errors="replace"))
            self._upgraded, self._input = True, bytearray(rest)
        while (whole := _next_frame(self._input)) is not None:
            opcode, payload = whole
            if opcode == 2:
                self._sound(len(payload))
            elif opcode == 1:
                self._event(payload)
            elif opcode == 9:
                self._transport.write(framed(payload, 10))

    def _sound(self, size: int) -> None:
        if self._got_ms == 0:
            self._sounded_s = time.perf_counter()
            self.speaks.set()
            if self._turn and self._turn.decided_s:
                self._turn.answered_s = self._sounded_s
                self.turns.append(self._turn)
            self._turn = None
        self._got_ms += size / VOICE_BYTES_PER_MS

    def _event(self, text: bytes) -> None:
        kind = text[text.find(b'"type":"') + 8 : text.find(b'"type":"') + 60].partition(b'"')[0]
        if kind == b"session.created":
            form = {"type": "audio/pcm", "rate": self.sounds.rate}
            self.say(
                {
                    "type": "session.update",
                    "session": {"type": "realtime", "audio": {"input": {"format": form}}},
                }
            )
        elif kind == b"session.updated":
            self.live.set()
        elif kind == b"input_audio_buffer.speech_stopped" and self._turn:
            ended = json.loads(text)["audio_end_ms"] * HEARING_RATE // 1000
            self._turn.decided_s = self._sent_s[bisect_left(self.sounds.heard, ended)]
        elif kind == b"response.output_item.added":
            self._item, self._done = json.loads(text)["item"]["id"], False
        elif kind == b"response.done":
            self._done = True
        elif kind == b"error":
            self.faults.append(text.decode())


def _next_frame(data: bytearray) -> tuple[int, bytes] | None:
    """Takes a whole frame of the server, which masks nothing, off the front."""
    if len(data) < 2:
        return None
    length, at = data[1] & 0x7F, 2
    if length > 125:
        at = 4 if length == 126 else 10
        if len(data) < at:
            return None
        length = int.from_bytes(data[2:at], "big")
    if len(data) < at + length:
        return None
    opcode, payload = data[0] & 0x0F, bytes(data[at : at + length])
    del data[: at + length]
    return opcode, payload


async def joined(host: str, port: int, sounds: Sounds, number: int) -> list[Learner]:
    """So many learners, connected and greeted; nobody sends sound yet."""
    loop, learners = asyncio.get_running_loop(), list[Learner]()
    for _ in range(number):
        learner = Learner(f"{host}:{port}", sounds)
        await loop.create_connection(lambda learner=learner: learner, host, port)
        await asyncio.wait_for(learner.live.wait(), 10)
        learners.append(learner)
    return learners


async def send(learners: Sequence[Learner], seconds: float) -> list[float]:
    """All send their frames, spread over the 20 ms; how late each was, in ms."""
    began_s, late_ms = time.perf_counter() + 0.02, list[float]()
    step_s = FRAME_MS / 1000 / len(learners)
    for number in range(round(seconds * 1000 / FRAME_MS) * len(learners)):
        due_s = began_s + number * step_s
        wait_s = due_s - time.perf_counter()
        if wait_s > 0.0002:
            await asyncio.sleep(wait_s)
        elif number % 8 == 0:
            await asyncio.sleep(0)  # what has come is read
        late_ms.append((time.perf_counter() - due_s) * 1000)
        learners[number % len(learners)].send_frame()
    return late_ms
