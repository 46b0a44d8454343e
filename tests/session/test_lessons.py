"""The learner's settings: which lesson, its hints, its end."""

from realtime.tutor.persona import persona
from tests.session.client import named
from tests.session.scripted import heard
from tests.session.studio import say, silence, speech, studio


async def test_a_lesson_is_chosen_and_begins_at_its_start() -> None:
    async with studio() as stage:
        client = await stage.connect()
        say(client)
        await client.until("tutor.lesson", lesson="tea", step=1)
        await client.until("response.done")
        client.send({"type": "tutor.settings", "lesson": "milk", "mother_tongue": "es"})
        chosen = await client.until("tutor.lesson", lesson="milk")
        assert (chosen["step"], chosen["steps"], chosen["finished"]) == (0, 2, False)


async def test_an_unknown_lesson_is_refused_and_the_old_one_goes_on() -> None:
    async with studio() as stage:
        client = await stage.connect()
        client.send({"type": "tutor.settings", "lesson": "coffee", "event_id": "mine"})
        error = (await client.until("error"))["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("unknown_lesson", "lesson", "mine")
        say(client)
        await client.until("tutor.lesson", lesson="tea", step=1)
        await client.until("response.done")


async def test_a_hint_is_given_for_the_step_where_the_learner_is() -> None:
    async with studio() as stage:
        client = await stage.connect()
        client.send({"type": "tutor.hint"})
        hint = await client.until("tutor.hint")
        assert hint["hint"] == {"en": "Ask for tea.", "es": "Pide té."}
        assert hint["line"] == {"en": "What would you like?", "es": "¿Qué quieres?"}
        say(client)
        await client.until("response.done")
        client.send({"type": "tutor.hint"})
        hint = await client.until("tutor.hint")
        assert hint["hint"]["en"] == "Say yes."


async def test_a_lesson_is_led_to_its_end() -> None:
    async with studio() as stage:
        client = await stage.connect()
        for answer in ("tea please", "yes please"):
            stage.ears.finals = [heard(answer)]
            say(client)
            done = await client.until("response.done")
            client.play(done["response"]["output"][0]["id"], 900)
            await client.quiet()
        assert [note["verdict"] for note in named(client.log, "tutor.feedback")] == ["right", "right"]
        assert named(client.log, "tutor.lesson")[-1]["finished"]
        assert stage.voice.said[-1] == "Goodbye, and come back soon."


async def test_two_learners_do_not_share_a_lesson() -> None:
    async with studio() as stage:
        one, other = await stage.connect(), await stage.connect()
        say(one)
        await one.until("tutor.lesson", step=1)
        other.send({"type": "tutor.settings", "mother_tongue": "es"})
        assert (await other.until("tutor.lesson"))["step"] == 0


async def test_the_learners_pace_and_level_are_kept() -> None:
    async with studio() as stage:
        client = await stage.connect()
        await client.configured(instructions=persona("A2", "es"))
        client.send({"type": "tutor.settings", "level": "B1", "mother_tongue": "en", "speech_rate": 0.75})
        session = await client.configured()
        assert session["audio"]["output"]["speed"] == 0.75
        assert session["instructions"] == persona("B1", "en")
        await client.configured(instructions="Be a pirate.")
        client.send({"type": "tutor.settings", "level": "A1"})
        assert (await client.configured())["instructions"] == "Be a pirate."


async def test_a_beginner_is_waited_for_longer() -> None:
    async with studio() as stage:
        ends_ms: list[int] = []
        for level in ("A1", "B1"):
            client = await stage.connect()
            client.send({"type": "tutor.settings", "patience": "high", "level": level})
            client.hear(speech(800) + silence(2500))
            ends_ms.append((await client.until("input_audio_buffer.speech_stopped"))["audio_end_ms"])
        beginner_ms, other_ms = ends_ms
        assert beginner_ms > other_ms


async def test_a_patient_tutor_waits_longer() -> None:
    async with studio() as stage:
        client = await stage.connect()
        client.send({"type": "tutor.settings", "patience": "high"})
        client.hear(speech(800) + silence(700) + speech(800) + silence(1300))
        await client.until("response.done")
        assert len(named(client.log, "input_audio_buffer.committed")) == 1
