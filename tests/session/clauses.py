"""The clauses of the grammar: what may follow what for an item, an utterance, a response."""

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

Event = dict[str, Any]
TRANSCRIPTION = "conversation.item.input_audio_transcription."
MS_BYTES = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}


@dataclass
class Items:
    """An item is added, then done; once it is deleted nothing names it, until it is created anew."""

    live: dict[str, Literal["added", "done"]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # the deleted ones too

    def is_live(self, item_id: str) -> bool:
        return item_id in self.live

    def take(self, event: Event) -> None:
        kind = event["type"].removeprefix("conversation.item.")
        item_id = event.get("item_id") or event["item"]["id"]
        if kind == "added":
            assert item_id not in self.live, f"{item_id} is added twice"
            before = event.get("previous_item_id")
            assert before is None or before in self.live, (
                f"{item_id} is added after {before}, which is not there"
            )
            self.live[item_id] = "added"
            self.known.add(item_id)
            return
        assert item_id in self.live, f"{event['type']} of {item_id}, which is not there"
        if kind == "done":
            assert self.live[item_id] == "added", f"{item_id} is done twice"
            assert event["item"]["status"] != "in_progress", f"{item_id} is done in progress"
            self.live[item_id] = "done"
        elif kind == "deleted":
            del self.live[item_id]
        else:
            assert kind in ("retrieved", "truncated"), event["type"]


@dataclass
class Words:
    """The transcription of one utterance: deltas join to what completes it."""

    text: str = ""
    over: bool = False


@dataclass
class Utterances:
    """Started, stopped, committed, an item; or never heard of again. `early`: words come before the item."""

    items: Items
    early: bool
    speaking: str | None = None
    expected: list[tuple[str, str]] = field(default_factory=list)  # the next events: type and item
    words: dict[str, Words] = field(default_factory=dict)
    committed: set[str] = field(default_factory=set)
    started_ms: int = 0

    def goes_on(self, event: Event) -> None:
        """Between stopped and the item's done nothing else is said."""
        if self.expected:
            item_id = event.get("item_id") or event.get("item", {}).get("id")
            assert (event["type"], item_id) == self.expected.pop(0), f"{event['type']} comes too early"

    def take(self, event: Event) -> None:
        item_id = event.get("item_id", "")
        kind = event["type"].removeprefix("input_audio_buffer.")
        match kind:
            case "speech_started":
                assert self.speaking is None, f"{item_id} starts while {self.speaking} is open"
                assert item_id not in self.words and not self.items.is_live(item_id), f"{item_id} is not new"
                self.speaking, self.started_ms = item_id, event["audio_start_ms"]
                self.words[item_id] = Words()
            case "speech_stopped":
                assert self.speaking == item_id, f"{item_id} stops, {self.speaking} is open"
                assert event["audio_end_ms"] >= self.started_ms, f"{item_id} stops before it starts"
                self.speaking = None
                self._expect("committed", item_id)
            case "timeout_triggered":
                assert event["audio_end_ms"] >= event["audio_start_ms"], "a timeout that runs backwards"
                self._expect("committed", item_id)
            case "committed":
                assert self.speaking != item_id, f"{item_id} is committed while it is open"
                assert item_id not in self.committed, f"{item_id} is committed twice"
                before = event.get("previous_item_id")
                assert before is None or self.items.is_live(before), f"{item_id} after {before}"
                self.committed.add(item_id)
                self.words.setdefault(item_id, Words())
                self.expected = [("conversation.item.added", item_id), ("conversation.item.done", item_id)]
            case "cleared":
                self.speaking = None
            case _:
                raise AssertionError(event["type"])

    def transcription(self, event: Event) -> None:
        item_id, kind = event["item_id"], event["type"].removeprefix(TRANSCRIPTION)
        assert item_id in self.words, f"{kind} of {item_id}, which nobody said"
        words = self.words[item_id]
        assert not words.over, f"{kind} of {item_id}, whose transcription is over"
        open_now = self.early and self.speaking == item_id
        assert self.items.is_live(item_id) or (kind == "delta" and open_now), f"{kind} of {item_id}: no item"
        if kind == "delta":
            words.text += event["delta"]
            return
        words.over = True
        if kind == "completed":
            assert words.text == event["transcript"], f"{words.text!r} became {event['transcript']!r}"

    def tentative(self, event: Event) -> None:
        item_id = event["item_id"]
        assert self.speaking == item_id or self.items.is_live(item_id), "tentative words that nobody says"
        assert not self.words[item_id].over, "tentative words after the transcript"

    def unfinished(self) -> list[str]:
        """What is shown live is shown to its end; other transcriptions may be switched off on the way."""
        live = self.committed & self.items.live.keys()
        return [id for id in live if self.early and not self.words[id].over]

    def _expect(self, kind: str, item_id: str) -> None:
        self.expected = [(f"input_audio_buffer.{kind}", item_id)]


@dataclass
class Output:
    """An output item that is open."""

    id: str
    type: str
    part: str | None = None  # "audio" or "text", once its part is there
    text: str = ""
    closed: list[str] = field(default_factory=list)  # its done-events, in order


ORDER = {
    "audio": ["output_audio.done", "output_audio_transcript.done", "content_part.done"],
    "text": ["output_text.done", "content_part.done"],
    "call": ["function_call_arguments.done"],
}
DETAILS = {
    "completed": (None,),
    "cancelled": ("turn_detected", "client_cancelled"),
    "incomplete": ("max_output_tokens", "content_filter"),
    "failed": (None,),
}


class Response:
    """Created, its items one after the other, done: and then nothing more of it."""

    def __init__(self, created: Event, items: Items, *, tutor: bool) -> None:
        assert created["status"] == "in_progress" and created["output"] == [], "it is created empty"
        assert created["usage"] is None and created["status_details"] is None, "it is created without an end"
        self.id: str = created["id"]
        self.in_conversation = created["conversation_id"] is not None
        self.over = False
        self.items: list[str] = []
        self.sound_ms: dict[str, float] = {}
        self.clip = ("", -1)
        self._created = created
        self._conversation = items
        self._binary = tutor and self.in_conversation
        self._bytes_a_ms = MS_BYTES[created["audio"]["output"]["format"]["type"]]
        self._open: Output | None = None

    def take(self, event: Event) -> None:
        kind = event["type"].removeprefix("response.")
        assert not self.over, f"{kind} of {self.id}, which is over"
        if kind == "done":
            self._done(event["response"])
        elif kind == "output_item.added":
            self._begin(event)
        else:
            self._within(kind, event)

    def _begin(self, event: Event) -> None:
        item = event["item"]
        assert self._open is None, f"{item['id']} begins inside {self._open}"
        assert event["output_index"] == len(self.items), f"output_index {event['output_index']}"
        assert item["status"] == "in_progress" and not item.get("content") and not item.get("arguments")
        assert item["id"] not in self.items and not self._conversation.is_live(item["id"]), (
            "an item comes twice"
        )
        self.items.append(item["id"])
        self._open = Output(item["id"], item["type"])

    def _within(self, kind: str, event: Event) -> None:
        output = self._open
        assert output, f"{kind} outside an item"
        item_id = event.get("item_id") or event["item"]["id"]
        assert item_id == output.id, f"{kind} of {item_id} inside {output.id}"
        assert event["output_index"] == len(self.items) - 1, (
            f"{kind} with output_index {event['output_index']}"
        )
        added = output.id in self._conversation.known
        assert added == self.in_conversation, f"{kind} of {item_id}, in the conversation: {added}"
        assert event.get("content_index", 0) == 0, f"{kind} with content_index {event['content_index']}"
        if kind == "output_item.done":
            self._end(output, event["item"])
        elif kind == "content_part.added":
            assert output.type == "message" and output.part is None, "a part too many"
            output.part = event["part"]["type"]
            assert output.part in self._created["output_modalities"], f"a part of {output.part}"
            if output.part == "audio":
                self.sound_ms[output.id] = 0
        elif kind.endswith(".delta"):
            self._grow(output, kind, event["delta"])
        else:
            self._close(output, kind, event)

    def _grow(self, output: Output, kind: str, delta: str) -> None:
        assert not output.closed, f"{kind} after {output.closed}"
        whole = {"message": output.part, "function_call": "call"}[output.type]
        fitting = {
            "audio": ("output_audio.delta", "output_audio_transcript.delta"),
            "text": ("output_text.delta",),
            "call": ("function_call_arguments.delta",),
            None: (),
        }[whole]
        assert kind in fitting, f"{kind} in an item of {whole}"
        if kind != "output_audio.delta":
            output.text += delta
            return
        assert not self._binary, "sound in a text frame"
        coded = base64.b64decode(delta)
        assert len(coded) <= 100 * self._bytes_a_ms, f"a delta of {len(coded)} bytes"
        self.sound_ms[output.id] += len(coded) / self._bytes_a_ms

    def _close(self, output: Output, kind: str, event: Event) -> None:
        order = ORDER["call" if output.type == "function_call" else output.part or "text"]
        at = len(output.closed)
        assert order[at : at + 1] == [kind], f"{kind} after {output.closed}"
        output.closed.append(kind)
        text = event.get("part", event)
        said = [text[name] for name in ("transcript", "text", "arguments") if name in text]
        assert said in ([], [output.text]), f"{said} is not {output.text!r}"

    def _end(self, output: Output, item: Event) -> None:
        order = ORDER["call" if output.type == "function_call" else output.part or "text"]
        assert output.closed == order, f"{output.id} ends after {output.closed}"
        assert item["status"] != "in_progress", f"{output.id} ends in progress"
        if self.in_conversation and self._conversation.is_live(output.id):
            assert self._conversation.live[output.id] == "done", (
                f"{output.id} is not done in the conversation"
            )
        self._open = None

    def _done(self, done: Event) -> None:
        assert self._open is None, f"{self.id} is done inside {self._open}"
        assert [item["id"] for item in done["output"]] == self.items, "its output is not its items"
        for name in ("conversation_id", "metadata", "output_modalities"):
            assert done[name] == self._created[name], f"{name} has changed"
        details = done["status_details"] or {}
        assert details.get("reason") in DETAILS[done["status"]], f"{done['status']}: {details}"
        assert (done["status"] == "failed") == ("error" in details), f"{done['status']}: {details}"
        assert done["status"] == "completed" or details["type"] == done["status"]
        self.over = True

    # tutor.v1

    def begin_clip(self, event: Event) -> None:
        assert self._open and event["item_id"] == self._open.id, "a clip of an item that is not open"
        item_id, number = self.clip
        follows = number + 1 if item_id == event["item_id"] else 0
        assert event["clip"] == follows, f"clip {event['clip']} after {self.clip}"
        self.clip = (event["item_id"], event["clip"])

    def sound(self, ms: float) -> None:
        """A binary frame."""
        output = self._open
        assert output and output.part == "audio" and not output.closed, "sound outside a part"
        assert output.id == self.clip[0], "sound without a clip"
        self.sound_ms[output.id] += ms
