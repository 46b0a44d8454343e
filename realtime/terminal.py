"""`tutor talk`: the talk from a terminal, over the public protocol only.

With a recording it speaks that once, in real time, and keeps the answer; with the microphone it goes on until
Ctrl-C.
"""

import json
import sys
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import anyio
import av
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from realtime.errors import SettingsError
from realtime.soundcard import soundcard

RATE = 24_000
FRAME_BYTES = RATE * 2 // 50  # 20 ms
PLAYHEAD_S = 0.1


@dataclass(frozen=True, slots=True)
class Options:
    url: str
    lesson: str | None
    wav: Path | None
    out: Path | None
    key: str | None = None
    wait_s: float = 20.0  # for an answer to a recording


class Player(Protocol):
    """Where the tutor's voice goes."""

    def play(self, pcm: bytes) -> None: ...
    def clear(self) -> None: ...
    @property
    def played_ms(self) -> float: ...


class ClockPlayer:
    """Plays to nobody, as fast as time goes; keeps all of it."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self._ends_s = 0.0

    def play(self, pcm: bytes) -> None:
        self.pcm += pcm
        self._ends_s = max(self._ends_s, anyio.current_time()) + len(pcm) / 2 / RATE

    def clear(self) -> None:
        self._ends_s = 0.0

    @property
    def played_ms(self) -> float:
        left_s = max(0.0, self._ends_s - anyio.current_time())
        return (len(self.pcm) / 2 / RATE - left_s) * 1000


@dataclass(slots=True)
class Show:
    """What is on the screen: the line that still changes, and those above it."""

    committed: str = ""
    answer: str = ""
    item_id: str | None = None
    item_began_ms: float = 0.0
    done: set[str] = field(default_factory=set[str])  # responses
    told: set[str] = field(default_factory=set[str])  # those whose stages are known

    def line(self, who: str, text: str) -> None:
        sys.stdout.write(f"\r\033[K{who:>8} | {text}\n")
        sys.stdout.flush()

    def tentative(self, text: str) -> None:
        sys.stdout.write(f"\r\033[K{'you':>8} | {self.committed} \033[2m{text}\033[0m")
        sys.stdout.flush()


async def talk(options: Options) -> None:
    """Raises SettingsError where the server cannot be reached or the recording not be read."""
    recording = read_recording(options.wav) if options.wav else None
    try:
        headers = {"Authorization": f"Bearer {options.key}"} if options.key else {}
        protocol = [Subprotocol("tutor.v1")]
        async with connect(
            options.url, subprotocols=protocol, additional_headers=headers, max_size=None
        ) as socket:
            await _configure(socket, options)
            await _converse(socket, options, recording)
    except (OSError, WebSocketException) as error:
        raise SettingsError(f"no talk with {options.url}: {error}. Is `tutor serve` running?") from error


async def _configure(socket: ClientConnection, options: Options) -> None:
    audio = {"input": {"format": {"type": "audio/pcm", "rate": RATE}}}
    await _send(socket, type="session.update", session={"type": "realtime", "audio": audio})
    if options.lesson:
        await _send(socket, type="tutor.settings", lesson=options.lesson)


async def _converse(socket: ClientConnection, options: Options, recording: bytes | None) -> None:
    if recording is not None:
        player = ClockPlayer()
        with anyio.move_on_after(len(recording) / 2 / RATE + options.wait_s) as waiting:
            await _run(socket, player, _paced(recording), once=True)
        if options.out:
            write_wav(options.out, bytes(player.pcm))
        if waiting.cancelled_caught:
            raise SettingsError(f"no answer within {options.wait_s:.0f} s")
        return
    async with soundcard() as (frames, player):
        await _send(socket, type="response.create")
        await _run(socket, player, frames, once=False)


async def _run(socket: ClientConnection, player: Player, frames: AsyncIterator[bytes], *, once: bool) -> None:
    show = Show()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_speak, socket, frames)
        tasks.start_soon(_report, socket, player, show)
        await _listen(socket, player, show, once=once)
        tasks.cancel_scope.cancel()


async def _speak(socket: ClientConnection, frames: AsyncIterator[bytes]) -> None:
    async for frame in frames:
        await socket.send(frame)


async def _report(socket: ClientConnection, player: Player, show: Show) -> None:
    """The playhead, as long as something plays."""
    while True:
        await anyio.sleep(PLAYHEAD_S)
        if show.item_id is not None:
            played_ms = max(0, round(player.played_ms - show.item_began_ms))
            await _send(socket, type="tutor.playhead", item_id=show.item_id, played_ms=played_ms)


async def _listen(socket: ClientConnection, player: Player, show: Show, *, once: bool) -> None:
    """Until the connection ends; with `once`, until one answer is complete."""
    try:
        async for message in socket:
            if isinstance(message, bytes):
                player.play(message)
            elif _shown(json.loads(message), player, show) and once:
                return
    except ConnectionClosed as closed:
        show.line("error", f"the server ended the talk: {closed}")


def _shown(event: dict[str, Any], player: Player, show: Show) -> bool:
    """Put an event on the screen; True when a reply is complete and its stages are told."""
    match event["type"]:
        case "conversation.item.input_audio_transcription.delta":
            show.committed += event["delta"]
        case "tutor.transcript.tentative":
            show.tentative(event["text"])
        case "conversation.item.input_audio_transcription.completed":
            show.committed = ""
            show.line("you", event["transcript"] or "(nothing understood)")
        case "tutor.feedback":
            for sentence in better(event):
                show.line("better", sentence)
        case "response.output_item.added":
            show.item_id, show.item_began_ms = event["item"]["id"], player.played_ms
        case "tutor.clip":
            show.line("Atom", event["text"])
        case "tutor.latency":
            show.told.add(event["response_id"])
            show.line("latency", told(event["kind"], event["stages"]))
        case "response.done" if event["response"]["status"] != "cancelled":
            show.done.add(event["response"]["id"])
        case "response.done" | "conversation.item.truncated":
            player.clear()
        case "error":
            show.line("error", f"{event['error']['code']}: {event['error']['message']}")
        case _:
            pass
    return bool(show.done & show.told)


def better(feedback: dict[str, Any]) -> list[str]:
    """What is to be said instead: the lesson's own sentence, then what was noticed besides."""
    own = feedback["better"] if feedback["verdict"] == "mistake" else None
    sentences = [own, *(one["sentence"] for one in feedback["corrections"])]
    return [sentence for sentence in dict.fromkeys(sentences) if sentence]


def told(kind: str, stages: dict[str, int]) -> str:
    """Where a reply's time went, in one line, in the order in which it went."""
    since = {"voice": "the end of speech", "commit": "the commit"}.get(kind, "the request")
    in_order = sorted(stages.items(), key=lambda stage: stage[1])
    return ", ".join(f"{stage} {ms}" for stage, ms in in_order) + f" (ms after {since})"


async def _send(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))


async def _paced(recording: bytes) -> AsyncIterator[bytes]:
    """The recording in real time, then silence: a learner who has finished is still there."""
    began_s, sent = anyio.current_time(), 0
    while True:
        frame = recording[sent : sent + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        yield frame
        sent += FRAME_BYTES
        await anyio.sleep(max(0.0, began_s + sent / 2 / RATE - anyio.current_time()))


def read_recording(path: Path) -> bytes:
    """Any recording that PyAV can decode, as PCM16 mono at RATE. Raises SettingsError."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        with av.open(str(path)) as container:
            frames = [*container.decode(audio=0), None]
            chunks = [chunk.to_ndarray() for frame in frames for chunk in resampler.resample(frame)]
    except (OSError, IndexError, ValueError) as error:  # av's errors are OSErrors and ValueErrors too
        raise SettingsError(f"{path} is no recording that can be read: {error}") from error
    return np.concatenate(chunks, axis=1).astype(np.int16).tobytes() if chunks else b""


def write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
