"""The order of a session's server events, told once: fed them, it raises at the first wrong one.

It knows nothing of the server; an AssertionError says which rule was broken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.session.clauses import Event, Items, Response, Utterances


@dataclass
class Again:
    """What is said again: its sound, or less where it is broken off."""

    left_ms: float

    def sound(self, ms: float) -> None:
        self.left_ms -= ms
        assert self.left_ms > -1, "more sound than was told"


@dataclass
class Trace:
    """One connection. `tutor`: it speaks tutor.v1; `sent`: the ids of the client's events."""

    tutor: bool
    sent: set[str] = field(default_factory=set[str])
    events: int = 0

    def __post_init__(self) -> None:
        self._ids: set[str] = set()
        self._items = Items()
        self._utterances = Utterances(self._items, early=self.tutor)
        self._responses: dict[str, Response] = {}
        self._timed: set[str] = set()  # responses whose latency was told
        self._ducked = False
        self.transcribes = False
        self._clip: Response | Again | None = None  # whose sound the binary frames are
        self._rules: dict[str, Callable[[Event], None]] = {
            "session": self._session,
            "error": self._error,
            "input_audio_buffer": self._utterances.take,
            "conversation": self._conversation,
            "response": self._response,
            "tutor": self._tutor,
        }

    @property
    def active(self) -> str | None:
        """The conversation's response that is not over."""
        return next((id for id, one in self._responses.items() if one.in_conversation and not one.over), None)

    @property
    def open_responses(self) -> list[str]:
        return [id for id, one in self._responses.items() if not one.over]

    @property
    def items(self) -> list[str]:
        return list(self._items.live)

    def at_rest(self) -> None:
        """All that was begun has ended."""
        assert not self.open_responses, f"{self.open_responses} do not end"
        assert all(state == "done" for state in self._items.live.values()), "an item is never done"
        assert not self._ducked, "the tutor stays quiet"
        assert not self._utterances.unfinished(), "a transcription never ends"

    def take(self, message: Event | bytes) -> None:
        if isinstance(message, bytes):
            assert self.tutor, "a binary frame in a GA session"
            assert self._clip, "a binary frame without a clip"
            self._clip.sound(len(message) / 48)
            return
        self.events += 1
        kind = message["type"]
        assert (kind == "session.created") == (self.events == 1), f"{kind} as event {self.events}"
        assert message["event_id"] not in self._ids, f"event id {message['event_id']} twice"
        self._ids.add(message["event_id"])
        if kind != "error":
            self._utterances.goes_on(message)
        self._rules[kind.split(".")[0]](message)

    def _session(self, event: Event) -> None:
        session = event["session"]
        assert session["id"]
        self.transcribes = session["type"] == "transcription"
        self._utterances.early = self.tutor or self.transcribes

    def _error(self, event: Event) -> None:
        error = event["error"]
        assert error["type"] and error["message"], "an error without a reason"
        assert error.get("event_id") in {None, *self.sent}, f"no client event is {error['event_id']}"

    def _conversation(self, event: Event) -> None:
        if "input_audio_transcription" in event["type"]:
            self._utterances.transcription(event)
            return
        item_id = event.get("item_id") or event["item"]["id"]
        asides = [one for one in self._responses.values() if not one.in_conversation]
        assert all(item_id not in one.items for one in asides), f"{item_id} is of an out-of-band response"
        if event["type"] == "conversation.item.truncated":
            sounds = [one.sound_ms[item_id] for one in self._responses.values() if item_id in one.sound_ms]
            assert sounds, f"{item_id} was never spoken"
            assert 0 <= event["audio_end_ms"] <= sounds[0] + 1, "truncated beyond what was sent"
        self._items.take(event)

    def _response(self, event: Event) -> None:
        if event["type"] == "response.created":
            response = Response(event["response"], self._items, tutor=self.tutor)
            assert response.id not in self._responses, f"{response.id} is created twice"
            assert not (response.in_conversation and self.active), f"{response.id} beside {self.active}"
            self._responses[response.id] = response
            return
        response_id = event.get("response_id") or event["response"]["id"]
        assert response_id in self._responses, f"{event['type']} of {response_id}, which was not created"
        self._responses[response_id].take(event)

    def _tutor(self, event: Event) -> None:
        assert self.tutor, f"{event['type']} in a GA session"
        match event["type"]:
            case "tutor.clip":
                self._clip = response = self._responses[event["response_id"]]
                response.begin_clip(event)
            case "tutor.again":
                assert not self.active, "said again beside a response"
                assert any(event["item_id"] in one.sound_ms for one in self._responses.values()), "of no item"
                self._clip = Again(event["samples"] / 24)
            case "tutor.caption":
                clip = self._clip.clip if isinstance(self._clip, Response) else None
                assert (event["item_id"], event["clip"]) == clip, "no such clip"
            case "tutor.duck":
                assert event["on"] != self._ducked, f"duck {event['on']} twice"
                self._ducked = event["on"]
            case "tutor.transcript.tentative":
                self._utterances.tentative(event)
            case "tutor.feedback":
                assert self._items.is_live(event["item_id"]), "feedback on no item"
            case "tutor.latency":
                response_id = event["response_id"]
                assert self._responses[response_id].in_conversation, "the latency of what is out of band"
                assert response_id not in self._timed, "the latency of a reply twice"
                self._timed.add(response_id)
