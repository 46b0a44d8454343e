"""Turns as a client sees them: by voice, by key, by text; the order of all events."""

import pytest

from realtime import metrics
from realtime.talk.transcript import Transcript
from tests.session.client import Event, kinds, named, spoken_ms, voices_in
from tests.session.scripted import CLIP_MS, Chat, Clip, Gate, heard
from tests.session.studio import Studio, say, silence, speech, studio

OPENED = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
CLOSED = [
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
SPOKEN = [*OPENED, "response.output_audio.done", "response.output_audio_transcript.done", *CLOSED]
WRITTEN = [
    *OPENED,
    "response.output_text.delta",
    "response.output_text.done",
    *CLOSED,
]
COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
TRANSCRIBED = [
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
]


@pytest.mark.parametrize("tutor", [False, True])
async def test_a_spoken_turn_has_the_protocols_order_of_events(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await stage.configure(client, transcription={"model": "whisper-1"})
        client.log.clear()
        say(client)
        done = await client.until("response.done")
        assert kinds(client.log) == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            *COMMITTED,
            *TRANSCRIBED,
            *SPOKEN,
        ]
        assert done["response"]["status"] == "completed"
        assert done["response"]["output"][0]["content"][0]["transcript"] == " ".join(stage.voice.said)
        assert spoken_ms(client.log) == 2 * CLIP_MS
        started = named(client.log, "input_audio_buffer.speech_started")[0]
        stopped = named(client.log, "input_audio_buffer.speech_stopped")[0]
        assert 0 <= started["audio_start_ms"] <= 200
        assert 1300 <= stopped["audio_end_ms"] <= 1800


async def test_what_the_learner_said_is_judged_and_the_lesson_goes_on() -> None:
    async with studio() as stage:
        client = await stage.connect()
        say(client)
        feedback = await client.until("tutor.feedback")
        lesson = await client.until("tutor.lesson")
        await client.until("response.created")
        assert feedback["verdict"] == "right"
        assert (lesson["lesson"], lesson["step"], lesson["steps"]) == ("tea", 1, 2)
        assert "tea please" in stage.ears.asked[-1].expected
        say(client)
        await client.until("tutor.feedback", verdict="unclear")


async def test_a_client_without_transcription_gets_no_transcript_events_in_a_ga_session() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        say(client)
        committed = await client.until("input_audio_buffer.committed")
        await client.until("response.done")
        assert not [kind for kind in kinds(client.log) if "transcription" in kind]
        item = await client.retrieve(committed["item_id"])
        assert item["content"][0]["transcript"] == "tea please"


async def test_words_are_shown_while_the_learner_speaks_and_never_taken_back() -> None:
    async with studio() as stage:
        client = await stage.connect()
        partials = ("some", "some teeth", "some tea please", "some tea plea")
        stage.ears.partials = [heard(text) for text in partials]
        stage.ears.finals = [heard("some tea please")]
        for _ in range(4):
            client.hear(speech(600))
            await client.quiet()
        tails = [event["text"] for event in named(client.log, "tutor.transcript.tentative")]
        assert tails == ["some", "teeth", "tea please", "plea"]
        assert not named(client.log, "input_audio_buffer.committed")
        client.hear(silence(800))
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        deltas = named(client.log, "conversation.item.input_audio_transcription.delta")
        assert [event["delta"] for event in deltas] == ["some", " tea", " please"]
        assert completed["transcript"] == "some tea please"
        assert named(client.log, "tutor.transcript.tentative")[-1]["text"] == ""


async def test_english_and_the_mother_tongue_are_listened_for() -> None:
    async with studio() as stage:
        client = await stage.connect()
        say(client)
        await client.until("response.done")
        assert stage.ears.asked[-1].languages == ("en", "es")
        client.send({"type": "tutor.settings", "mother_tongue": "en"})
        await client.until("tutor.lesson")
        say(client)
        await client.until("response.done")
        assert stage.ears.asked[-1].languages == ("en",)


async def test_a_client_may_name_the_language_and_what_is_spoken_of() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        named = {"model": "whisper-1", "language": "es", "prompt": "Tea and cakes."}
        await stage.configure(client, transcription=named)
        say(client)
        await client.until("response.done")
        assert stage.ears.asked[-1].languages == ("es",)
        assert stage.ears.asked[-1].prompt == "Tea and cakes."


@pytest.mark.parametrize("tutor", [False, True])
async def test_push_to_talk(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        await stage.configure(client, turn_detection=None, transcription={"model": "whisper-1"})
        client.log.clear()
        client.hear(speech(800, tutor=tutor))
        assert await client.quiet() == []
        client.send({"type": "input_audio_buffer.commit"})
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert sorted(kinds(client.log)) == sorted([*COMMITTED, *TRANSCRIBED, *SPOKEN])
        assert kinds(client.log)[:3] == COMMITTED
        assert stage.voice.said[0] == "Here is your tea."
        assert len(stage.ears.asked[-1].audio) == pytest.approx(800 * 16, abs=600)


async def test_the_held_key_may_be_let_go_of_without_a_word() -> None:
    async with studio() as stage:
        client = await stage.connect()
        await stage.configure(client, turn_detection=None)
        client.send({"type": "input_audio_buffer.clear"})
        await client.until("input_audio_buffer.cleared")
        client.send({"type": "input_audio_buffer.commit"})
        assert (await client.until("error"))["error"]["code"] == "input_audio_buffer_commit_empty"
        stage.ears.finals = [Transcript()]
        client.hear(silence(600))
        client.send({"type": "input_audio_buffer.commit"})
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert stage.voice.said[0] == "Welcome to our tea house."


@pytest.mark.parametrize("tutor", [False, True])
async def test_a_text_turn(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        client.send(
            {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
        )
        await client.until("session.updated")
        client.log.clear()
        content = [{"type": "input_text", "text": "I'd like tea."}]
        item = {"id": "mine", "type": "message", "role": "user", "content": content}
        client.send({"type": "conversation.item.create", "item": item})
        client.send({"type": "response.create"})
        done = await client.until("response.done")
        assert kinds(client.log) == ["conversation.item.added", "conversation.item.done", *WRITTEN]
        assert stage.voice.said == []
        spoken = done["response"]["output"][0]["content"][0]
        assert spoken == {"type": "output_text", "text": "Here is your tea. Do you take sugar?"}
        assert (await client.retrieve("mine"))["content"] == content


async def test_asked_for_a_reply_at_the_start_the_tutor_opens_the_lesson() -> None:
    async with studio() as stage:
        client = await stage.connect()
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert stage.voice.said == ["Welcome to our tea house.", "What would you like?"]
        clips = named(client.log, "tutor.clip")
        assert [(clip["clip"], clip["text"]) for clip in clips] == list(enumerate(stage.voice.said))
        captions = named(client.log, "tutor.caption")
        assert [word["text"] for word in captions[1]["words"]] == ["What", "would", "you", "like?"]


async def test_silence_and_an_utterance_without_words_get_no_reply() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.ears.finals = [Transcript()]
        client.hear(silence(3000))
        assert await client.quiet() == []
        say(client, then_ms=2000)  # who has only said "um" is given time
        await client.until("conversation.item.input_audio_transcription.completed", transcript="")
        assert await client.quiet() == []
        assert stage.voice.said == []


async def test_without_create_response_an_utterance_is_only_transcribed() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        detection = {"type": "server_vad", "create_response": False}
        await stage.configure(client, turn_detection=detection, transcription={"model": "whisper-1"})
        say(client)
        await client.until("conversation.item.input_audio_transcription.completed")
        assert await client.quiet() == []
        assert stage.voice.said == []
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert stage.voice.said[0] == "Here is your tea."


async def test_without_interrupt_response_the_tutor_ends_first_and_then_answers() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        await stage.configure(client, turn_detection={"type": "server_vad", "interrupt_response": False})
        hold = Gate()
        stage.voice.clips[:0] = [Clip([300, hold])]
        client.send({"type": "response.create"})
        await hold.reached.wait()
        say(client)
        await client.until("input_audio_buffer.committed")
        said = await client.quiet()
        assert "response.done" not in kinds(said)
        hold.open()
        first = await client.until("response.done")
        second = await client.until("response.done")
        assert [first["response"]["status"], second["response"]["status"]] == ["completed"] * 2
        assert stage.voice.said[-2:] == ["Here is your tea.", "Do you take sugar?"]


# the reply that is begun inside the learner's silence


def became(what: str) -> float:
    return metrics.REGISTRY.get_sample_value("tutor_held_replies_total", {"became": what}) or 0


async def test_a_held_reply_is_made_in_the_silence_and_seen_only_at_the_endpoint() -> None:
    async with studio() as stage:
        client = await stage.connect()
        released, dropped = became("released"), became("dropped")
        say(client, then_ms=200)
        said = await client.quiet()
        assert stage.voice.said == ["Here is your tea.", "Do you take sugar?"]
        assert kinds(said) == ["input_audio_buffer.speech_started"]
        client.hear(silence(500))
        await client.until("response.done")
        assert (became("released"), became("dropped")) == (released + 1, dropped)
        assert len(stage.voice.said) == 2
        assert len(stage.ears.asked) == len([one for one in stage.ears.asked if one.kind == "partial"]) + 1


async def test_a_held_reply_is_dropped_unseen_when_the_learner_goes_on() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([Gate()]), Clip()]
        wasted = became("dropped")
        say(client, then_ms=200)
        await client.quiet()
        assert stage.alive == 1
        client.hear(speech(400))
        said = await client.quiet()
        assert stage.alive == 0
        assert became("dropped") == wasted + 1
        assert kinds(said) == []
        client.hear(silence(800))
        await client.until("tutor.lesson", step=1)
        await client.until("response.done")
        created = [kind for kind in kinds(client.log) if kind == "response.created"]
        assert len(created) == len(named(client.log, "input_audio_buffer.committed")) == 1
        assert stage.voice.said == ["Here is your tea.", "Here is your tea.", "Do you take sugar?"]


TYPED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Well."}]}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "conversation.item.create", "item": TYPED},
        {"type": "tutor.settings", "lesson": "milk"},
        {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "en-gb"}}}},
    ],
)
async def test_a_held_reply_to_what_is_no_longer_so_is_made_anew(change: Event) -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([Gate()]), Clip()]
        say(client, then_ms=200)
        await client.quiet()
        client.send(change)
        client.hear(silence(500))
        await client.until("response.done")
        assert len(stage.voice.said) == 3
        assert voices_in(client.log) == {2, 3}


async def test_asking_for_a_reply_drops_the_held_one() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip([Gate()]), Clip()]
        say(client, then_ms=200)
        await client.quiet()
        client.send({"type": "response.create"})
        await client.until("response.done")
        assert stage.voice.said[1:] == ["Welcome to our tea house.", "What would you like?"]


FREE = {"lesson": ""}
ASKED = "can you hear me"


def fresh(stage: Studio, *finals: Transcript | Gate) -> None:
    """Partials that have all the words, and a recogniser that needs its time for the whole."""
    stage.ears.partials, stage.ears.finals = [heard(ASKED, None)], list(finals)


async def test_a_reply_is_held_to_words_that_are_fresh_before_the_whole_is_known() -> None:
    whole = Gate()
    async with studio(Chat(), talk=FREE) as stage:
        assert stage.chat
        fresh(stage, whole, heard(ASKED.capitalize() + "?", None))
        client = await stage.connect()
        say(client, 1152, then_ms=300)
        await client.quiet()
        assert whole.reached.is_set()
        assert [request.messages[-1]["content"] for request in stage.chat.asked] == [ASKED]
        whole.open()
        client.hear(silence(600))
        await client.until("response.done")
        assert len(stage.chat.asked) == 1


async def test_a_reply_to_words_that_were_not_the_last_is_never_seen() -> None:
    whole = Gate()
    async with studio(Chat(), talk=FREE) as stage:
        assert stage.chat
        fresh(stage, whole, heard(f"{ASKED} now", None))
        client = await stage.connect()
        dropped = became("dropped")
        say(client, 1152, then_ms=300)
        await client.quiet()
        whole.open()
        client.hear(silence(600))
        await client.until("response.done")
        assert became("dropped") == dropped + 1
        assert [request.messages[-1]["content"] for request in stage.chat.asked] == [ASKED, f"{ASKED} now"]
        assert len(named(client.log, "response.created")) == 1


async def test_a_lesson_waits_for_the_whole() -> None:
    whole = Gate()
    async with studio() as stage:
        stage.ears.partials, stage.ears.finals = [heard("tea please")], [whole, heard("tea please")]
        client = await stage.connect()
        say(client, 1152, then_ms=300)
        await client.quiet()
        assert whole.reached.is_set()
        assert stage.voice.said == []
        whole.open()
        client.hear(silence(600))
        await client.until("response.done")


# a false endpoint


async def test_speech_before_the_first_sound_joins_the_utterances_in_tutor_v1() -> None:
    async with studio() as stage:
        client = await stage.connect()
        hold = Gate()
        stage.voice.clips = [Clip(entering=hold), Clip()]
        say(client)
        first = await client.until("input_audio_buffer.committed")
        await client.until("tutor.lesson", step=1)
        await client.until("response.created")
        client.hear(speech(600))
        done = await client.until("response.done")
        assert stage.voice.alive == 0
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        assert named(client.log, "conversation.item.deleted")[0]["item_id"] == first["item_id"]
        await client.until("tutor.lesson", step=0)
        client.hear(silence(800))
        second = await client.until("input_audio_buffer.committed")
        await client.until("tutor.lesson", step=1)
        await client.until("response.done")
        assert second["item_id"] != first["item_id"]
        whole = stage.ears.asked[-1]
        assert len(whole.audio) > 2200 * 16
        assert stage.voice.said == ["Here is your tea.", "Here is your tea.", "Do you take sugar?"]


async def test_speech_before_the_first_sound_opens_another_item_in_a_ga_session() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        stage.voice.clips = [Clip(entering=Gate()), Clip()]
        say(client)
        first = await client.until("input_audio_buffer.committed")
        await client.until("response.created")
        say(client)
        done = await client.until("response.done")
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        second = await client.until("input_audio_buffer.committed")
        assert second["item_id"] != first["item_id"]
        await client.until("response.done")
        assert not named(client.log, "conversation.item.deleted")
        assert (await client.retrieve(first["item_id"]))["content"][0]["transcript"] == "tea please"


@pytest.mark.parametrize("tutor", [False, True])
async def test_a_client_may_delete_an_item_whose_transcript_is_still_to_come(tutor: bool) -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=tutor)
        hold = Gate()
        stage.ears.finals = [hold, heard("tea please")]
        say(client)
        committed = await client.until("input_audio_buffer.committed")
        client.send({"type": "conversation.item.delete", "item_id": committed["item_id"]})
        await client.until("conversation.item.deleted")
        hold.open()
        await client.until("response.done")


async def test_a_client_may_delete_an_item_before_it_is_joined_to_the_next() -> None:
    async with studio() as stage:
        client = await stage.connect()
        stage.voice.clips = [Clip(entering=Gate()), Clip()]
        say(client)
        committed = await client.until("input_audio_buffer.committed")
        await client.until("response.created")
        client.send({"type": "conversation.item.delete", "item_id": committed["item_id"]})
        await client.until("conversation.item.deleted")
        say(client)
        await client.until("response.done")
        await client.until("input_audio_buffer.committed")
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"


async def test_after_a_long_silence_the_tutor_takes_the_word() -> None:
    async with studio() as stage:
        client = await stage.connect(tutor=False)
        detection = {"type": "server_vad", "idle_timeout_ms": 5000}
        await stage.configure(client, turn_detection=detection)
        client.send({"type": "response.create"})
        await client.until("response.done")
        timeout = await client.until("input_audio_buffer.timeout_triggered")
        committed = await client.until("input_audio_buffer.committed")
        assert committed["item_id"] == timeout["item_id"]
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
