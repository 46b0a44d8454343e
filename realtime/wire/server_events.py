"""What the server says: the OpenAI Realtime GA events, and those that `tutor.v1` adds.

`event_id` is given by the link when the event leaves, so events are plain values until then.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from realtime.wire.items import Item, Response
from realtime.wire.model import KEEP_NULL, Wire


class ServerEvent(Wire):
    event_id: str = ""


class Error(Wire):
    type: str = "invalid_request_error"
    code: Annotated[str | None, KEEP_NULL] = None
    message: str
    param: Annotated[str | None, KEEP_NULL] = None
    event_id: Annotated[str | None, KEEP_NULL] = None


class ErrorEvent(ServerEvent):
    type: Literal["error"] = "error"
    error: Error


class SessionCreated(ServerEvent):
    type: Literal["session.created"] = "session.created"
    session: dict[str, Any]


class SessionUpdated(ServerEvent):
    type: Literal["session.updated"] = "session.updated"
    session: dict[str, Any]


# the input buffer


class SpeechStarted(ServerEvent):
    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent):
    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    audio_end_ms: int
    item_id: str


class Committed(ServerEvent):
    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: Annotated[str | None, KEEP_NULL] = None


class Cleared(ServerEvent):
    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class TimeoutTriggered(ServerEvent):
    type: Literal["input_audio_buffer.timeout_triggered"] = "input_audio_buffer.timeout_triggered"
    audio_start_ms: int
    audio_end_ms: int
    item_id: str


# conversation items


class ItemAdded(ServerEvent):
    type: Literal["conversation.item.added"] = "conversation.item.added"
    previous_item_id: Annotated[str | None, KEEP_NULL] = None
    item: Item


class ItemDone(ServerEvent):
    type: Literal["conversation.item.done"] = "conversation.item.done"
    previous_item_id: Annotated[str | None, KEEP_NULL] = None
    item: Item


class ItemRetrieved(ServerEvent):
    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: Item


class ItemDeleted(ServerEvent):
    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


class ItemTruncated(ServerEvent):
    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str
    content_index: int
    audio_end_ms: int


class TranscriptionDelta(ServerEvent):
    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str


class DurationUsage(Wire):
    type: Literal["duration"] = "duration"
    seconds: float


class TranscriptionCompleted(ServerEvent):
    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage


class TranscriptionError(Wire):
    type: str
    code: str
    message: str


class TranscriptionFailed(ServerEvent):
    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: TranscriptionError


# a response


class ResponseCreated(ServerEvent):
    type: Literal["response.created"] = "response.created"
    response: Response


class ResponseDone(ServerEvent):
    type: Literal["response.done"] = "response.done"
    response: Response


class InResponse(ServerEvent):
    response_id: str
    output_index: int = 0


class InPart(InResponse):
    item_id: str
    content_index: int = 0


class OutputItemAdded(InResponse):
    type: Literal["response.output_item.added"] = "response.output_item.added"
    item: Item


class OutputItemDone(InResponse):
    type: Literal["response.output_item.done"] = "response.output_item.done"
    item: Item


class AudioPart(Wire):
    type: Literal["audio"] = "audio"
    transcript: str = ""


class TextPart(Wire):
    type: Literal["text"] = "text"
    text: str = ""


Part = Annotated[AudioPart | TextPart, Field(discriminator="type")]


class ContentPartAdded(InPart):
    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: Part


class ContentPartDone(InPart):
    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: Part


class TextDelta(InPart):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


class TextDone(InPart):
    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


class AudioDelta(InPart):
    type: Literal["response.output_audio.delta"] = "response.output_audio.delta"
    delta: str


class AudioDone(InPart):
    type: Literal["response.output_audio.done"] = "response.output_audio.done"


class AudioTranscriptDelta(InPart):
    type: Literal["response.output_audio_transcript.delta"] = "response.output_audio_transcript.delta"
    delta: str


class AudioTranscriptDone(InPart):
    type: Literal["response.output_audio_transcript.done"] = "response.output_audio_transcript.done"
    transcript: str


class ArgumentsDelta(InResponse):
    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    item_id: str
    call_id: str
    delta: str


class ArgumentsDone(InResponse):
    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    item_id: str
    call_id: str
    name: str
    arguments: str


# tutor.v1


class TutorClip(ServerEvent):
    """The binary frames that follow, PCM16 mono, are this clip's, until the next clip is announced."""

    type: Literal["tutor.clip"] = "tutor.clip"
    response_id: str
    item_id: str
    clip: int
    text: str
    sample_rate: int = 24000


class TutorAgain(ServerEvent):
    """The tutor's last sentence once more. The binary frames that follow, PCM16 mono, are its: `samples` in
    all, or fewer where somebody takes the floor. It is no reply, and the conversation does not know of it.

    It was said in item `item_id`, from `start_ms` on; `speed` 1 is as it was said.
    """

    type: Literal["tutor.again"] = "tutor.again"
    item_id: str
    text: str
    start_ms: int
    speed: float
    samples: int
    sample_rate: int = 24000


class CaptionWord(Wire):
    """Times count from the start of the clip."""

    text: str
    start_ms: int
    end_ms: int


class TutorCaption(ServerEvent):
    type: Literal["tutor.caption"] = "tutor.caption"
    item_id: str
    clip: int
    words: tuple[CaptionWord, ...]


class TutorTentative(ServerEvent):
    """The unstable tail of what the learner is saying; it replaces the tail sent before."""

    type: Literal["tutor.transcript.tentative"] = "tutor.transcript.tentative"
    item_id: str
    text: str


class TutorDuck(ServerEvent):
    """Play quietly (`on`) or at full volume again: the learner may be about to interrupt."""

    type: Literal["tutor.duck"] = "tutor.duck"
    on: bool


class TutorLesson(ServerEvent):
    """Where the learner is in the lesson; `lesson: ""` outside one."""

    type: Literal["tutor.lesson"] = "tutor.lesson"
    lesson: str
    title: str = ""
    step: int = 0
    steps: int = 0
    finished: bool = False


class SpokenCorrection(Wire):
    """`said` stands in the item's transcript, for which `better` is said; `sentence` is the whole sentence
    corrected, `note` says why, by language."""

    rule: str
    said: str
    better: str
    sentence: str
    note: dict[str, str]


class TutorFeedback(ServerEvent):
    """What became of the learner's answer, shown beside item `item_id`: a lesson's verdict before the reply's
    first clip, `corrections` after its first sound. The verdict is "correction" where no lesson gave one.

    `said` is the mistaken form and `better` the right one when `verdict` is "mistake".
    """

    type: Literal["tutor.feedback"] = "tutor.feedback"
    item_id: str
    verdict: Literal["right", "mistake", "unclear", "off_script", "silence", "correction"]
    said: str | None = None
    better: str | None = None
    note: dict[str, str] = Field(default_factory=dict[str, str])
    corrections: tuple[SpokenCorrection, ...] = ()


class TutorHint(ServerEvent):
    """The step's hint, and what the tutor last asked, by language code."""

    type: Literal["tutor.hint"] = "tutor.hint"
    hint: dict[str, str]
    line: dict[str, str] = Field(default_factory=dict[str, str])


class TutorSummary(ServerEvent):
    """A lesson is over: how many of the questions that were answered were answered well in the end, and one
    sentence to take home.

    `said` is what the learner said instead of `learnt` at first. `link` is what `qr`, an image, holds.
    """

    type: Literal["tutor.summary"] = "tutor.summary"
    lesson: str
    right: int
    answers: int
    learnt: str | None = None
    said: str | None = None
    note: dict[str, str]
    link: str
    qr: str


Kind = Literal["voice", "commit", "request"]
Stage = Literal[
    "endpoint",
    "transcript",
    "first_token",
    "first_segment",
    "first_audio_made",
    "first_audio_out",
    "first_audio_played",
]


class TutorLatency(ServerEvent):
    """Milliseconds after the end of speech at which each stage of a reply was reached. `kind`: where that end
    is: `voice`: the learner fell silent; `commit`: the client said so; `request`: there was no speech."""

    type: Literal["tutor.latency"] = "tutor.latency"
    response_id: str
    kind: Kind
    stages: dict[Stage, int]


class TutorResumed(ServerEvent):
    """The talk goes on: all that was said in it, and where the lesson stands."""

    type: Literal["tutor.resumed"] = "tutor.resumed"
    session: dict[str, Any]
    items: tuple[Item, ...]
    lesson: TutorLesson | None = None


AnyServerEvent = Annotated[
    ErrorEvent
    | SessionCreated
    | SessionUpdated
    | SpeechStarted
    | SpeechStopped
    | Committed
    | Cleared
    | TimeoutTriggered
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | TextDelta
    | TextDone
    | AudioDelta
    | AudioDone
    | AudioTranscriptDelta
    | AudioTranscriptDone
    | ArgumentsDelta
    | ArgumentsDone
    | TutorClip
    | TutorAgain
    | TutorCaption
    | TutorTentative
    | TutorDuck
    | TutorLesson
    | TutorFeedback
    | TutorHint
    | TutorSummary
    | TutorLatency
    | TutorResumed,
    Field(discriminator="type"),
]
