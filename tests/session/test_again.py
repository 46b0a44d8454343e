"""What the tutor said last is said again, as it was or slower; it is no reply, and the talk knows nothing."""

from typing import Any

import anyio
import numpy as np
import pytest

from realtime.engines.protocols import VOICE_RATE, ChatEnded, Samples
from realtime.protocol.config import Config
from realtime.session.again import Again
from realtime.session.shared import Shared
from realtime.session.tape import Tape
from realtime.talk.playback import Passage
from realtime.talk.tokens import Tokens
from tests.session.client import Client, Event, kinds, named, sound_ms, sound_of
from tests.session.scripted import STEP, Chat, Clip, Gate
from tests.session.studio import Studio, say, silence, speech, studio

HERTZ = 220
LATE_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}


async def _opened(stage: Studio, *clips: Clip) -> tuple[Client, str]:
    """The lesson's opening, "Welcome to our tea house. What would you like?", heard to its end."""
    stage.voice.clips = list(clips) or [Clip()]
    client = await stage.connect()
    client.send({"type": "response.create"})
    item_id = (await client.until("tutor.clip"))["item_id"]
    while not named(client.log, "response.done"):
        await client.next()
        client.play(item_id, 60_000)  # as fast as it comes
    await client.quiet()
    client.log.clear()
    return client, item_id


async def _again(client: Client, *, slower: bool = False) -> tuple[Event, Samples]:
    """What is told of it, and all of its sound."""
    client.log.clear()
    client.send({"type": "tutor.again", "slower": slower})
    told = await client.until("tutor.again")
    sound = b""
    while len(sound) < told["samples"] * 2:
        sound += sound_of(await client.next())
    await client.quiet()
    return told, np.frombuffer(sound, np.int16)


async def _refused(client: Client) -> str:
    client.send({"type": "tutor.again", "event_id": "mine"})
    error = (await client.until("error"))["error"]
    assert error["event_id"] == "mine"
    return error["code"]


def _hertz(sound: Samples) -> float:
    """The loudest frequency."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / VOICE_RATE)[spectrum.argmax()])


async def test_the_last_sentence_is_heard_again_and_nothing_else_happens() -> None:
    async with studio() as stage:
        client, item_id = await _opened(stage, Clip((1200,)), Clip((500,)))
        told, sound = await _again(client)
        assert (told["item_id"], told["text"], told["speed"]) == (item_id, "What would you like?", 1)
        assert told["start_ms"] == pytest.approx(1200 + 250, abs=260)  # and the pause between the two
        assert len(sound) == told["samples"] == pytest.approx(500 * 24, abs=10 * 24)
        assert set(np.unique(sound[1000:-1000])) == {2 * STEP}
        assert kinds(client.log) == []
        assert [event["type"] for event in client.log if isinstance(event, dict)] == ["tutor.again"]
        assert len(stage.voice.said) == 2


async def test_slower_is_a_third_longer_at_the_same_pitch() -> None:
    async with studio() as stage:
        client, _ = await _opened(stage, Clip((1500,), hertz=HERTZ))
        (_, as_it_was), (told, slower) = await _again(client), await _again(client, slower=True)
        assert told["speed"] == 0.75
        assert len(slower) == told["samples"] == pytest.approx(len(as_it_was) * 4 / 3, rel=0.03)
        assert _hertz(as_it_was) == pytest.approx(HERTZ, rel=0.02)
        assert _hertz(slower) == pytest.approx(HERTZ, rel=0.02)


async def test_the_conversation_does_not_know_of_it() -> None:
    chat = Chat()
    chat.answers = [("Of course.", ChatEnded("stop", Tokens(3, 2)))]
    async with studio(chat, talk={"lesson": ""}) as stage:
        client, _ = await _opened(stage)
        await _again(client)
        await _again(client, slower=True)
        client.send({"type": "conversation.item.create", "item": LATE_ITEM})
        client.send({"type": "response.create"})
        await client.until("response.done")
        said = [(one["role"], one["content"]) for one in _messages(chat)]
        assert said[1:] == [("assistant", "Of course."), ("user", "hello")]  # after what the tutor begins by


def _messages(chat: Chat) -> list[dict[str, Any]]:
    return [dict(one) for one in chat.asked[-1].messages if one["role"] != "system"]


async def test_nothing_was_said_yet() -> None:
    async with studio() as stage:
        assert await _refused(await stage.connect()) == "nothing_to_repeat"


async def test_what_is_not_held_or_was_deleted_is_not_said_again() -> None:
    async with studio(limits={"kept_audio_bytes": 0}) as stage:
        client, _ = await _opened(stage)
        assert await _refused(client) == "nothing_to_repeat"
    async with studio() as stage:
        client, item_id = await _opened(stage)
        client.send({"type": "conversation.item.delete", "item_id": item_id})
        assert await _refused(client) == "nothing_to_repeat"


async def test_while_anybody_speaks_or_a_reply_is_due_nothing_is_said_again() -> None:
    async with studio() as stage:
        client, gate = (await _opened(stage))[0], Gate()
        client.hear(speech(1000))
        await client.until("input_audio_buffer.speech_started")
        assert await _refused(client) == "floor_taken"  # the learner speaks
        stage.voice.clips = [Clip((gate, 300))]
        client.hear(silence(800))
        await client.until("response.created")
        assert await _refused(client) == "floor_taken"  # the tutor thinks
        gate.open()
        await client.until("response.done")
        assert await _refused(client) == "floor_taken"  # it is still being heard


async def test_of_a_reply_that_was_interrupted_no_more_is_said_again_than_was_heard() -> None:
    async with studio() as stage:
        stage.voice.clips = [Clip((3000,))]
        client = await stage.connect()
        client.send({"type": "response.create"})
        await client.until_sound(1500)
        client.play(named(client.log, "tutor.clip")[0]["item_id"], 1000)
        client.send({"type": "response.cancel"})
        await client.until("response.done")
        told, sound = await _again(client)
        assert told["text"] == "Welcome to our tea house."
        assert len(sound) == 1000 * 24


async def test_it_runs_no_further_ahead_of_the_ears_than_a_reply() -> None:
    async with studio() as stage:
        client, _ = await _opened(stage, Clip((4000,)))
        client.send({"type": "tutor.again"})
        await client.until("tutor.again")
        ahead_ms = sum(sound_ms(message) for message in await client.quiet())
        assert 1800 <= ahead_ms <= 3000


@pytest.mark.parametrize("taken", ["by voice", "by the button", "by a reply", "by nobody who is there"])
async def test_it_ends_where_somebody_takes_the_floor(taken: str) -> None:
    async with studio() as stage:
        client, _ = await _opened(stage, Clip((4000,)))
        client.send({"type": "tutor.again"})
        await client.until("tutor.again")
        await client.quiet()
        assert _under_way()
        match taken:
            case "by voice":
                say(client, then_ms=0)
            case "by the button":
                client.send({"type": "input_audio_buffer.clear"})
            case "by a reply":
                client.send({"type": "response.create"})
            case _:
                client.cut()
        await anyio.wait_all_tasks_blocked()
        assert not _under_way()


def _under_way() -> bool:
    return any("Again" in task.name for task in anyio.get_running_tasks() if task.name)


async def test_asked_for_twice_it_begins_anew() -> None:
    async with studio() as stage:
        client, _ = await _opened(stage, Clip((2500,)))
        client.send({"type": "tutor.again", "slower": True})
        await client.until("tutor.again", speed=0.75)
        told, sound = await _again(client)
        assert told["speed"] == 1
        assert len(sound) == told["samples"]


async def test_it_is_known_while_it_plays() -> None:
    async def nowhere(message: object) -> None:
        pass

    shared = Shared(nowhere, Config(), Tape(4_000_000), tutor=True)
    shared.tape.record("item", bytes(2 * VOICE_RATE * 60), VOICE_RATE)
    async with anyio.create_task_group() as tasks:
        again = Again(shared, tasks, nowhere, 1_000)
        assert not again.playing
        assert again.say("item", Passage("A minute.", 0, 60_000), slower=False) == 60_000
        assert again.playing
        again.stop()
        assert not again.playing
