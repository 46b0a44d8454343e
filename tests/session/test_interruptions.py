"""A reply is stopped, at each stage, by each that may stop it; nothing of it lives or sounds after."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from tests.session.client import Client, Event, kinds, named, sound_ms, spoken_ms, voices_in
from tests.session.scripted import CLIP_MS, Clip, Gate, heard
from tests.session.studio import Studio, say, silence, speech, studio

CLOSED = ["response.content_part.done", "conversation.item.done", "response.output_item.done"]
TUTOR_OR_NOT = pytest.mark.parametrize("tutor", [False, True])


@dataclass(frozen=True)
class Stage:
    """How the voice goes, and how a client knows that the reply is there."""

    clips: Callable[[], list[Clip]]
    arrive: Callable[[Client], Awaitable[Any]]
    sounded: bool = True


async def _announced(client: Client) -> None:
    await client.until("response.output_item.added")


async def _first_sound(client: Client) -> None:
    await client.until_sound(300)


STAGES = {
    "before the first sound": Stage(lambda: [Clip(entering=Gate()), Clip()], _announced, sounded=False),
    "within a clip": Stage(lambda: [Clip([300, Gate(), 300]), Clip()], _first_sound),
    "between clips": Stage(lambda: [Clip([300]), Clip(entering=Gate()), Clip()], _first_sound),
    "waiting for the playhead": Stage(lambda: [Clip([60_000])], _first_sound),
}
AT_EACH_STAGE = pytest.mark.parametrize("name", STAGES)


async def _reply_at(stage: Studio, client: Client, name: str) -> None:
    stage.voice.clips = STAGES[name].clips()
    client.send({"type": "response.create"})
    await STAGES[name].arrive(client)
    await client.quiet()
    assert stage.voice.alive == 1


def _next_reply_is_voiced(stage: Studio) -> int:
    """Clips from now on are short; what their first sample value will be."""
    stage.voice.clips = [Clip()]
    return len(stage.voice.said) + 1


@TUTOR_OR_NOT
@AT_EACH_STAGE
async def test_a_cancelled_reply_is_over_when_its_end_is_told(name: str, tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await _reply_at(stage, client, name)
        client.send({"type": "response.cancel"})
        done = await client.until("response.done")
        assert stage.alive == 0
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert done["response"]["output"][0]["status"] == "incomplete"
        assert kinds(client.log)[-4:-1] == CLOSED
        following = _next_reply_is_voiced(stage)
        client.log.clear()
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert voices_in(client.log) == {following, following + 1}


@TUTOR_OR_NOT
async def test_the_end_of_a_reply_is_not_told_before_its_voice_has_let_go(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        leaving = Gate()
        stage.voice.clips = [Clip([300, Gate()], leaving=leaving), Clip()]
        client.send({"type": "response.create"})
        await client.until_sound(300)
        client.send({"type": "response.cancel"})
        await leaving.reached.wait()
        assert "response.done" not in kinds(await client.quiet())
        assert stage.voice.alive == 1
        leaving.open()
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
        assert stage.voice.alive == 0


@TUTOR_OR_NOT
async def test_sound_that_was_under_way_when_its_reply_was_cancelled_is_not_taken_for_the_next(
    tutor: bool,
) -> None:
    """The reader is so slow that sound queues up before and behind the cancellation."""
    lead = {"lead_ms": 20_000, "blind_lead_ms": 20_000}
    async with studio(talk=lead) as stage:
        client = await stage.connect(tutor=tutor, buffer=0)
        hold = Gate()
        stage.voice.clips = [Clip([6000, hold, 3000]), Clip()]
        client.send({"type": "response.create"})
        await hold.reached.wait()
        await anyio.wait_all_tasks_blocked()
        client.send({"type": "response.cancel"})
        client.send({"type": "response.create"})
        await anyio.wait_all_tasks_blocked()
        hold.open()
        await anyio.wait_all_tasks_blocked()
        done = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"
        assert voices_in(client.log) == {1}
        client.log.clear()
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert 1 not in voices_in(client.log)
        assert spoken_ms(client.log) == 2 * CLIP_MS


@TUTOR_OR_NOT
@AT_EACH_STAGE
async def test_a_learner_who_speaks_stops_the_reply_and_is_answered(name: str, tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await _reply_at(stage, client, name)
        stopped = len(stage.voice.said)
        client.hear(speech(900, tutor=tutor))
        done = await client.until("response.done")
        assert stage.voice.alive == 0
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        _next_reply_is_voiced(stage)
        client.log.clear()
        client.hear(silence(800, tutor=tutor))
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert min(voices_in(client.log)) > stopped


@TUTOR_OR_NOT
@AT_EACH_STAGE
async def test_a_client_that_goes_takes_the_reply_with_it(name: str, tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await _reply_at(stage, client, name)
        client.cut()
        await client.over.wait()
        await client.quiet()
        assert stage.alive == 0
        assert len(stage.sessions) == (1 if tutor else 0)


@TUTOR_OR_NOT
@AT_EACH_STAGE
async def test_a_server_that_stops_leaves_nothing_alive(name: str, tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await _reply_at(stage, client, name)
    assert stage.alive == 0
    assert len(stage.sessions) == 0


async def test_a_session_that_is_over_says_so_and_leaves_nothing_alive() -> None:
    async with studio(limits={"session_s": 1}) as stage:
        client = await stage.connect()
        await _reply_at(stage, client, "within a clip")
        await client.to_the_end()
        assert client.closed == {"type": "websocket.close", "code": 1000, "reason": "the session is over"}
        assert stage.alive == 0
        assert len(stage.sessions) == 0


@TUTOR_OR_NOT
async def test_a_reply_can_be_cancelled_before_its_transcript_is_known(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await stage.configure(client, turn_detection=None)
        hold = Gate()
        stage.ears.finals = [hold, heard("tea please")]
        client.hear(speech(500, tutor=tutor))
        client.send({"type": "input_audio_buffer.commit"})
        client.send({"type": "response.create"})
        await client.until("response.created")
        client.send({"type": "response.cancel"})
        done = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["output"] == []
        hold.open()
        await client.quiet()
        assert stage.voice.said == []
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert stage.voice.said[0] == "Here is your tea."


async def test_a_reply_that_is_whole_and_still_plays_is_cut_off() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([600])]
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        item_id = done["response"]["output"][0]["id"]
        client.play(item_id, 240)
        client.hear(speech(900))
        cut = await client.until("conversation.item.truncated")
        assert (cut["item_id"], cut["audio_end_ms"]) == (item_id, 240)
        # "Welcome to our tea house." at 100 ms a word
        assert await _text(client, item_id) == "Welcome to"
        client.play(item_id, 340)
        assert await _text(client, item_id) == "Welcome to our"
        client.hear(silence(800))
        await client.until("input_audio_buffer.committed")
        assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_a_reply_that_was_heard_to_its_end_is_kept_whole() -> None:
    async with studio() as stage:
        client = await stage.connect()
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        item_id = done["response"]["output"][0]["id"]
        client.play(item_id, 1000)
        await client.quiet()
        say(client)
        await client.until("input_audio_buffer.committed")
        await client.until("response.done")
        assert not named(client.log, "conversation.item.truncated")
        assert not named(client.log, "tutor.duck")
        assert await _text(client, item_id) == "Welcome to our tea house. What would you like?"


async def test_only_what_was_heard_is_remembered_of_a_cancelled_reply() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([500]), Clip([200, 200, Gate()])]
        client.send({"type": "response.create"})
        await client.until_sound(1100)
        created = named(client.log, "response.output_item.added")[0]
        item_id = created["item"]["id"]
        client.play(item_id, 730 + 280)  # a pause is between the sentences
        client.send({"type": "response.cancel"})
        await client.until("response.done")
        assert await _text(client, item_id) == "Welcome to our tea house. What would"


async def test_a_ga_client_says_how_much_was_heard() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        item_id = done["response"]["output"][0]["id"]
        truncate = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0}
        client.send({**truncate, "audio_end_ms": 240})
        await client.until("conversation.item.truncated", audio_end_ms=240)
        assert await _text(client, item_id) == "Welcome to"
        client.send({**truncate, "audio_end_ms": 250_000})
        assert (await client.until("error"))["error"]["code"] == "item_truncate_invalid_audio_end_ms"


async def test_no_more_is_sent_ahead_than_the_lead() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([60_000])]
        client.send({"type": "response.create"})
        first = await client.until("response.output_item.added")
        said = await client.quiet()
        assert sum(sound_ms(message) for message in said) == 2000
        client.play(first["item"]["id"], 700)
        said = await client.quiet()
        assert sum(sound_ms(message) for message in said) == 700


# ducking


async def _spoken_over(stage: Studio) -> tuple[Client, Gate]:
    client, hold = await stage.connect(), Gate()
    stage.voice.clips = [Clip([300, hold, 300]), Clip()]
    client.send({"type": "response.create"})
    await client.until_sound(300)
    return client, hold


def _ducks(log: list[Event | bytes]) -> list[bool]:
    return [event["on"] for event in named(log, "tutor.duck")]


async def test_a_short_word_over_the_tutor_cuts_it_off_once_it_is_known() -> None:
    async with studio() as stage:
        client, _ = await _spoken_over(stage)
        stage.ears.finals = [heard("No, wait.")]
        client.hear(speech(300))
        assert _ducks(await client.quiet()) == [True]
        client.hear(silence(128))
        said = await client.quiet()
        assert _ducks(said) == [False]
        assert "input_audio_buffer.speech_started" in kinds(said)
        assert "conversation.item.truncated" in kinds(said) or "response.done" in kinds(said)


async def test_the_tutors_own_words_do_not_cut_it_off() -> None:
    async with studio() as stage:
        client, _ = await _spoken_over(stage)
        stage.ears.finals = [heard("welcome to our tea house")]
        client.hear(speech(300) + silence(600))
        said = await client.quiet()
        assert _ducks(said) == [True, False]
        assert not named(client.log, "input_audio_buffer.speech_started")


async def test_a_short_sound_only_ducks_the_tutor() -> None:
    async with studio() as stage:
        client, hold = await _spoken_over(stage)
        stage.ears.finals = [heard("mm-hm")]
        client.hear(speech(300))
        said = await client.quiet()
        assert _ducks(said) == [True]
        client.hear(silence(600))
        said = await client.quiet()
        assert _ducks(said) == [False]
        hold.open()
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        assert not named(client.log, "input_audio_buffer.speech_started")
        assert not named(client.log, "input_audio_buffer.committed")


async def test_a_click_does_not_even_duck_the_tutor() -> None:
    async with studio() as stage:
        client, _ = await _spoken_over(stage)
        client.hear(speech(32) + silence(600))
        assert await client.quiet() == []


async def test_speech_that_lasts_cuts_the_tutor_off() -> None:
    async with studio() as stage:
        client, _ = await _spoken_over(stage)
        client.hear(speech(500))
        said = await client.quiet()
        assert _ducks(said) == [True]
        assert kinds(said) == []
        client.hear(speech(400))
        said = await client.quiet()
        assert kinds(said)[0] == "input_audio_buffer.speech_started"
        assert kinds(said)[-1] == "response.done"
        assert _ducks(said) == [False]
        assert stage.voice.alive == 0


async def test_what_was_said_over_the_end_of_a_reply_is_the_learners_turn() -> None:
    async with studio() as stage:
        client, hold = await _spoken_over(stage)
        client.hear(speech(400))
        await client.until("tutor.duck", on=True)
        hold.open()
        done = await client.until("response.done")
        item_id = done["response"]["output"][0]["id"]
        client.play(item_id, 900)
        await client.until("input_audio_buffer.speech_started")
        await client.until("tutor.duck", on=False)
        client.hear(speech(200) + silence(800))
        await client.until("input_audio_buffer.committed")
        await client.until("response.done")


async def test_a_ga_client_is_not_ducked() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        stage.voice.clips = [Clip([300, Gate()]), Clip()]
        client.send({"type": "response.create"})
        await client.until_sound(300)
        client.hear(speech(300, tutor=False))
        await client.until("response.done")
        assert kinds(client.log)[-1] == "response.done"
        assert stage.voice.alive == 0


async def _text(client: Client, item_id: str) -> str:
    item = await client.retrieve(item_id)
    return item["content"][0]["transcript"]
