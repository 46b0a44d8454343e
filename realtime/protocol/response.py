"""The wire form of one reply: news of it in, server events out. It does nothing but keep count.

Every part that was opened is closed again, on cancel and failure too, with what had been produced by then.
"""

import base64
from typing import Literal

from realtime.protocol.config import Config
from realtime.protocol.items import to_wire
from realtime.talk.conversation import Message, Part, Status
from realtime.wire.items import Response, ResponseError, StatusDetails
from realtime.wire.server_events import (
    AudioDelta,
    AudioDone,
    AudioPart,
    AudioTranscriptDelta,
    AudioTranscriptDone,
    ContentPartAdded,
    ContentPartDone,
    ItemAdded,
    ItemDone,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TextDelta,
    TextDone,
    TextPart,
)

Ending = Literal["completed", "cancelled", "failed", "incomplete"]
DELTA_BYTES = 4800  # 100 ms at 24 kHz: small enough for every client's frame limit


class ResponseWire:
    """One response with one message item."""

    def __init__(self, response_id: str, item_id: str, config: Config, conversation_id: str | None) -> None:
        self.id = response_id
        self.item_id = item_id
        self.spoken = config.spoken
        self.message: Message | None = None
        self._config = config
        self._conversation_id = conversation_id
        self._previous: str | None = None
        self._text = ""

    def opened(self) -> list[ServerEvent]:
        return [ResponseCreated(response=self._response("in_progress"))]

    def begin(self, previous_item_id: str | None) -> list[ServerEvent]:
        """The message item and its one part; from here on `message` is an item of the conversation."""
        self._previous = previous_item_id
        self.message = Message(self.item_id, "assistant", (), "in_progress")
        item = to_wire(self.message)
        part = AudioPart() if self.spoken else TextPart()
        return [
            OutputItemAdded(response_id=self.id, item=item),
            ItemAdded(previous_item_id=previous_item_id, item=item),
            ContentPartAdded(response_id=self.id, item_id=self.item_id, part=part),
        ]

    def say(self, text: str) -> list[ServerEvent]:
        """A segment's text; segments are joined by a space."""
        delta = f" {text}" if self._text else text
        self._text += delta
        kind = AudioTranscriptDelta if self.spoken else TextDelta
        return [kind(response_id=self.id, item_id=self.item_id, delta=delta)]

    def sound(self, pcm: bytes) -> list[ServerEvent]:
        """PCM16 at 24 kHz, as deltas of at most 100 ms."""
        return [
            AudioDelta(
                response_id=self.id,
                item_id=self.item_id,
                delta=base64.b64encode(pcm[at : at + DELTA_BYTES]).decode(),
            )
            for at in range(0, len(pcm), DELTA_BYTES)
        ]

    def over(
        self,
        ending: Ending,
        reason: Literal["turn_detected", "client_cancelled", "max_output_tokens"] | None = None,
        error: ResponseError | None = None,
    ) -> list[ServerEvent]:
        """The done-events of whatever is open, then the response's own."""
        closing = self._close_message("completed" if ending == "completed" else "incomplete")
        details = None
        if ending != "completed":
            details = StatusDetails(type=ending, reason=reason, error=error)
        return [*closing, ResponseDone(response=self._response(ending, details))]

    def _close_message(self, status: Status) -> list[ServerEvent]:
        if self.message is None:
            return []
        response_id, item_id = self.id, self.item_id
        part = Part("output_audio" if self.spoken else "output_text", self._text)
        self.message = Message(self.item_id, "assistant", (part,), status)
        item = to_wire(self.message)
        done: list[ServerEvent] = (
            [
                AudioDone(response_id=response_id, item_id=item_id),
                AudioTranscriptDone(response_id=response_id, item_id=item_id, transcript=self._text),
            ]
            if self.spoken
            else [TextDone(response_id=response_id, item_id=item_id, text=self._text)]
        )
        shown = AudioPart(transcript=self._text) if self.spoken else TextPart(text=self._text)
        return [
            *done,
            ContentPartDone(response_id=response_id, item_id=item_id, part=shown),
            ItemDone(previous_item_id=self._previous, item=item),
            OutputItemDone(response_id=self.id, item=item),
        ]

    def _response(
        self, status: Literal["in_progress"] | Ending, details: StatusDetails | None = None
    ) -> Response:
        output = self._config.audio.output
        done = status != "in_progress"
        return Response(
            id=self.id,
            status=status,
            status_details=details,
            conversation_id=self._conversation_id,
            output=(to_wire(self.message),) if done and self.message else (),
            output_modalities=self._config.output_modalities,
            audio={"output": {"format": output.format.model_dump(), "voice": output.voice}},
            max_output_tokens=self._config.max_output_tokens,
        )
