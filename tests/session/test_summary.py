"""The end of a lesson is summed up: once, when it has been said, for whoever is there."""

import base64
import json
from typing import Any

from tests.session.client import Client, Event, named
from tests.session.scripted import Clip, Gate, heard
from tests.session.studio import Studio, say, studio

KIOSK: dict[str, Any] = {"kiosk": {"public_url": "https://atom.example"}}


async def _opened(stage: Studio) -> Client:
    """The tutor has asked the first question."""
    client = await stage.connect()
    client.send({"type": "response.create"})
    done = await client.until("response.done")
    client.play(done["response"]["output"][0]["id"], 1800)
    await client.quiet()
    return client


async def _answer(stage: Studio, client: Client, text: str) -> str:
    """One turn; the reply's item, all of which has been sent and none heard."""
    stage.ears.finals = [heard(text)]
    say(client)
    return (await client.until("response.done"))["response"]["output"][0]["id"]


async def _answered(stage: Studio, client: Client, *answers: str) -> list[Event]:
    """Each heard to its end."""
    for text in answers:
        client.play(await _answer(stage, client, text), 900)
        await client.quiet()
    return named(client.log, "tutor.summary")


def _told(summary: Event) -> Any:
    fragment = summary["link"].split("#")[1]
    return json.loads(base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))


async def test_a_finished_lesson_is_summed_up_when_its_end_has_been_heard() -> None:
    async with studio(**KIOSK) as stage:
        client = await _opened(stage)
        assert await _answered(stage, client, "i want tea", "tea please") == []
        last = await _answer(stage, client, "yes please")
        await client.quiet()
        assert named(client.log, "tutor.summary") == []
        client.play(last, 900)
        summary = await client.until("tutor.summary")
        assert (summary["lesson"], summary["right"], summary["answers"]) == ("tea", 2, 2)
        assert (summary["said"], summary["learnt"]) == ("I want tea", "Tea, please.")
        assert set(summary["note"]) == {"en", "es"}
        assert summary["link"].startswith("https://atom.example/learnt.html#")
        assert _told(summary) == ["Tea, please.", "I want tea", 2, 2, "mended"]
        assert summary["qr"].startswith("data:image/svg+xml;base64,")


async def test_it_is_told_once_for_each_time_that_the_lesson_is_led_to_its_end() -> None:
    async with studio() as stage:
        client = await _opened(stage)
        assert len(await _answered(stage, client, "i want tea", "tea please", "yes please")) == 1
        assert len(await _answered(stage, client, "my dog is green")) == 1
        second = await _answered(stage, client, "start again please", "tea please", "yes i do")
        assert [summary.get("said") for summary in second] == ["I want tea", None]
        assert second[1]["link"].startswith("✓ Yes, I do.")


async def test_another_lesson_begins_with_nothing_of_the_last_one() -> None:
    async with studio() as stage:
        client = await _opened(stage)
        await _answered(stage, client, "i want tea")
        client.send({"type": "tutor.settings", "lesson": "milk"})
        [summary] = await _answered(stage, client, "tea please", "yes please")
        assert (summary["lesson"], summary.get("said")) == ("milk", None)


async def test_a_lesson_that_was_skipped_to_its_end_is_summed_up_too() -> None:
    async with studio() as stage:
        client = await _opened(stage)
        [summary] = await _answered(stage, client, "next question please", "next question please")
        assert (summary["answers"], summary.get("learnt")) == (0, None)


async def test_an_end_that_nobody_heard_is_none() -> None:
    async with studio() as stage:
        client = await stage.connect()
        await _answered(stage, client, "tea please")
        stage.voice.clips, stage.ears.finals = [Clip(entering=Gate())], [heard("yes please")]
        say(client)
        await client.until("tutor.lesson", finished=True)
        await client.until("response.output_item.added")
        client.send({"type": "response.cancel"})
        await client.until("tutor.lesson", finished=False)
        await client.quiet()
        assert named(client.log, "tutor.summary") == []
        stage.voice.clips = [Clip()]
        [summary] = await _answered(stage, client, "yes please")
        assert (summary["right"], summary["answers"]) == (2, 2)


async def test_an_end_that_was_interrupted_is_one() -> None:
    async with studio() as stage:
        client = await stage.connect()
        await _answered(stage, client, "tea please")
        await _answer(stage, client, "yes please")
        say(client, 1500)
        await client.until("tutor.summary")


async def test_who_comes_back_is_told_what_was_missed() -> None:
    async with studio() as stage:
        first = await stage.connect()
        session_id = named(first.log, "session.created")[0]["session"]["id"]
        await _answered(stage, first, "tea please")
        await _answer(stage, first, "yes please")
        first.cut()
        await first.over.wait()
        second = await stage.open()
        second.send({"type": "tutor.resume", "session_id": session_id})
        resumed = await second.until("tutor.resumed")
        assert resumed["lesson"]["finished"]
        assert (await second.until("tutor.summary"))["right"] == 2


async def test_a_client_of_the_plain_protocol_is_told_nothing() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        for text in ("tea please", "yes please"):
            stage.ears.finals = [heard(text)]
            say(client)
            await client.until("response.done")
        await client.quiet()
        assert named(client.log, "tutor.summary") == []
        assert stage.voice.said[-1] == "Goodbye, and come back soon."
