"""The documents name everything that there is of what they describe."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from realtime import metrics
from realtime.settings import Settings
from realtime.wire.client_events import AnyClientEvent
from realtime.wire.server_events import AnyServerEvent

ROOT = Path(__file__).parents[1]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
SERVER_EVENTS = get_args(get_args(AnyServerEvent)[0])


def kind(event: type[BaseModel]) -> str:
    return event.model_fields["type"].default


def named(name: str) -> bool:
    """Whole, or in a row that begins with its group: "`conversation.item.added`, `.done`"."""
    group, _, last = name.rpartition(".")
    rows = [row for row in PROTOCOL.splitlines() if f"`.{last}`" in row and f"`{group}." in row]
    return f"`{name}`" in PROTOCOL or bool(rows)


@pytest.mark.parametrize("event", [*get_args(AnyClientEvent), *SERVER_EVENTS], ids=kind)
def test_the_protocol_names_every_event(event: type[BaseModel]) -> None:
    assert named(kind(event))


def test_the_protocol_names_every_error_code() -> None:
    sources = "\n".join(file.read_text() for file in (ROOT / "realtime").rglob("*.py"))
    codes = set(re.findall(r'ProtocolError\(\s*"(\w+)"', sources)) | set(
        re.findall(r'\bcode = "(\w+)"', sources)
    )
    codes -= {"error", "link_closed", "settings", "pull", "engine_error"}  # not of the wire
    codes |= set(re.findall(r'failure\(4\d\d, "(\w+)"', sources)) - {"no_authority"}
    assert len(codes) > 20
    assert [code for code in sorted(codes) if f"`{code}`" not in PROTOCOL] == []


def test_the_operating_page_names_every_setting() -> None:
    names = list(_names(Settings.model_fields, "TUTOR_"))
    assert len(names) > 30
    assert [name for name in names if f"`{name}`" not in OPERATING] == []


def _names(fields: dict[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for name, field in fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        inner = field.annotation.model_fields if nested else {}
        found += _names(inner, f"{prefix}{name.upper()}__") if nested else [f"{prefix}{name.upper()}"]
    return found


def test_the_operating_page_names_every_metric() -> None:
    exposed = re.findall(r"^# TYPE (tutor_\w+) ", metrics.exposition().decode(), re.MULTILINE)
    families = [name for name in exposed if not name.endswith("_created")]
    assert families
    assert [name for name in families if f"`{name}`" not in OPERATING] == []
