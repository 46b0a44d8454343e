"""The Python package `openai`, unchanged, on a running server."""

import base64
from typing import Any

import pytest

from tests.clients.caller import calling, client
from tests.clients.stage import HEARD, RATE, script, silence, utterance
from tests.serving import Served

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a town.",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
}
TRANSCRIBED = {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}
MANUAL = {"input": {"transcription": {"model": "whisper-1"}, "turn_detection": None}}
LONG = " ".join(["and one more word"] * 20)


async def test_a_text_turn(server: Served) -> None:
    async with calling(server) as caller:
        session = await caller.configure(output_modalities=["text"], instructions="Be brief.")
        assert session.instructions == "Be brief."
        assert session.audio.input.turn_detection.interrupt_response is True
        del caller.log[:]
        asked = await caller.write("good morning")
        response = await caller.ask()
        assert response.status == "completed"
        assert response.output[0].content[0].text == "You said: good morning"
        deltas = [event.delta for event in caller.log if event.type == "response.output_text.delta"]
        assert "".join(deltas) == "You said: good morning"
        added = [event for event in caller.log if event.type == "conversation.item.added"]
        assert [event.previous_item_id for event in added] == [None, asked]
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


async def test_a_spoken_turn_by_server_vad(server: Served) -> None:
    async with calling(server) as caller:
        await caller.configure(audio=TRANSCRIBED)
        await caller.speak(utterance())
        response = await caller.answer()
        assert response.output[0].content[0].transcript == f"You said: {HEARD}"
        assert len(caller.sound(response.output[0].id)) > 24_000
        order = [kind for kind in caller.kinds() if kind in _SPOKEN_TURN]
        assert order == list(_SPOKEN_TURN)
        transcribed = next(event for event in caller.log if event.type == _SPOKEN_TURN[4])
        assert transcribed.transcript == HEARD


_SPOKEN_TURN = (
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "response.created",
    "response.done",
)


async def test_a_spoken_turn_by_semantic_vad(server: Served) -> None:
    detection = {"type": "semantic_vad", "eagerness": "high"}
    async with calling(server) as caller:
        session = await caller.configure(audio={"input": {"turn_detection": detection}})
        assert session.audio.input.turn_detection.eagerness == "high"
        await caller.speak(utterance())
        assert (await caller.answer()).output[0].content[0].transcript == f"You said: {HEARD}"
        assert "conversation.item.input_audio_transcription.completed" not in caller.kinds()


async def test_push_to_talk(server: Served) -> None:
    async with calling(server) as caller:
        session = await caller.configure(audio=MANUAL)
        assert session.audio.input.turn_detection is None
        await caller.connection.input_audio_buffer.commit(event_id="mine")
        refused = (await caller.until("error")).error
        assert (refused.code, refused.event_id) == ("input_audio_buffer_commit_empty", "mine")
        await caller.speak(utterance())
        await caller.connection.input_audio_buffer.commit()
        await caller.until("input_audio_buffer.committed")
        await caller.until("conversation.item.input_audio_transcription.completed")
        assert "response.created" not in caller.kinds()
        assert (await caller.ask()).output[0].content[0].transcript == f"You said: {HEARD}"
        assert "input_audio_buffer.speech_started" not in caller.kinds()


async def test_a_commit_takes_what_voice_activity_left(server: Served) -> None:
    async with calling(server) as caller:
        await caller.speak(silence(1000))
        await caller.connection.input_audio_buffer.commit()
        committed = await caller.until("input_audio_buffer.committed")
        done = await caller.until("conversation.item.done")
        assert done.item.id == committed.item_id
        await caller.connection.input_audio_buffer.commit()
        assert (await caller.until("error")).error.code == "input_audio_buffer_commit_empty"
        assert "response.created" not in caller.kinds()


async def test_a_recording_is_put_into_the_conversation(server: Served) -> None:
    async with calling(server) as caller:
        await caller.configure(audio=TRANSCRIBED)
        sound = base64.b64encode(utterance()).decode()
        content = [{"type": "input_audio", "audio": sound}]
        message: Any = {"id": "mine", "type": "message", "role": "user", "content": content}
        await caller.connection.conversation.item.create(item=message)
        response = await caller.ask()
        assert response.output[0].content[0].transcript == f"You said: {HEARD}"
        completed = next(event for event in caller.log if event.type == _SPOKEN_TURN[4])
        assert (completed.item_id, completed.transcript) == ("mine", HEARD)
        await caller.connection.conversation.item.retrieve(item_id="mine")
        part = (await caller.until("conversation.item.retrieved")).item.content[0]
        assert part.transcript == HEARD
        assert len(part.audio) == pytest.approx(len(sound), rel=0.01)


async def test_a_tool_turn(server: Served) -> None:
    async with calling(server) as caller:
        await caller.configure(output_modalities=["text"], tools=[WEATHER], tool_choice="auto")
        await caller.write("please call weather")
        call = (await caller.ask()).output[0]
        assert (call.type, call.name, call.arguments) == ("function_call", "weather", '{"town": "Madrid"}')
        pieces = [e.delta for e in caller.log if e.type == "response.function_call_arguments.delta"]
        assert "".join(pieces) == call.arguments
        await caller.connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        )
        assert (await caller.ask()).output[0].content[0].text == "The answer is sunny."


async def test_the_learner_interrupts(server: Served) -> None:
    async with calling(server) as caller:
        await caller.configure(audio=TRANSCRIBED)
        await caller.write(LONG)
        await caller.connection.response.create()
        sounding = await caller.until("response.output_audio.delta")
        while len(caller.sound(sounding.item_id)) < 2 * RATE:
            await caller.until("response.output_audio.delta")
        await caller.speak(utterance())
        cut = await caller.answer()
        assert (cut.status, cut.status_details.reason) == ("cancelled", "turn_detected")
        await caller.connection.conversation.item.truncate(
            item_id=sounding.item_id, content_index=0, audio_end_ms=900
        )
        truncated = await caller.until("conversation.item.truncated")
        assert (truncated.item_id, truncated.audio_end_ms) == (sounding.item_id, 900)
        after = len(caller.log)
        response = await caller.answer()
        assert response.output[0].content[0].transcript == f"You said: {HEARD}"
        assert not [e for e in caller.log[after:] if getattr(e, "response_id", None) == cut.id]
        said = script(server)["requests"][-1]["messages"]
        unheard = next(message["content"] for message in said if message["role"] == "assistant")
        assert len(unheard.split()) <= 4  # 400 ms a word


async def test_a_cancelled_response(server: Served) -> None:
    async with calling(server) as caller:
        await caller.write(LONG)
        await caller.connection.response.create()
        await caller.until("response.output_audio.delta")
        await caller.connection.response.create(event_id="second")
        refused = (await caller.until("error")).error
        assert refused.code == "conversation_already_has_active_response"
        assert refused.event_id == "second"
        await caller.connection.response.cancel()
        cut = await caller.answer()
        assert (cut.status, cut.status_details.reason) == ("cancelled", "client_cancelled")
        await caller.connection.response.cancel()
        refused = (await caller.until("error")).error
        assert refused.code == "response_cancel_not_active"
        assert refused.message.startswith("Cancellation failed")


async def test_a_response_out_of_band(server: Served) -> None:
    async with calling(server) as caller:
        kept = await caller.write("the first")
        response = await caller.ask(
            conversation="none",
            output_modalities=["text"],
            metadata={"topic": "summary"},
            input=[{"type": "item_reference", "id": kept}],
        )
        assert response.conversation_id is None
        assert response.metadata == {"topic": "summary"}
        assert response.output[0].content[0].text == "You said: the first"
        await caller.connection.conversation.item.retrieve(item_id=response.output[0].id)
        assert (await caller.until("error")).error.code == "item_retrieve_invalid_item_id"


async def test_a_response_that_may_not_go_on(server: Served) -> None:
    async with calling(server) as caller:
        await caller.write(LONG)
        response = await caller.ask(max_output_tokens=3, output_modalities=["text"])
        assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")
        assert response.output[0].content[0].text == "You said: and"
        assert response.output[0].status == "incomplete"


async def test_a_transcription_session(server: Served) -> None:
    async with calling(server, extra_query={"intent": "transcription"}) as caller:
        assert caller.log[0].session.type == "transcription"
        await caller.connection.session.update(
            session={"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        )
        await caller.until("session.updated")
        await caller.speak(utterance())
        completed = await caller.until("conversation.item.input_audio_transcription.completed")
        assert completed.transcript == HEARD
        deltas = [e.delta for e in caller.log if e.type.endswith("transcription.delta")]
        assert "".join(deltas) == HEARD
        await caller.connection.response.create()
        await caller.until("error")
        assert "response.created" not in caller.kinds()


async def test_items_are_retrieved_with_their_audio(server: Served) -> None:
    said = utterance()
    async with calling(server) as caller:
        await caller.configure(audio=TRANSCRIBED)
        await caller.speak(said)
        response = await caller.answer()
        mine = next(event for event in caller.log if event.type == "input_audio_buffer.committed").item_id
        for item_id, text in ((mine, HEARD), (response.output[0].id, f"You said: {HEARD}")):
            await caller.connection.conversation.item.retrieve(item_id=item_id)
            part = (await caller.until("conversation.item.retrieved")).item.content[0]
            assert part.transcript == text
            assert len(base64.b64decode(part.audio)) > 24_000
        assert base64.b64decode(part.audio) == caller.sound(response.output[0].id)


async def test_an_item_that_is_being_spoken_is_retrieved(server: Served) -> None:
    async with calling(server) as caller:
        await caller.write(LONG)
        await caller.connection.response.create()
        sounding = await caller.until("response.output_audio.delta")
        await caller.connection.conversation.item.retrieve(item_id=sounding.item_id)
        item = (await caller.until("conversation.item.retrieved")).item
        assert (item.status, item.role) == ("in_progress", "assistant")
        assert item.content[0].transcript.startswith("You said:")


async def test_a_client_secret(server: Served) -> None:
    async with client(server) as openai:
        session: dict[str, object] = {"type": "realtime", "instructions": "Only in Latin."}
        secret = await openai.realtime.client_secrets.create(session=session)  # pyright: ignore
        assert secret.value.startswith("ek_")
        assert secret.session.type == "realtime"
    async with calling(server, key=secret.value) as caller:
        assert caller.log[0].session.instructions == "Only in Latin."
        await caller.speak(silence(100))
        assert (await caller.ask(output_modalities=["text"])).status == "completed"
