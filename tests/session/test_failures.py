"""An engine dies at each stage of a turn: the learner is told, it degrades by stage, the talk goes on."""

import pytest

from realtime.errors import EngineDown, EngineError, EngineRefused, EngineTimeout
from tests.session.client import kinds, named, spoken_ms, voices_in
from tests.session.scripted import Clip, Gate, heard
from tests.session.studio import say, speech, studio

TUTOR_OR_NOT = pytest.mark.parametrize("tutor", [False, True])
OPENING = "Welcome to our tea house. What would you like?"
DEATHS = [
    (EngineDown("speech", "ReadError"), "engine_down"),
    (EngineTimeout("speech", "ReadTimeout"), "engine_timeout"),
    (EngineRefused("speech", "HTTP 503"), "engine_refused"),
]


@TUTOR_OR_NOT
@pytest.mark.parametrize(("error", "code"), DEATHS)
async def test_an_answer_that_cannot_be_recognised_is_asked_for_again(
    error: EngineError, code: str, tutor: bool
) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        stage.ears.finals = [error, heard("tea please")]
        say(client)
        failed = await client.until("conversation.item.input_audio_transcription.failed")
        done = await client.until("response.done")
        assert failed["error"]["code"] == code
        assert done["response"]["status"] == "completed"
        assert "say that again" in done["response"]["output"][0]["content"][0]["transcript"]
        assert not [kind for kind in kinds(client.log) if kind.endswith("transcription.completed")]
        if tutor:
            assert named(client.log, "tutor.lesson")[-1]["step"] == 0
            client.play(done["response"]["output"][0]["id"], 600)
        client.send({"type": "conversation.item.retrieve", "item_id": failed["item_id"]})
        found = await client.until("conversation.item.retrieved")
        assert found["item"]["content"][0]["transcript"] is None


async def test_the_turn_after_a_failed_recognition_is_judged_by_itself() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.ears.finals = [EngineDown("recognition", "gone"), heard("tea please")]
        say(client)
        assert (await client.until("tutor.feedback"))["verdict"] == "unclear"
        done = await client.until("response.done")
        client.play(done["response"]["output"][0]["id"], 600)
        await client.quiet()
        say(client)
        assert (await client.until("tutor.feedback"))["verdict"] == "right"
        assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_a_failed_partial_costs_nothing_but_itself() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.ears.partials = [EngineTimeout("recognition", "slow")]
        say(client, 2000)
        await client.until("tutor.feedback", verdict="right")
        await client.until("response.done")
        assert not named(client.log, "error")


FAILING = {
    "on entering": lambda error: [Clip(entering=error)],
    "before the first sound": lambda error: [Clip([error])],
    "within the first clip": lambda error: [Clip([300, error])],
    "on entering the second clip": lambda error: [Clip([300]), Clip(entering=error)],
    "within the second clip": lambda error: [Clip([200]), Clip([100, error])],
}


@TUTOR_OR_NOT
@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize(("error", "code"), DEATHS)
async def test_a_voice_that_fails_leaves_the_text(
    error: EngineError, code: str, name: str, tutor: bool
) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        stage.voice.clips = FAILING[name](error)
        client.send({"type": "response.create"})
        done = (await client.until("response.done"))["response"]
        assert stage.alive == 0
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", code)
        assert done["output"][0]["content"][0]["transcript"] == OPENING
        assert named(client.log, "error")[0]["error"]["code"] == code
        sent_ms = spoken_ms(client.log)
        silent = "first sound" in name or name == "on entering"
        assert sent_ms == 0 if silent else 300 <= sent_ms <= 310, "and the edges of one clip or two"
        if tutor:
            assert [clip["text"] for clip in named(client.log, "tutor.clip")] == [
                "Welcome to our tea house.",
                "What would you like?",
            ]
            client.play(done["output"][0]["id"], sent_ms)
            await client.quiet()
        stage.voice.clips = [Clip()]
        following = len(stage.voice.said) + 1
        client.log.clear()
        say(client)
        await client.until("response.done")
        assert min(voices_in(client.log)) == following


@TUTOR_OR_NOT
async def test_a_held_reply_whose_voice_fails_fails_only_once_it_is_released(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        stage.voice.clips = [Clip([EngineDown("speech", "gone")])]
        say(client, then_ms=250)
        said = await client.quiet()
        assert kinds(said) == ["input_audio_buffer.speech_started"]
        assert stage.voice.said == ["Here is your tea."]
        say(client, 32, 800)
        done = await client.until("response.done")
        assert done["response"]["status"] == "failed"


async def test_a_voice_that_dies_while_the_learner_speaks_over_it_changes_nothing_for_the_learner() -> None:
    async with studio() as stage:
        client, hold = await stage.connect(), Gate()
        stage.voice.clips = [Clip([300, hold, EngineDown("speech", "gone")]), Clip()]
        client.send({"type": "response.create"})
        await client.until_sound(300)
        client.hear(speech(400))
        await client.until("tutor.duck", on=True)
        hold.open()
        assert (await client.until("response.done"))["response"]["status"] == "failed"
        say(client, 500)
        await client.until("tutor.feedback", verdict="right")
        assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_a_fault_in_one_talk_ends_that_talk_and_no_other() -> None:
    async with studio() as stage:
        stage.ears.finals = [RuntimeError("a fault of ours"), heard("tea please")]
        broken, other = await stage.connect(), await stage.connect()
        say(broken)
        await broken.to_the_end()
        assert broken.closed == {"type": "websocket.close", "code": 1011, "reason": "the session has failed"}
        say(other)
        assert (await other.until("response.done"))["response"]["status"] == "completed"
