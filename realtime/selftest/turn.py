"""One whole spoken turn over the public protocol: a learner's sentence in real time, the tutor's answer."""

import json
from dataclasses import dataclass, field
from typing import Any

import anyio
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from realtime.engines.protocols import VOICE_RATE
from realtime.selftest.findings import Turned
from realtime.selftest.sound import Sound

WAIT_S = 120.0
DEAF_S = 5.0  # after the learner's last word
FRAME = VOICE_RATE // 50  # samples: 20 ms
ROOM_MS = 300  # of a quiet room before the learner speaks


@dataclass(slots=True)
class _Log:
    heard: str = ""
    answer: str = ""
    pcm: bytearray = field(default_factory=bytearray)
    stages: dict[str, int] = field(default_factory=dict[str, int])  # of the answer that is over
    told: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])  # by response
    done: set[str] = field(default_factory=set[str])
    item_id: str = ""
    errors: list[str] = field(default_factory=list[str])
    noticed: anyio.Event = field(default_factory=anyio.Event)


async def speak(url: str, said: str, learner: Sound, lesson: str, key: str | None) -> Turned:
    """`url` of the talk's socket; `lesson`: opened first, "" for free talk."""
    log = _Log()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with anyio.fail_after(WAIT_S):
            async with connect(
                url, subprotocols=[Subprotocol("tutor.v1")], additional_headers=headers, max_size=None
            ) as socket:
                await _talk(socket, learner, lesson, log)
    except (OSError, WebSocketException) as error:  # a TimeoutError is an OSError, too
        log.errors.append(f"{type(error).__name__} {error}".strip())
    tutor = np.frombuffer(bytes(log.pcm), np.int16)
    return Turned(said, learner, log.heard, log.answer, tutor, log.stages, "; ".join(log.errors))


async def _talk(socket: ClientConnection, learner: Sound, lesson: str, log: _Log) -> None:
    audio = {"input": {"format": {"type": "audio/pcm", "rate": VOICE_RATE}}}
    await _send(socket, type="session.update", session={"type": "realtime", "audio": audio})
    await _send(socket, type="tutor.settings", lesson=lesson)
    if lesson:
        await _send(socket, type="response.create")
        await _until_over(socket, log)
        log.pcm.clear()
        log.stages, log.told, log.done, log.answer = {}, {}, set(), ""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_speak, socket, learner)
        tasks.start_soon(_give_up_unnoticed, learner, log, tasks.cancel_scope)
        await _until_over(socket, log)
        tasks.cancel_scope.cancel()


async def _give_up_unnoticed(learner: Sound, log: _Log, talk: anyio.CancelScope) -> None:
    """An answer may take its time; speech that went unnoticed gets none however long one waits."""
    with anyio.move_on_after(len(learner) / VOICE_RATE + DEAF_S):
        await log.noticed.wait()
        return
    log.errors.append("the server noticed no speech")
    talk.cancel()


async def _speak(socket: ClientConnection, learner: Sound) -> None:
    """In real time, then silence: a learner who has finished is still there."""
    quiet = np.random.default_rng(7).normal(0, 3, ROOM_MS * VOICE_RATE // 1000).astype(np.int16)
    sound, began_s, sent = np.concatenate((quiet, learner)), anyio.current_time(), 0
    while True:
        frame = sound[sent : sent + FRAME]
        await socket.send(np.pad(frame, (0, FRAME - len(frame))).tobytes())
        sent += FRAME
        await anyio.sleep(max(0.0, began_s + sent / VOICE_RATE - anyio.current_time()))


async def _until_over(socket: ClientConnection, log: _Log) -> None:
    """All of the next answer; it is played as fast as it comes."""
    async for message in socket:
        if isinstance(message, bytes):
            log.pcm += message
            played_ms = len(log.pcm) * 500 // VOICE_RATE
            await _send(socket, type="tutor.playhead", item_id=log.item_id, played_ms=played_ms)
        elif _is_over(json.loads(message), log):
            return


def _is_over(event: dict[str, Any], log: _Log) -> bool:
    match event["type"]:
        case "input_audio_buffer.speech_started":
            log.noticed.set()
        case "conversation.item.input_audio_transcription.completed":
            log.heard = f"{log.heard} {event['transcript']}".strip()
        case "response.output_item.added":
            log.item_id = event["item"]["id"]
        case "tutor.clip":
            log.answer = f"{log.answer} {event['text']}".strip()
        case "error":
            log.errors.append(f"{event['error']['code']}: {event['error']['message']}")
        case "tutor.latency":
            log.told[event["response_id"]] = event["stages"]
        case "response.done" if event["response"]["status"] != "cancelled":
            log.done.add(event["response"]["id"])
        case _:
            pass
    over = log.done & log.told.keys()
    for response_id in over:
        log.stages = log.told[response_id]
    return bool(over)


async def _send(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))
