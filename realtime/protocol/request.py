"""What a response.create asks for: the session's configuration with its own changes, and what to answer."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from realtime.errors import ProtocolError
from realtime.protocol.config import Config, Tree, merged
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
    """`input` replaces the conversation as context; `aside`: out of band, the conversation is not touched."""

    config: Config
    metadata: dict[str, str] | None = None
    input: tuple[Item | ItemReference, ...] | None = None
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


def asked(session: Config, response: Tree | None) -> Asked:
    """Raises ProtocolError."""
    given = response or {}
    try:
        wanted = Wanted.model_validate({name: given[name] for name in _OWN & given.keys()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(["response", *(str(step) for step in first["loc"])])
        raise ProtocolError("invalid_value", f"{path}: {first['msg']}", param=path) from error
    overrides: dict[str, Any] = {name: given[name] for name in _OVERRIDES & given.keys()}
    config = merged(session, {**overrides, "type": session.type}, tutor=True, root="response")
    return Asked(config, wanted.metadata, wanted.input, wanted.conversation == "none")
