"""`tutor kiosk check`: gathers the facts of a kiosk; what they mean is judged elsewhere."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
from pydantic import ValidationError

from realtime.errors import SettingsError, TutorError
from realtime.kiosk import PAGE_FOLDER, check_languages, lesson_for
from realtime.settings import Settings
from realtime.setup import environment
from realtime.setup.kiosk_doctor import PROGRAMS, UNITS, Facts, Place, Served
from realtime.setup.kiosk_units import POLICIES, SYSTEMD
from realtime.tutor.lessons import load_lessons


def examine(file: Path | None, url: str, key: str | None, root: Path = Path("/")) -> Facts:
    settings, wrong = settings_of(file)
    zone = settings.kiosk.timezone if settings else ""
    return Facts(file, settings, wrong, ask(url, key), look(root, url, zone))


def settings_of(file: Path | None) -> tuple[Settings | None, tuple[str, ...]]:
    """As a server would start with that file, and what is wrong with it."""
    try:
        lines = environment.read(file.read_text()) if file else {}
    except OSError as error:
        return None, (f"cannot be read: {error.strerror}",)
    except (SettingsError, UnicodeDecodeError) as error:
        return None, (str(error),)
    return settings_of_lines(lines)


def settings_of_lines(lines: Mapping[str, str]) -> tuple[Settings | None, tuple[str, ...]]:
    try:
        settings = with_lines(lines)
    except ValidationError as error:
        return None, tuple(said(error))
    wrong = [f"{name} is no setting" for name in environment.unknown(lines)]
    try:
        check_languages(settings.kiosk, PAGE_FOLDER)
        lesson_for(settings.kiosk, load_lessons(settings.talk.lessons))
    except TutorError as error:
        wrong.append(str(error))
    return settings, tuple(wrong)


def with_lines(lines: Mapping[str, str]) -> Settings:
    """Of this process's environment and those lines, which go first. Raises ValidationError."""
    before = dict(os.environ)
    os.environ.update(lines)
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def said(error: ValidationError) -> list[str]:
    """Each thing that is wrong, by the name that is set."""
    return [
        f"{_name(one['loc'])}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors(include_url=False)
    ]


def _name(path: tuple[int | str, ...]) -> str:
    return f"TUTOR_{'__'.join(str(part).upper() for part in path[:2])}"


def ask(url: str, key: str | None) -> Served:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
            ready = client.get("/readyz").json()
            health = client.get("/v1/kiosk/health")
            standing = client.get("/v1/kiosk")
    except (httpx.HTTPError, ValueError):
        return Served(url)
    said = health.text.strip() if health.headers.get("content-type", "").startswith("text/plain") else ""
    told: Any = standing.json() if standing.is_success else None
    return Served(url, str(ready.get("for", "")), said, told)


def look(root: Path, url: str, zone: str = "") -> Place:
    microphones, speakers = sound_cards(root / "proc/asound/pcm")
    timezone = zone or local_zone(root)
    return Place(
        microphones=microphones,
        speakers=speakers,
        programs=frozenset(name for name in PROGRAMS if shutil.which(name)),
        policy=policy(root / POLICIES, url),
        units=frozenset(name for name in UNITS if any((root / SYSTEMD).glob(f"*.wants/{name}"))),
        zone=local_zone(root),
        now=datetime.now(ZoneInfo(timezone)).strftime("%a %H:%M"),
        synchronised=(root / "run/systemd/timesync/synchronized").exists(),
    )


def sound_cards(listing: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that record and those that play: `00-00: USB Audio : USB Audio : playback 1 : capture 1`."""
    if not listing.is_file():
        return (), ()
    lines = [[part.strip() for part in line.split(":")] for line in listing.read_text().splitlines()]

    def named(can: str) -> tuple[str, ...]:
        return tuple(line[1] for line in lines if any(part.startswith(can) for part in line[2:]))

    return named("capture"), named("playback")


def policy(folder: Path, url: str) -> Path | None:
    """The file that gives the microphone to pages of that address."""
    for file in sorted(folder.glob("*.json")):
        try:
            content: Any = json.loads(file.read_text())
        except (OSError, ValueError):
            continue
        allowed = (
            cast(dict[str, Any], content).get("AudioCaptureAllowedUrls")
            if isinstance(content, dict)
            else None
        )
        if isinstance(allowed, list) and url.rstrip("/") in [
            str(entry).rstrip("/") for entry in cast(list[Any], allowed)
        ]:
            return file
    return None


def local_zone(root: Path) -> str:
    """The name of the machine's timezone; Debian has it as a link to its file."""
    found = re.search(r"zoneinfo/(.+)", os.path.realpath(root / "etc/localtime"))
    return found[1] if found else "UTC"
