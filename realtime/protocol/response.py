"""The wire form of one reply: news of it in, server events out. It does nothing but keep count.

Every item and part that was opened is closed again, on cancel and failure too, with what had been produced.
"""

from dataclasses import replace
from typing import Literal

import pybase64

from realtime.protocol.items import to_wire
from realtime.protocol.request import Asked
from realtime.talk.conversation import Call, Entry, Message, Part, Status
from realtime.talk.tokens import Tokens
from realtime.wire.items import Response, ResponseError, StatusDetails, Usage
from realtime.wire.server_events import (
    ArgumentsDelta,
    ArgumentsDone,
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
Reason = Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]
DELTA_MS = 100  # of audio in one delta: small enough for every client's frame limit


class ResponseWire:
    """One response and its items, one open at a time. Out of band its items belong to no conversation."""

    def __init__(self, response_id: str, conversation_id: str, asked: Asked) -> None:
        self.id = response_id
        self.asked = asked
        self.entries: list[Entry] = []
        self.open: Entry | None = None
        self.ending: Ending | None = None
        self._conversation_id = None if asked.aside else conversation_id
        self._previous: str | None = None

    @property
    def spoken(self) -> bool:
        return self.asked.config.spoken

    def opened(self) -> list[ServerEvent]:
        return [ResponseCreated(response=self._response("in_progress"))]

    def begin_message(self, item_id: str, previous_item_id: str | None) -> list[ServerEvent]:
        """A message with its one part. An item that is open is closed before."""
        closed = self.end_item()
        kind = "output_audio" if self.spoken else "output_text"
        added = self._add(Message(item_id, "assistant", (), "in_progress"), previous_item_id)
        self.open = Message(item_id, "assistant", (Part(kind, ""),), "in_progress")
        part = AudioPart() if self.spoken else TextPart()
        shown = ContentPartAdded(response_id=self.id, output_index=self._index, item_id=item_id, part=part)
        return [*closed, *added, shown]

    def begin_call(
        self, item_id: str, previous_item_id: str | None, call_id: str, name: str
    ) -> list[ServerEvent]:
        closed = self.end_item()
        self.open = Call(item_id, call_id, name, "", "in_progress")
        return [*closed, *self._add(self.open, previous_item_id)]

    def say(self, text: str) -> list[ServerEvent]:
        """More text of the open message, exactly as it is to be joined."""
        if not isinstance(self.open, Message):
            return []
        part = self.open.parts[0]
        self.open = replace(self.open, parts=(replace(part, text=f"{part.text}{text}"),))
        kind = AudioTranscriptDelta if self.spoken else TextDelta
        return [kind(response_id=self.id, output_index=self._index, item_id=self.open.id, delta=text)]

    def sound(self, coded: bytes, delta_bytes: int) -> list[ServerEvent]:
        """Audio in the output format, as deltas of at most `delta_bytes`."""
        item_id = self.open.id if self.open else ""
        return [
            AudioDelta(
                response_id=self.id,
                output_index=self._index,
                item_id=item_id,
                delta=pybase64.b64encode_as_string(coded[at : at + delta_bytes]),
            )
            for at in range(0, len(coded), delta_bytes)
        ]

    def argue(self, arguments: str) -> list[ServerEvent]:
        """More of the open call's arguments."""
        if not isinstance(self.open, Call) or not arguments:
            return []
        call = self.open = replace(self.open, arguments=self.open.arguments + arguments)
        return [
            ArgumentsDelta(
                response_id=self.id,
                output_index=self._index,
                item_id=call.id,
                call_id=call.call_id,
                delta=arguments,
            )
        ]

    def end_item(self, status: Status = "completed") -> list[ServerEvent]:
        """The done-events of the open item, if one is open."""
        match self.open:
            case Message() as message:
                self.open = replace(message, status=status)
                done = self._message_done(message)
            case Call() as call:
                self.open = replace(call, status=status)
                done = self._call_done(call)
            case _:
                return []
        index, item = self._index, to_wire(self.open)
        self.entries.append(self.open)
        self.open = None
        told = [] if self.asked.aside else [ItemDone(previous_item_id=self._previous, item=item)]
        return [*done, *told, OutputItemDone(response_id=self.id, output_index=index, item=item)]

    def over(
        self,
        ending: Ending,
        reason: Reason | None = None,
        error: ResponseError | None = None,
        usage: Tokens | None = None,
    ) -> list[ServerEvent]:
        """The done-events of whatever is open, then the response's own."""
        closing = self.end_item("completed" if ending == "completed" else "incomplete")
        details = None
        if ending != "completed":
            details = StatusDetails(type=ending, reason=reason, error=error)
        self.ending = ending
        return [*closing, ResponseDone(response=self._response(ending, details, _usage(usage)))]

    @property
    def _index(self) -> int:
        return len(self.entries)

    def _add(self, entry: Entry, previous_item_id: str | None) -> list[ServerEvent]:
        self._previous = previous_item_id
        item = to_wire(entry)
        added = OutputItemAdded(response_id=self.id, output_index=self._index, item=item)
        if self.asked.aside:
            return [added]
        return [added, ItemAdded(previous_item_id=previous_item_id, item=item)]

    def _message_done(self, message: Message) -> list[ServerEvent]:
        response_id, index, item_id, text = self.id, self._index, message.id, message.parts[0].text or ""
        done: list[ServerEvent] = (
            [
                AudioDone(response_id=response_id, output_index=index, item_id=item_id),
                AudioTranscriptDone(
                    response_id=response_id, output_index=index, item_id=item_id, transcript=text
                ),
            ]
            if self.spoken
            else [TextDone(response_id=response_id, output_index=index, item_id=item_id, text=text)]
        )
        part = AudioPart(transcript=text) if self.spoken else TextPart(text=text)
        closed = ContentPartDone(response_id=response_id, output_index=index, item_id=item_id, part=part)
        return [*done, closed]

    def _call_done(self, call: Call) -> list[ServerEvent]:
        return [
            ArgumentsDone(
                response_id=self.id,
                output_index=self._index,
                item_id=call.id,
                call_id=call.call_id,
                name=call.name,
                arguments=call.arguments,
            )
        ]

    def _response(
        self,
        status: Literal["in_progress"] | Ending,
        details: StatusDetails | None = None,
        usage: Usage | None = None,
    ) -> Response:
        config = self.asked.config
        output = config.audio.output
        audio = {"output": {"format": output.format.model_dump(), "voice": output.voice}}
        return Response(
            id=self.id,
            status=status,
            status_details=details,
            conversation_id=self._conversation_id,
            output=tuple(to_wire(entry) for entry in self.entries),
            output_modalities=config.output_modalities,
            audio=audio,
            max_output_tokens=config.max_output_tokens,
            metadata=self.asked.metadata,
            usage=usage,
        )


def _usage(tokens: Tokens | None) -> Usage | None:
    """A cascade's chat model reads and writes text only. None where the server does not count."""
    if tokens is None:
        return None
    read, written, cached = tokens
    details = {"text_tokens": read, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": cached}
    return Usage(
        total_tokens=read + written,
        input_tokens=read,
        output_tokens=written,
        input_token_details=details,
        output_token_details={"text_tokens": written, "audio_tokens": 0},
    )
