"""A client changes the item of a reply that is still being spoken."""

import pytest

from tests.session.client import Client, Event, kinds, named
from tests.session.scripted import Chat, Clip, Gate
from tests.session.studio import Studio, studio

TUTOR_OR_NOT = pytest.mark.parametrize("tutor", [False, True])


async def _half_said(stage: Studio, client: Client) -> tuple[Gate, str]:
    """The gate at which the rest of the reply waits, and the reply's item."""
    gate = Gate()
    stage.voice.clips = [Clip([300, gate, 300])]
    client.send({"type": "response.create"})
    added = await client.until("conversation.item.added")
    await client.until_sound(300)
    return gate, added["item"]["id"]


def _truncate(item_id: str, until_ms: int) -> Event:
    kind = "conversation.item.truncate"
    return {"type": kind, "item_id": item_id, "content_index": 0, "audio_end_ms": until_ms}


@TUTOR_OR_NOT
async def test_what_was_truncated_while_it_was_spoken_stays_truncated(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        gate, item_id = await _half_said(stage, client)
        cut = {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": 100,
        }
        client.send(cut)
        await client.until("conversation.item.truncated")
        gate.open()
        done = await client.until("response.done")
        item = await client.retrieve(item_id)
        assert done["response"]["output"][0]["content"][0]["transcript"].startswith("Welcome to our tea")
        assert item["content"][0]["transcript"] == "Welcome"
        assert item["status"] == "incomplete"


@TUTOR_OR_NOT
async def test_nothing_is_said_in_the_conversation_of_an_item_that_was_deleted(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        gate, item_id = await _half_said(stage, client)
        client.send({"type": "conversation.item.delete", "item_id": item_id})
        await client.until("conversation.item.deleted")
        gate.open()
        await client.until("response.done")
        later = kinds(client.log[client.log.index(named(client.log, "conversation.item.deleted")[0]) + 1 :])
        assert "conversation.item.done" not in later
        assert "response.output_item.done" in later


async def test_a_written_reply_cannot_be_truncated() -> None:
    async with studio(Chat(), talk={"lesson": ""}) as stage:
        client = await stage.connect(tutor=False)
        client.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
        item_id = (await client.until("response.done"))["response"]["output"][0]["id"]
        cut = {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": 0,
        }
        client.send(cut)
        assert (await client.until("error"))["error"]["code"] == "item_truncate_invalid_item_type"
        assert (await client.retrieve(item_id))["content"] == [{"type": "output_text", "text": "Of course."}]
