"""Talks with the real vLLM: streamed, cut off, remembered, lost and found again."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import anyio
import psutil

from tests.edges.talker import RATE, Event, Talker, is_sound, spoken, talking
from tests.engines.vllm import PATIENCE_S, TutorOnVllm

INSTRUCTIONS = "You are Atom, a kind and patient English teacher. Answer in one short sentence."
WINDOW = 512


async def _instruct(talker: Talker, **session: Any) -> None:
    await talker.send({"type": "session.update", "session": {"type": "realtime", **session}})
    await talker.until("session.updated")


async def _say(talker: Talker, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await talker.send({"type": "conversation.item.create", "item": item})


async def _answer(talker: Talker, **response: Any) -> Event:
    await talker.send({"type": "response.create", "response": response})
    return (await talker.until("response.done"))["response"]


def _written(log: Sequence[Event | bytes]) -> list[str]:
    kind = "response.output_text.delta"
    return [event["delta"] for event in log if isinstance(event, dict) and event["type"] == kind]


def _is_heard_from(words: str, log: Sequence[Event | bytes]) -> bool:
    """Whether sound follows the piece of the transcript in which the words come."""
    place = next(n for n, one in enumerate(log) if isinstance(one, dict) and words in one.get("delta", ""))
    return any(map(is_sound, log[place:]))


async def test_a_reply_is_streamed_word_by_word(tutor: TutorOnVllm) -> None:
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        await _say(talker, "Hello! How are you today?")
        done = await _answer(talker, max_output_tokens=30)
        pieces = _written(talker.log)
        assert len(pieces) > 15
        assert "".join(pieces) == done["output"][0]["content"][0]["text"]
        assert done["usage"]["output_tokens"] == 30
        assert done["status_details"]["reason"] == "max_output_tokens"


async def test_a_reply_is_spoken_and_bounded(tutor: TutorOnVllm) -> None:
    async with talking(tutor.served, tutor=False) as talker:
        done = await _answer(talker)
        assert done["usage"]["output_tokens"] == min(120, WINDOW - done["usage"]["input_tokens"])
        assert any(isinstance(event, dict) and "audio.delta" in event["type"] for event in talker.log)


async def test_the_second_turn_is_read_from_the_cache(tutor: TutorOnVllm) -> None:
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        await _say(talker, "I live in Oslo with my sister, and I work in a small bakery near the river.")
        first = await _answer(talker, max_output_tokens=40)
        await _say(talker, "What do you do at the weekend?")
        second = await _answer(talker, max_output_tokens=40)
        read = second["usage"]["input_token_details"]
        whole_blocks = first["usage"]["input_tokens"] // 32 * 32
        assert read["cached_tokens"] >= whole_blocks > 0


async def test_a_new_talk_finds_the_tutors_instructions_read(tutor: TutorOnVllm) -> None:
    async with talking(tutor.served, tutor=False) as talker:
        done = await _answer(talker, output_modalities=["text"], max_output_tokens=5)
        usage = done["usage"]
        assert usage["input_token_details"]["cached_tokens"] > 0.9 * usage["input_tokens"] - 32


async def test_a_reply_that_is_cancelled_is_no_longer_written(tutor: TutorOnVllm) -> None:
    before = await tutor.count("generation_tokens_total")
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        await _say(talker, "Tell me a long story.")
        await talker.send({"type": "response.create"})
        await talker.until("response.output_text.delta")
        assert await tutor.count("num_requests_running") == 1
        await talker.send({"type": "response.cancel"})
        assert (await talker.until("response.done"))["response"]["status"] == "cancelled"
        await tutor.until_idle()
    assert await tutor.count("generation_tokens_total") - before < WINDOW / 2


async def test_a_learner_who_speaks_ends_what_is_being_written(tutor: TutorOnVllm) -> None:
    """Left alone it would be written until the window is full. The learner goes on: no reply follows."""
    interruption = (await spoken(tutor.served, "Excuse me, can I say something?"))[: 2 * RATE * 2]
    before = await tutor.count("generation_tokens_total")
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        await _say(talker, "Tell me a long story.")
        await talker.send({"type": "response.create"})
        await talker.until("response.output_text.delta")
        await talker.hear(interruption)
        done = (await talker.until("response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
        await tutor.until_idle()
        assert 0 < await tutor.count("generation_tokens_total") - before < WINDOW / 2


async def test_a_long_talk_stays_within_the_window(tutor: TutorOnVllm) -> None:
    read: list[int] = []
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        for day in range(25):
            await _say(talker, f"On day {day} I went to the market and bought some bread and two apples.")
            done = await _answer(talker, max_output_tokens=40)
            assert done["status_details"]["reason"] == "max_output_tokens"
            read.append(done["usage"]["input_tokens"])
    assert max(read) + 40 <= WINDOW
    assert max(read) > WINDOW / 2
    steps = [n for n, (before, after) in enumerate(pairwise(read)) if after < before]
    assert 3 < len(steps) < len(read) / 2


async def test_a_prompt_that_vllm_refuses_as_too_long_is_shortened(tutor: TutorOnVllm) -> None:
    before = await tutor.refusals()
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS, output_modalities=["text"])
        for _ in range(8):
            await _say(talker, "Xq7 Zk9 Wv3 " * 10)  # many more tokens than a guess by its length
            item = {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Good."}],
            }
            await talker.send({"type": "conversation.item.create", "item": item})
        await _say(talker, "What did I buy?")
        done = await _answer(talker, max_output_tokens=10)
        assert done["usage"]["output_tokens"] == 10
        assert WINDOW / 4 < done["usage"]["input_tokens"] <= WINDOW - 10
    assert await tutor.refusals() == before + 1


async def test_vllm_killed_in_mid_reply_is_apologised_for_and_started_again(tutor: TutorOnVllm) -> None:
    async with talking(tutor.served, tutor=False) as talker:
        await _instruct(talker, instructions=INSTRUCTIONS)
        await _say(talker, "Tell me a long story.")
        await talker.send({"type": "response.create", "response": {"max_output_tokens": 4096}})
        await talker.until("response.output_audio_transcript.delta")
        killed = tutor.vllm()
        family = [killed, *killed.children(recursive=True)]
        killed.kill()
        done = (await talker.until("response.done"))["response"]
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "engine_down")
        assert "say that again" in done["output"][0]["content"][0]["transcript"]
        assert _is_heard_from("say that again", talker.log)
        _, alive = await anyio.to_thread.run_sync(lambda: psutil.wait_procs(family, timeout=PATIENCE_S))
        assert alive == []

        assert await tutor.waits_for() == "chat server"
        await _say(talker, "Are you there?")
        del talker.log[:]
        done = await _answer(talker)
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "engine_down")
        assert "say that again" in done["output"][0]["content"][0]["transcript"]
        assert any(map(is_sound, talker.log))

        await tutor.until_ready()
        await _say(talker, "Are you there now?")
        done = await _answer(talker, max_output_tokens=10)
        assert done["status_details"]["reason"] == "max_output_tokens"
        assert "error" not in str(done["status_details"])
