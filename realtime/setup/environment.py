"""Files of settings as systemd reads them (EnvironmentFile): read, and rewritten line by line."""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from realtime.errors import SettingsError
from realtime.settings import Settings

_LINE = re.compile(r"\s*([A-Za-z_]\w*)=(.*)")
_PLAIN = re.compile(r"[\w.,:/@+-]*")


def read(text: str) -> dict[str, str]:
    """Raises SettingsError, which names the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise SettingsError(f"line {number} is neither NAME=VALUE nor a comment: {line.strip()!r}")
        found[match[1]] = _unquoted(match[2].strip(), number)
    return found


def changed(text: str, changes: Mapping[str, str]) -> str:
    """What is there stays, comments too; a name that is there gets its new value where it stands."""
    lines: list[str] = []
    left = dict(changes)
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[1] not in changes:
            lines.append(line)
        elif match[1] in left:
            lines.append(_line(match[1], left.pop(match[1])))
    lines += [_line(name, value) for name, value in left.items()]
    return "".join(f"{line}\n" for line in lines)


def replace(file: Path, text: str) -> None:
    """Whole or not at all, and readable by whom it was. Raises SettingsError."""
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise SettingsError(f"cannot write {file}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w") as output:
            output.write(text)
            output.flush()
            os.fsync(descriptor)
        Path(draft).chmod(mode)
        Path(draft).replace(file)
    except OSError as error:
        Path(draft).unlink(missing_ok=True)
        raise SettingsError(f"cannot write {file}: {error.strerror}") from error


def unknown(names: Iterable[str]) -> list[str]:
    """Those that look like settings and are none; what is wrong inside a group is found when it is read."""
    groups = {f"TUTOR_{name.upper()}" for name in Settings.model_fields} | {"TUTOR_API_KEY"}
    return [name for name in names if name.startswith("TUTOR_") and name.split("__")[0] not in groups]


def _unquoted(value: str, number: int) -> str:
    if value[:1] not in ("'", '"'):
        return value
    if len(value) < 2 or value[-1] != value[0]:
        raise SettingsError(f"line {number}: a quotation mark is not closed")
    return value[1:-1]


def _line(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    if any(sign in value for sign in '"\\$`') or not value.isprintable():
        raise SettingsError(f"{name}: {value!r} holds a sign that such a file cannot hold")
    return f'{name}="{value}"'
