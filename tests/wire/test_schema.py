"""The page's types are those of the wire."""

import re
from typing import Any

from realtime.wire.schema import SCHEMA_FILE, schema, text


def test_the_checked_in_schema_is_in_step_with_the_models() -> None:
    why = "run: python -m realtime.wire.schema && npm run types"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == text(), why


def test_the_types_name_every_event_of_the_schema() -> None:
    types = SCHEMA_FILE.with_name("protocol.d.ts").read_text(encoding="utf-8")
    tags = {tag for model in schema()["$defs"].values() for tag in _tags(model)}
    assert set(re.findall(r'type: "([^"]+)";', types)) >= {tag for tag in tags if "." in tag}


def test_a_server_event_always_carries_its_tag_and_id() -> None:
    defs = schema()["$defs"]
    for member in defs["ServerEvent"]["oneOf"]:
        model = defs[member["$ref"].removeprefix("#/$defs/")]
        assert {"type", "event_id"} <= set(model["required"])


def _tags(model: dict[str, Any]) -> list[str]:
    tag = model.get("properties", {}).get("type", {})
    return [tag["const"]] if "const" in tag else []
