"""Conversation entries to and from their wire form."""

from realtime.errors import ProtocolError
from realtime.talk.conversation import Call, CallOutput, Entry, Message, Part
from realtime.wire.items import (
    Content,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
)

_KINDS = {
    "user": ("input_text", "input_audio"),
    "system": ("input_text",),
    "assistant": ("output_text", "output_audio"),
}


def to_wire(entry: Entry, audio: str | None = None) -> Item:
    """`audio` is base64, given only where an item is retrieved."""
    match entry:
        case Message(id, role, parts, status):
            content = tuple(_content(part, audio) for part in parts)
            return MessageItem(id=id, role=role, content=content, status=status)
        case Call(id, call_id, name, arguments, status):
            return FunctionCallItem(id=id, call_id=call_id, name=name, arguments=arguments, status=status)
        case CallOutput(id, call_id, output, status):
            return FunctionCallOutputItem(id=id, call_id=call_id, output=output, status=status)


def _content(part: Part, audio: str | None) -> Content:
    match part.kind:
        case "input_text":
            return InputText(text=part.text or "")
        case "input_audio":
            return InputAudio(transcript=part.text, audio=audio)
        case "output_text":
            return OutputText(text=part.text or "")
        case "output_audio":
            return OutputAudio(transcript=part.text or "", audio=audio)


def from_wire(item: Item, new_id: str) -> Entry:
    """An item that a client creates; `new_id` serves where it chose none. Raises ProtocolError."""
    item_id = item.id or new_id
    match item:
        case MessageItem():
            return Message(item_id, item.role, tuple(_part(item, part) for part in item.content))
        case FunctionCallItem():
            return Call(item_id, item.call_id or item_id, item.name, item.arguments)
        case FunctionCallOutputItem():
            return CallOutput(item_id, item.call_id, item.output)


def _part(item: MessageItem, part: Content) -> Part:
    if part.type not in _KINDS[item.role]:
        message = f"a message of role {item.role!r} cannot hold {part.type!r}"
        raise ProtocolError("invalid_value", message, param="item.content")
    text = part.text if isinstance(part, InputText | OutputText) else part.transcript
    return Part(part.type, text)
