"""The grammar can fail: a legal trace with one event lost, doubled or too early is legal no more."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.session.client import Client
from tests.session.grammar import Trace
from tests.session.scripted import Chat
from tests.session.studio import Studio, say, studio

Log = list[Any]
FREE = (
    "session.updated",
    "conversation.item.truncated",
    "tutor.lesson",
    "tutor.feedback",
    "tutor.latency",
    "tutor.caption",
    "tutor.transcript.tentative",
)
BEGINNINGS = ("response.created", "input_audio_buffer.speech_started", "tutor.duck")


async def _recorded(tutor: bool) -> Log:
    """An opening that is interrupted, and an answer to what was said."""
    async with studio(None if tutor else Chat(), talk={"lesson": "tea" if tutor else ""}) as stage:
        client = await stage.connect(tutor=tutor)
        await _talk(stage, client)
        return client.log


async def _talk(stage: Studio, client: Client) -> None:
    client.send({"type": "response.create"})
    await client.until_sound(200)
    say(client)
    await client.until("response.done", **{})
    await client.until("response.done")
    await client.quiet()


def _fed(tutor: bool, log: Log) -> None:
    trace = Trace(tutor=tutor)
    for number, message in enumerate(log):
        trace.take(message if isinstance(message, bytes) else {**message, "event_id": f"event_{number}"})
    trace.at_rest()


def _lost(log: Log, at: int) -> Log:
    return log[:at] + log[at + 1 :]


def _doubled(log: Log, at: int) -> Log:
    return log[: at + 1] + log[at:]


def _early(log: Log, at: int) -> Log:
    """Before what it belongs to was even begun."""
    return [log[0], log[at], *log[1:at], *log[at + 1 :]]


@pytest.mark.parametrize("tutor", [False, True])
@pytest.mark.parametrize("spoil", [_lost, _doubled, _early])
async def test_no_event_can_be_missing_or_misplaced(spoil: Callable[[Log, int], Log], tutor: bool) -> None:
    log = await _recorded(tutor)
    _fed(tutor, log)
    tried = 0
    for at, message in enumerate(log):
        if not _counts(message, spoil):
            continue
        tried += 1
        with pytest.raises((AssertionError, KeyError)):
            _fed(tutor, spoil(log, at))
            pytest.fail(f"{message['type']}, {spoil.__name__}, went unseen")
    assert tried > 20


def _counts(message: Any, spoil: Callable[[Log, int], Log]) -> bool:
    """What may be absent or come again is not missed, and what begins something may come first."""
    if isinstance(message, bytes) or message["type"] in FREE or message["type"].endswith("_audio.delta"):
        return False
    return not (spoil is _early and message["type"] in BEGINNINGS)
