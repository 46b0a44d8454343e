"""Mistakes are shown beside what the learner said: where it was surely heard, and never before the reply."""

from dataclasses import replace
from typing import Any

import pytest

from realtime.engines.protocols import ChatEnded
from realtime.talk.tokens import Tokens
from realtime.talk.transcript import Transcript
from tests.session.client import Client, Event, named, spoken_ms
from tests.session.scripted import Chat, Clip, Gate, heard
from tests.session.studio import Studio, say, silence, speech, studio

END = ChatEnded("stop", Tokens(3, 2))
SAID = "i am agree with you"
FREE: dict[str, Any] = {"talk": {"lesson": ""}}


def _chat() -> Chat:
    chat = Chat()
    chat.answers = [("Of course.", END)]
    return chat


async def _answered(stage: Studio, client: Client, said: Transcript) -> str:
    """One turn, heard to its end; the learner's item."""
    stage.ears.finals = [said]
    say(client)
    item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
    reply = (await client.until("response.done"))["response"]["output"][0]["id"]
    client.play(reply, 900)
    await client.quiet()
    return item_id


async def _feedback(said: Transcript, *, tutor: bool = True, **settings: Any) -> list[Event]:
    async with studio(_chat(), **{**FREE, **settings}) as stage:
        client = await stage.connect(tutor=tutor)
        await _answered(stage, client, said)
        return named(client.log, "tutor.feedback")


def _scored(said: Transcript, *scores: float | None) -> Transcript:
    return replace(
        said, words=tuple(replace(word, score=score) for word, score in zip(said.words, scores, strict=True))
    )


async def test_free_talk_is_corrected_beside_the_learners_words() -> None:
    async with studio(_chat(), **FREE) as stage:
        client = await stage.connect()
        item_id = await _answered(stage, client, heard(SAID, None))
        [told] = named(client.log, "tutor.feedback")
        assert (told["item_id"], told["verdict"]) == (item_id, "correction")
        [one] = told["corrections"]
        assert (one["said"], one["better"], one["sentence"]) == ("I am agree", "I agree", "I agree with you")
        assert set(one["note"]) == {"en", "es"}


async def test_what_is_right_is_left_alone() -> None:
    assert await _feedback(heard("i agree with you", None)) == []


async def test_a_client_of_the_ga_events_is_told_nothing() -> None:
    assert await _feedback(heard(SAID, None), tutor=False) == []


@pytest.mark.parametrize("unsure", range(4))
async def test_nothing_is_claimed_where_a_word_that_shows_it_was_not_surely_heard(unsure: int) -> None:
    scores = [0.95] * 5
    scores[unsure] = 0.6
    assert await _feedback(_scored(heard(SAID, None), *scores)) == []


async def test_a_word_that_has_no_part_in_it_may_be_unsure() -> None:
    assert len(await _feedback(_scored(heard(SAID, None), 0.95, 0.95, 0.95, 0.95, 0.1))) == 1


async def test_nothing_is_claimed_without_scores() -> None:
    assert await _feedback(_scored(heard(SAID, None), None, None, None, None, None)) == []


async def test_nothing_is_claimed_of_what_the_grammar_does_not_hold() -> None:
    assert await _feedback(heard(SAID, 0.4)) == []
    assert len(await _feedback(heard(SAID, 0.9))) == 1


async def test_the_server_may_be_set_to_correct_nothing_and_the_learner_to_be_corrected() -> None:
    off = {"talk": {"lesson": "", "corrections": False}}
    assert await _feedback(heard(SAID, None), **off) == []
    async with studio(_chat(), **off) as stage:
        client = await stage.connect()
        client.send({"type": "tutor.settings", "corrections": True})
        await client.until("tutor.lesson")
        await _answered(stage, client, heard(SAID, None))
        client.send({"type": "tutor.settings", "corrections": False})
        await client.until("tutor.lesson")
        await _answered(stage, client, heard(SAID, None))
        assert len(named(client.log, "tutor.feedback")) == 1


async def test_it_is_told_after_the_first_sound_of_the_reply() -> None:
    async with studio(_chat(), **FREE) as stage:
        client, gate = await stage.connect(), Gate()
        stage.voice.clips = [Clip((gate, 300))]
        stage.ears.finals = [heard(SAID, None)]
        say(client)
        await client.until("response.created")
        await gate.reached.wait()
        await client.quiet()
        assert named(client.log, "tutor.feedback") == []
        gate.open()
        await client.until("tutor.feedback")
        assert spoken_ms(client.log) > 0


async def test_a_held_reply_tells_nothing_of_what_it_answers() -> None:
    async with studio(_chat(), **FREE) as stage:
        client = await stage.connect()
        stage.ears.finals = [heard(SAID, None), heard("i am agreeable", None)]
        client.hear(speech(1000) + silence(400))
        await client.quiet()
        assert stage.voice.said == ["Of course."]
        client.hear(speech(1000) + silence(800))
        await client.until("response.done")
        await client.quiet()
        assert named(client.log, "tutor.feedback") == []


async def test_a_lessons_own_correction_is_the_only_one() -> None:
    assert len(await _feedback(heard("people is nice", None))) == 1
    [told] = await _lesson(heard("hello"), heard("people is nice"), lesson="chat")
    assert (told["verdict"], told["better"], told["corrections"]) == ("mistake", "People are nice.", [])


async def test_a_right_answer_may_hold_a_mistake() -> None:
    """It is told once more with the correction, and the lesson's own verdict stays."""
    first, second = await _lesson(heard(SAID), lesson="chat")
    assert (first["verdict"], first["corrections"]) == ("right", [])
    assert (second["verdict"], second["item_id"]) == ("right", first["item_id"])
    assert second["corrections"][0]["better"] == "I agree"


async def test_beside_the_lesson_free_speech_is_corrected_where_the_recogniser_knows_it() -> None:
    """The lesson has no answer in it, and says so first."""
    first, second = await _lesson(heard("hello"), heard("i have twenty years", None), lesson="tea")
    assert (first["verdict"], first["corrections"]) == ("off_script", [])
    assert (second["verdict"], second["item_id"]) == ("off_script", first["item_id"])
    assert second["corrections"][0]["sentence"] == "I am twenty years old"


@pytest.mark.parametrize("on_script", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("said", ["i have twenty years", "i am agree hola gracias bueno vale"])
async def test_beside_the_lesson_a_recogniser_that_knows_only_its_sentences_is_not_believed(
    said: str, on_script: float
) -> None:
    [told] = await _lesson(heard("hello"), heard(said, on_script), lesson="tea")
    assert told["verdict"] in ("off_script", "unclear")
    assert told["corrections"] == []


async def test_beside_the_lesson_an_unsure_word_is_not_corrected() -> None:
    unsure = _scored(heard("i have twenty years", None), 0.95, 0.6, 0.95, 0.95)
    [told] = await _lesson(heard("hello"), unsure, lesson="tea")
    assert told["corrections"] == []


async def _lesson(*answers: Transcript, lesson: str) -> list[Event]:
    async with studio(talk={"lesson": lesson}) as stage:
        client = await stage.connect()
        for answer in answers:
            await _answered(stage, client, answer)
        return named(client.log, "tutor.feedback")
