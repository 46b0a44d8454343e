"""The chat model behind a talk: asked again before its first word, never after it."""

from realtime.engines.protocols import ChatEnded
from realtime.errors import EngineDown, EngineRefused
from realtime.talk.tokens import Tokens
from tests.session.client import Client, Event
from tests.session.scripted import Answer, Chat
from tests.session.studio import studio

END = ChatEnded("stop", Tokens(3, 2))
GONE = EngineDown("chat", "gone")


async def _answered(*answers: Answer) -> tuple[Chat, Event]:
    chat = Chat()
    chat.answers = list(answers)
    async with studio(chat, talk={"lesson": ""}) as stage:
        client: Client = await stage.connect(tutor=False)
        client.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
        return chat, (await client.until("response.done"))["response"]


async def test_a_model_that_is_lost_before_its_first_word_is_asked_again() -> None:
    chat, done = await _answered((GONE,), ("Of ", "course.", END))
    assert len(chat.asked) == 2
    assert done["status"] == "completed"
    assert done["output"][0]["content"][0]["text"] == "Of course."
    assert (done["usage"]["input_tokens"], done["usage"]["output_tokens"]) == (3, 2)


async def test_a_model_that_stays_lost_fails_the_reply_and_not_the_talk() -> None:
    chat, done = await _answered((GONE,))
    assert len(chat.asked) == 2
    assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "engine_down")


async def test_after_the_first_word_nothing_is_said_twice() -> None:
    chat, done = await _answered(("Of ", GONE), ("Of course.", END))
    assert len(chat.asked) == 1
    assert done["status"] == "failed"
    assert done["output"][0]["content"][0]["text"] == "Of "


async def test_a_model_that_refuses_is_not_asked_again() -> None:
    chat, done = await _answered((EngineRefused("chat", "no"),), ("Of course.", END))
    assert len(chat.asked) == 1
    assert done["status_details"]["error"]["code"] == "engine_refused"
