"""Conversation items and responses in their wire form (OpenAI Realtime GA)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from realtime.wire.model import KEEP_NULL, Wire

Status = Literal["in_progress", "completed", "incomplete"]


class InputText(Wire):
    type: Literal["input_text"] = "input_text"
    text: str


class InputAudio(Wire):
    """The transcript is null until it is known; its key is always there."""

    type: Literal["input_audio"] = "input_audio"
    audio: str | None = None
    transcript: Annotated[str | None, KEEP_NULL] = None


class OutputText(Wire):
    type: Literal["output_text"] = "output_text"
    text: str


class OutputAudio(Wire):
    type: Literal["output_audio"] = "output_audio"
    audio: str | None = None
    transcript: str = ""


Content = Annotated[InputText | InputAudio | OutputText | OutputAudio, Field(discriminator="type")]


class MessageItem(Wire):
    id: str | None = None
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["message"] = "message"
    status: Status | None = None
    role: Literal["user", "assistant", "system"]
    content: tuple[Content, ...]


class FunctionCallItem(Wire):
    id: str | None = None
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["function_call"] = "function_call"
    status: Status | None = None
    name: str
    call_id: str | None = None
    arguments: str


class FunctionCallOutputItem(Wire):
    id: str | None = None
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["function_call_output"] = "function_call_output"
    status: Status | None = None
    call_id: str
    output: str


Item = Annotated[MessageItem | FunctionCallItem | FunctionCallOutputItem, Field(discriminator="type")]


class Usage(Wire):
    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: dict[str, Any]
    output_token_details: dict[str, Any]


class ResponseError(Wire):
    type: str
    code: str
    message: str | None = None


class StatusDetails(Wire):
    type: Literal["completed", "cancelled", "failed", "incomplete"]
    reason: Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"] | None = None
    error: ResponseError | None = None


class Response(Wire):
    """The wire form of a reply. `output` never holds audio bytes."""

    id: str
    object: Literal["realtime.response"] = "realtime.response"
    status: Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
    status_details: Annotated[StatusDetails | None, KEEP_NULL] = None
    conversation_id: Annotated[str | None, KEEP_NULL] = None
    output: tuple[Item, ...] = ()
    output_modalities: tuple[Literal["audio", "text"], ...]
    audio: dict[str, Any] | None = None
    max_output_tokens: int | Literal["inf"] = "inf"
    metadata: Annotated[dict[str, str] | None, KEEP_NULL] = None
    usage: Annotated[Usage | None, KEEP_NULL] = None
