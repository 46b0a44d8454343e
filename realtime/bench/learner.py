"""One learner's talk over a real socket: frames up every 20 ms, what comes down into the diary."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from realtime.bench.conduct import Conduct
from realtime.bench.diary import Diary
from realtime.bench.hearing import Event, Hearing
from realtime.bench.microphone import FRAME_MS, Microphone
from realtime.bench.script import PAUSES_MS, Turn, plan
from realtime.bench.speech import Repertoire
from realtime.engines.protocols import VOICE_RATE

GREETING_S = 10.0  # for the server to accept a connection, and to set the session up
PLAYHEAD_FRAMES = 100 // FRAME_MS

Detection = Literal["server_vad", "semantic_vad"]


@dataclass(frozen=True, slots=True)
class Order:
    """`silence_ms`: of `server_vad`; None: the server's own."""

    url: str
    key: str | None = None
    tutor: bool = False
    learners: int = 8
    turns: int = 6
    limit_s: float = 120.0
    pauses_ms: tuple[int, ...] = PAUSES_MS
    detection: Detection = "server_vad"
    silence_ms: int | None = None
    instructions: str | None = None


async def talk(order: Order, number: int, repertoire: Repertoire, diary: Diary) -> None:
    """Until the script is done or the connection ends; neither a refusal nor a break is raised."""
    turns = plan(number, order.turns, order.pauses_ms)
    headers = {"Authorization": f"Bearer {order.key}"} if order.key else {}
    protocol = [Subprotocol("tutor.v1" if order.tutor else "realtime")]
    greeted = False
    try:
        async with connect(
            order.url,
            subprotocols=protocol,
            additional_headers=headers,
            max_size=None,
            compression=None,
            open_timeout=GREETING_S,
            close_timeout=1,
        ) as socket:
            with anyio.fail_after(GREETING_S):
                await _set_up(socket, order)
            greeted = True
            await _talk(socket, order, number, turns, repertoire, diary)
    except (OSError, WebSocketException) as error:  # a TimeoutError is an OSError, too
        why = f"{type(error).__name__} {error}".strip()
        if greeted:
            diary.broken = why
        else:
            diary.refused = diary.errors.pop() if diary.errors else why


async def _set_up(socket: ClientConnection, order: Order) -> None:
    await _until(socket, "session.created")
    await socket.send(json.dumps({"type": "session.update", "session": session(order)}))
    await _until(socket, "session.updated")


def session(order: Order) -> dict[str, Any]:
    detection: dict[str, Any] = {"type": order.detection}
    if order.silence_ms is not None:
        detection["silence_duration_ms"] = order.silence_ms
    form = {"type": "audio/pcm", "rate": VOICE_RATE}
    said = {} if order.instructions is None else {"instructions": order.instructions}
    audio = {"input": {"format": form, "turn_detection": detection}, "output": {"format": form}}
    return {"type": "realtime", "output_modalities": ["audio"], "audio": audio, **said}


async def _until(socket: ClientConnection, kind: str) -> None:
    """Raises OSError where the server says no."""
    async for message in socket:
        event = _event(message)
        if event.get("type") == kind:
            return
        if event.get("type") == "error":
            raise OSError(f"{event['error'].get('code')}: {event['error'].get('message')}")
    raise OSError(f"the server closed the connection before {kind}: {socket.close_reason}")


async def _talk(
    socket: ClientConnection,
    order: Order,
    number: int,
    turns: Sequence[Turn],
    repertoire: Repertoire,
    diary: Diary,
) -> None:
    hearing, microphone = Hearing(diary, tutor=order.tutor), Microphone(number)
    conduct = Conduct(turns, repertoire, microphone, hearing, diary, anyio.current_time())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_listen, socket, hearing, diary, tasks.cancel_scope)
        await _speak(socket, conduct, microphone, hearing, diary)
        tasks.cancel_scope.cancel()


async def _speak(
    socket: ClientConnection, conduct: Conduct, microphone: Microphone, hearing: Hearing, diary: Diary
) -> None:
    """A frame leaves when its last sample is caught, on a schedule that no delay shifts."""
    began_s, number = conduct.began_s, 0
    try:
        while conduct.step(anyio.current_time()):
            frame, number = microphone.frame(), number + 1
            due_s = began_s + number * FRAME_MS / 1000
            await anyio.sleep(max(0.0, due_s - anyio.current_time()))
            diary.late_ms.append(max(0.0, anyio.current_time() - due_s) * 1000)
            await socket.send(frame if hearing.tutor else appended(frame))
            if hearing.tutor and number % PLAYHEAD_FRAMES == 0:
                for playhead in hearing.playheads(anyio.current_time()):
                    await _answer(socket, playhead)
    except ConnectionClosed:
        return  # whoever listens says why


async def _listen(socket: ClientConnection, hearing: Hearing, diary: Diary, talk: anyio.CancelScope) -> None:
    try:
        async for message in socket:
            now_s = anyio.current_time()
            if isinstance(message, bytes):
                hearing.take_sound(message, now_s)
            else:
                await _answer(socket, _taken(message, hearing, diary, now_s))
        diary.broken = "the server closed the connection"
    except ConnectionClosed as closed:
        diary.broken = str(closed)
    talk.cancel()


def _taken(message: str, hearing: Hearing, diary: Diary, now_s: float) -> Event | None:
    """An event that does not fit the protocol is an error of the server's, and the talk goes on."""
    try:
        return hearing.take(_event(message), now_s)
    except (KeyError, TypeError, AttributeError) as error:
        diary.errors.append(f"an event that is none of the protocol's ({error!r}): {message[:200]}")
        return None


def _event(message: str | bytes) -> Event:
    """Empty for what is no event."""
    try:
        event: Any = json.loads(message)
    except ValueError:
        return {}
    return cast(Event, event) if isinstance(event, dict) else {}


def appended(frame: bytes) -> str:
    return f'{{"type":"input_audio_buffer.append","audio":"{base64.b64encode(frame).decode()}"}}'


async def _answer(socket: ClientConnection, event: Event | None) -> None:
    if event is not None:
        await socket.send(json.dumps(event))
