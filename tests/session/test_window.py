"""A talk that outgrows its chat model's window: what the model is given of it, turn after turn."""

from typing import Any

import anyio

from realtime.engines.protocols import ChatEnded, ChatRequest
from realtime.errors import EngineDown, PromptTooLong
from realtime.protocol.prompt import SUMMARISE
from tests.session.client import Client, Event
from tests.session.scripted import Answer, Chat, Gate
from tests.session.studio import studio

WINDOW = 512  # tokens, which are taken to be four characters as long as the server does not count
GOOD: Answer = ("Of ", "course.", ChatEnded("stop"))
TOO_LONG: Answer = (PromptTooLong("chat", "maximum context length"),)
FREE = {"lesson": ""}


async def _begin(client: Client) -> None:
    session = {"type": "realtime", "instructions": "Be kind.", "output_modalities": ["text"]}
    client.send({"type": "session.update", "session": session})
    await client.until("session.updated")


async def _turn(client: Client, number: int, characters: int = 100) -> Event:
    text = f"{number} ".ljust(characters, "x")
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    client.send({"type": "conversation.item.create", "item": item})
    client.send({"type": "response.create"})
    done = (await client.until("response.done"))["response"]
    await anyio.wait_all_tasks_blocked()
    return done


def _heard(request: ChatRequest) -> list[int]:
    """The numbers of the turns that it gives."""
    said: list[dict[str, Any]] = [one for one in request.messages if one["role"] == "user"]
    return [int(one["content"].split()[0]) for one in said if one["content"] != SUMMARISE]


def _is_summary(request: ChatRequest) -> bool:
    return request.messages[-1]["content"] == SUMMARISE


async def _talk(chat: Chat, turns: int, **session: Any) -> list[Event]:
    async with studio(chat, talk=FREE) as stage:
        client = await stage.connect(tutor=False)
        await _begin(client)
        if session:
            client.send({"type": "session.update", "session": {"type": "realtime", **session}})
        return [await _turn(client, number) for number in range(turns)]


async def test_old_turns_leave_whole_and_many_at_once_and_the_instructions_stay() -> None:
    chat = Chat(WINDOW)
    chat.answers = [GOOD]
    await _talk(chat, 25)
    replies = [request for request in chat.asked if not _is_summary(request)]
    assert len(replies) == 25
    assert all(request.messages[0]["content"].startswith("Be kind.") for request in replies)
    given = [_heard(request) for request in replies]
    assert all(heard == list(range(heard[0], turn + 1)) for turn, heard in enumerate(given))
    first = [heard[0] for heard in given]
    assert len(set(first)) == 1 + 3 and first[-1] > 10


async def test_what_left_is_summed_up_while_nobody_waits() -> None:
    chat = Chat(WINDOW)
    chat.answers = [*[GOOD] * 10, ("Ana likes ", "bread.", ChatEnded("stop")), GOOD]
    await _talk(chat, 11)
    tenth, summary, eleventh = chat.asked[9:]
    assert _is_summary(summary) and summary.max_tokens == WINDOW // 8
    assert summary.messages[:-1] == tenth.messages[: len(summary.messages) - 1]
    assert eleventh.messages[0]["content"] == "Be kind.\n\nEarlier in this talk: Ana likes bread."
    assert _heard(summary) + _heard(eleventh) == list(range(11))


async def test_without_a_summary_they_leave_all_the_same() -> None:
    chat = Chat(WINDOW)
    chat.answers = [*[GOOD] * 10, (EngineDown("chat", "gone"),), GOOD]
    done = await _talk(chat, 11)
    assert done[-1]["status"] == "completed"
    assert chat.asked[-1].messages[0]["content"] == "Be kind."
    assert 0 < _heard(chat.asked[-1])[0] < 10


async def test_a_summary_that_is_not_there_in_time_is_given_up() -> None:
    chat, never = Chat(WINDOW), Gate()
    chat.answers = [*[GOOD] * 10, (never,), GOOD]
    async with studio(chat, talk=FREE) as stage:
        client = await stage.connect(tutor=False)
        await _begin(client)
        for number in range(10):
            await _turn(client, number)
        assert never.reached.is_set() and chat.alive == 1
        assert (await _turn(client, 10))["status"] == "completed"
        assert chat.alive == 0
    assert [_is_summary(request) for request in chat.asked[10:]] == [True, False]
    assert _heard(chat.asked[11])[0] > 0


async def test_a_prompt_that_is_refused_as_too_long_is_shortened_once() -> None:
    chat = Chat()
    chat.answers = [*[GOOD] * 5, TOO_LONG, GOOD]
    done = await _talk(chat, 6)
    assert done[-1]["status"] == "completed"
    assert _heard(chat.asked[5]) == list(range(6))
    assert 0 < _heard(chat.asked[6])[0] < 5
    assert len(chat.asked) == 7


async def test_a_prompt_that_stays_too_long_fails_the_reply() -> None:
    chat = Chat()
    chat.answers = [*[GOOD] * 5, TOO_LONG]
    done = await _talk(chat, 6)
    assert done[-1]["status_details"]["error"]["code"] == "prompt_too_long"
    assert len(chat.asked) == 7


async def test_a_client_that_forbids_it_is_told_instead() -> None:
    chat = Chat(WINDOW)
    chat.answers = [GOOD]
    await _talk(chat, 12, truncation="disabled")
    assert _heard(chat.asked[-1]) == list(range(12))
    assert not any(_is_summary(request) for request in chat.asked)


async def test_a_spoken_answer_is_bounded_unless_the_client_says_how() -> None:
    chat = Chat(WINDOW)
    async with studio(chat, talk=FREE) as stage:
        client = await stage.connect(tutor=False)
        tool = {"type": "function", "name": "weather"}
        asked = [{}, {"max_output_tokens": 200}, {"max_output_tokens": 4096}, {"tools": [tool]}]
        for response in [*asked, {"output_modalities": ["text"]}]:
            client.send({"type": "response.create", "response": response})
            await client.until("response.done")
            await anyio.wait_all_tasks_blocked()
    assert [request.max_tokens for request in chat.asked] == [120, 200, WINDOW // 2, None, None]
