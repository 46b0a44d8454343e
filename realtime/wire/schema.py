"""The JSON schema of every event, from which the page's types are made: `python -m realtime.wire.schema`."""

import json
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from realtime.wire.client_events import AnyClientEvent
from realtime.wire.server_events import AnyServerEvent

SCHEMA_FILE = Path(__file__).parents[2] / "client_web" / "protocol.schema.json"
_REF = "#/$defs/{model}"
Tree = dict[str, Any]


def schema() -> Tree:
    """One document: `ClientEvent` and `ServerEvent` as unions over `$defs`."""
    client, from_page = _union(TypeAdapter[Any](AnyClientEvent), "ClientEvent", "What the page may say.")
    server, from_tutor = _union(TypeAdapter[Any](AnyServerEvent), "ServerEvent", "What the server says.")
    defs = {name: _tagged(model) for name, model in from_page.items()}
    defs |= {name: _said_whole(model) for name, model in from_tutor.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Protocol",
        "description": "The events of /v1/realtime, both ways.",
        "type": "object",
        "required": ["client", "server"],
        "properties": {"client": {"$ref": "#/$defs/ClientEvent"}, "server": {"$ref": "#/$defs/ServerEvent"}},
        "$defs": {"ClientEvent": client, "ServerEvent": server, **dict(sorted(defs.items()))},
    }


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _union(adapter: TypeAdapter[Any], title: str, description: str) -> tuple[Tree, dict[str, Tree]]:
    whole = adapter.json_schema(ref_template=_REF)
    members = whole.get("oneOf") or whole["anyOf"]
    union: Tree = {"title": title, "description": description, "oneOf": members}
    return union, cast(dict[str, Tree], whole["$defs"])


def _tagged(model: Tree) -> Tree:
    """The tag is always said, though the models default it."""
    required = [*model.get("required", []), "type"] if "type" in model.get("properties", {}) else []
    return _plain(model, required or model.get("required", []))


def _said_whole(model: Tree) -> Tree:
    """A server event leaves out nothing but None, so every field that does not default to null is there."""
    fields: Tree = model.get("properties", {})
    return _plain(model, [name for name, field in fields.items() if field.get("default", "") is not None])


def _plain(model: Tree, required: list[str]) -> Tree:
    fields: Tree = model.get("properties", {})
    untitled = {
        name: {key: value for key, value in field.items() if key not in ("title", "default")}
        for name, field in fields.items()
    }
    return {**model, "properties": untitled, "required": sorted(set(required))}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(text(), encoding="utf-8")
