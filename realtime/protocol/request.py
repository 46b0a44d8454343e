"""What a response.create asks for: the session's configuration with its own changes, and what to answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from realtime.errors import ProtocolError
from realtime.protocol.config import Config, Tree, merged, refused
from realtime.protocol.items import from_wire
from realtime.talk.conversation import Conversation, Entry, UnknownItem
from realtime.wire.items import Item
from realtime.wire.model import Wire


class ItemReference(Wire):
    type: Literal["item_reference"] = "item_reference"
    id: str


Key = Annotated[str, StringConstraints(max_length=64)]
Value = Annotated[str, StringConstraints(max_length=512)]


class Wanted(Wire):
    """The fields that are about this response only; the rest overrides the session's configuration."""

    conversation: Literal["auto", "none"] = "auto"
    input: tuple[Annotated[Item | ItemReference, Field(discriminator="type")], ...] | None = None
    metadata: Annotated[dict[Key, Value], Field(max_length=16)] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """`entries` replace the conversation as context; `aside`: out of band, no item is kept."""

    config: Config
    metadata: dict[str, str] | None = None
    entries: tuple[Entry, ...] | None = None
    aside: bool = False


_OWN = frozenset(Wanted.model_fields)
_OVERRIDES = frozenset(
    (
        "instructions",
        "output_modalities",
        "audio",
        "tools",
        "tool_choice",
        "max_output_tokens",
        "prompt",
        "reasoning",
    )
)


def asked(
    session: Config,
    response: Tree | None,
    conversation: Conversation,
    new_id: Callable[[str], str],
    *,
    tutor: bool,
) -> Asked:
    """A null is as good as absent. Raises ProtocolError."""
    given = {name: value for name, value in (response or {}).items() if value is not None}
    try:
        wanted = Wanted.model_validate({name: given[name] for name in _OWN & given.keys()})
    except ValidationError as error:
        raise refused(error, "response", given) from error
    overrides: Tree = {name: given[name] for name in _OVERRIDES & given.keys()}
    config = merged(session, {**overrides, "type": session.type}, tutor=tutor, root="response")
    entries = None
    if wanted.input is not None:
        entries = tuple(_entry(item, conversation, new_id) for item in wanted.input)
    return Asked(config, wanted.metadata, entries, wanted.conversation == "none")


def _entry(item: Item | ItemReference, conversation: Conversation, new_id: Callable[[str], str]) -> Entry:
    if not isinstance(item, ItemReference):
        return from_wire(item, new_id("item"))
    try:
        return conversation.find(item.id)
    except UnknownItem as error:
        raise ProtocolError("invalid_value", str(error), param="response.input") from error
