"""A talk on the real processes: spoken turns, interruptions, cut sockets, what a page may open."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.edges.talker import (
    LESSON,
    RIGHT,
    Talker,
    is_sound,
    open_talks,
    silence,
    spoken,
    talking,
    turn_works,
)
from tests.serving import Served

TUTOR_OR_NOT = pytest.mark.parametrize("tutor", [False, True])


@TUTOR_OR_NOT
async def test_a_right_answer_is_heard_and_the_lesson_goes_on(server: Served, tutor: bool) -> None:
    async with talking(server, tutor=tutor) as talker:
        opening = await talker.opening()
        assert opening["output"][0]["content"][0]["transcript"].startswith(LESSON.opening.en)
        await talker.hear(await spoken(server, RIGHT))
        done = await talker.until("response.done")
        assert done["response"]["status"] == "completed"
        said = done["response"]["output"][0]["content"][0]["transcript"]
        assert LESSON.steps[1].question in said
        if tutor:
            events = [event for event in talker.log if isinstance(event, dict)]
            assert [event["verdict"] for event in events if event["type"] == "tutor.feedback"] == ["right"]
            assert any(event["type"] == "tutor.caption" and event["words"] for event in events)


async def _in_mid_reply(server: Served, talker: Talker) -> None:
    talker.attentive = False
    await talker.send({"type": "response.create"})
    await talker.until_sound()


@TUTOR_OR_NOT
async def test_the_learner_interrupts_and_the_tutor_falls_silent(server: Served, tutor: bool) -> None:
    async with talking(server, tutor=tutor) as talker:
        interruption = await spoken(server, RIGHT)
        await _in_mid_reply(server, talker)
        await talker.hear(interruption)
        done = await talker.until("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        before = len(talker.log)
        talker.attentive = True
        await talker.until("response.output_item.added")
        assert not [message for message in talker.log[before:] if is_sound(message)]
        assert (await talker.until("response.done"))["response"]["status"] == "completed"


@TUTOR_OR_NOT
async def test_no_sound_of_a_cancelled_reply_comes_after_its_end(server: Served, tutor: bool) -> None:
    async with talking(server, tutor=tutor) as talker:
        for _ in range(3):
            await _in_mid_reply(server, talker)
            await talker.send({"type": "response.cancel"})
            done = await talker.until("response.done")
            assert done["response"]["status"] == "cancelled"
            before = len(talker.log)
            await talker.send({"type": "conversation.item.retrieve", "item_id": "none"})
            assert await talker.error() == "item_retrieve_invalid_item_id"
            assert not [message for message in talker.log[before:] if is_sound(message)]
        talker.attentive = True
        await turn_works(server, talker)


async def test_a_talk_goes_on_after_its_socket_was_cut_in_mid_reply(server: Served) -> None:
    async with talking(server) as talker:
        await _in_mid_reply(server, talker)
        created = talker.log[0]
        assert isinstance(created, dict)
        talker.socket.transport.abort()
    async with talking(server) as talker:
        await talker.send({"type": "tutor.resume", "session_id": created["session"]["id"]})
        resumed = await talker.until("tutor.resumed")
        assert [item["status"] for item in resumed["items"]] == ["incomplete"]
        await turn_works(server, talker)


async def test_a_ga_session_ends_with_its_socket(server: Served) -> None:
    async with talking(server, tutor=False) as talker:
        await _in_mid_reply(server, talker)
        before = await open_talks(server)
        talker.socket.transport.abort()
    async with talking(server):
        assert await open_talks(server) == before


async def test_a_foreign_page_may_not_open_a_talk(server: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.talk_url, origin="https://elsewhere.example"):
            pass
    assert refused.value.response.status_code == 403
    async with talking(server, origin=server.url) as talker:
        await turn_works(server, talker)


async def test_silence_between_words_is_no_end_and_noise_is_no_word(server: Served) -> None:
    async with talking(server) as talker:
        await talker.opening()
        await talker.hear(silence(3000))
        await turn_works(server, talker)
        events = [event["type"] for event in talker.log if isinstance(event, dict)]
        assert events.count("input_audio_buffer.committed") == 1
