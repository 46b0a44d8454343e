"""Replies are begun early only while the engines have room for what may be thrown away."""

import pytest

from realtime.errors import EngineDown, EngineError, EngineRefused, EngineTimeout, PromptTooLong
from realtime.session.author import NoChatModel
from realtime.session.demand import RECOVERS_S, Demand
from realtime.settings import Settings
from tests.session.client import spoken_ms
from tests.session.scripted import Clip, Gate, heard
from tests.session.studio import Studio, silence, speech, studio

NOBODY, ONE = 1, 2  # `below`: a reply is spared where nobody waits, or one at most


def test_there_is_room_while_few_wait() -> None:
    demand = Demand()
    assert demand.spares(NOBODY, 0)
    demand.begin("a")
    assert not demand.spares(NOBODY, 0)
    assert demand.spares(ONE, 0)


def test_who_has_a_first_sound_waits_no_longer() -> None:
    demand = Demand()
    demand.begin("a")
    demand.begin("b")
    demand.sound("a")
    demand.sound("a")
    assert demand.waiting == 1
    assert not demand.spares(NOBODY, 0)


@pytest.mark.parametrize("error", [EngineTimeout("chat", "x"), EngineDown("x", "x"), EngineRefused("x", "x")])
def test_engines_that_fail_are_left_in_peace_for_a_while(error: EngineError) -> None:
    demand = Demand()
    demand.fail(error, 100)
    assert not demand.spares(NOBODY, 100 + RECOVERS_S - 0.1)
    assert demand.spares(NOBODY, 100 + RECOVERS_S)


@pytest.mark.parametrize("error", [NoChatModel("chat", "x"), PromptTooLong("chat", "x")])
def test_a_refusal_that_has_another_cause_is_no_overload(error: EngineError) -> None:
    demand = Demand()
    demand.fail(error, 100)
    assert demand.spares(NOBODY, 100)


SLOW = Settings().talk.speculate_below


async def paused(stage: Studio) -> None:
    """A learner has fallen silent, and the words are known; the endpoint is not reached."""
    client = await stage.connect(tutor=False)
    client.hear(speech(1000, tutor=False) + silence(250, tutor=False))
    await client.until("input_audio_buffer.speech_started")
    await client.quiet()


async def test_a_reply_is_made_before_its_endpoint() -> None:
    async with studio() as stage:
        await paused(stage)
        assert stage.voice.said


async def test_no_reply_is_made_before_its_endpoint_where_that_is_turned_off() -> None:
    async with studio(talk={"speculate": False}) as stage:
        await paused(stage)
        assert stage.ears.asked
        assert not stage.voice.said


async def test_no_reply_is_made_early_while_many_wait_for_their_first_sound() -> None:
    async with studio() as stage:
        stage.voice.clips = [Clip((Gate(),))]
        for _ in range(SLOW + 2):
            await paused(stage)
        assert len(stage.ears.asked) == SLOW + 2
        assert len(stage.voice.said) == SLOW


async def test_who_has_sounded_is_not_waited_for() -> None:
    async with studio() as stage:
        stage.voice.clips = [Clip((300, Gate()))]
        for _ in range(SLOW + 1):
            await paused(stage)
        assert len(stage.voice.said) == SLOW + 1


async def test_no_reply_is_made_early_after_an_engine_has_failed() -> None:
    async with studio() as stage:
        stage.ears.finals = [EngineTimeout("recognition", "late"), heard("tea please")]
        await paused(stage)
        said = len(stage.voice.said)
        await paused(stage)
        assert len(stage.ears.asked) == 2
        assert len(stage.voice.said) == said


async def test_what_waits_is_dropped_with_its_talk() -> None:
    async with studio() as stage:
        stage.voice.clips = [Clip((Gate(),))]
        for _ in range(SLOW):
            await paused(stage)
        for client in stage.clients:
            client.cut()
        await stage.emptied()
        stage.voice.said.clear()
        await paused(stage)
        assert stage.voice.said


async def test_a_talk_begins_with_what_the_one_before_it_found_of_the_voice() -> None:
    """A voice that falls behind would else break off inside the first word of each new learner."""
    hold = Gate()
    async with studio() as stage:
        stage.demand.behind = True
        stage.voice.clips = [Clip((100, hold, 100)), Clip()]
        client = await stage.connect()
        client.send({"type": "response.create"})
        await hold.reached.wait()
        assert not spoken_ms(await client.quiet())
        hold.open()
        await client.until("response.done")
        assert spoken_ms(client.log)


async def test_a_voice_that_keeps_up_is_found_to() -> None:
    async with studio() as stage:
        stage.demand.behind = True
        stage.voice.clips = [Clip((100, 100))]
        client = await stage.connect()
        client.send({"type": "response.create"})
        await client.until("response.done")
    assert not stage.demand.behind
