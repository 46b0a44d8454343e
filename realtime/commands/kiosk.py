"""`tutor kiosk`: its settings written and checked, its files, staff's orders, its health line."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from realtime.errors import SettingsError
from realtime.settings import Kiosk
from realtime.setup import environment
from realtime.setup.doctor import told
from realtime.setup.kiosk_checkup import examine, settings_of_lines
from realtime.setup.kiosk_doctor import findings, is_well
from realtime.setup.kiosk_units import Site, write_units


def run(arguments: argparse.Namespace) -> None:
    match arguments.action:
        case "write":
            _write(arguments)
        case "check":
            _check(arguments)
        case "units":
            _units(arguments)
        case "health":
            _health(arguments)
        case "reload":
            _order(arguments, {"reload": True})
        case _:
            _order(arguments, {"quiet": arguments.how == "on"})


def _write(arguments: argparse.Namespace) -> None:
    """Nothing is written that a server would not start with."""
    file: Path = arguments.file
    before = _text(file)
    after = environment.changed(before, dict(_given(arguments)))
    _, wrong = settings_of_lines(environment.read(after))
    if wrong:
        raise SettingsError("; ".join(wrong))
    environment.replace(file, after)
    print(
        f"{file}: " + ("as it was" if after == before else "written. In force with the server's next start")
    )


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}: {error}") from error


def _given(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name in Kiosk.model_fields:
        value = getattr(arguments, name, None)
        if value is not None:
            said = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"TUTOR_KIOSK__{name.upper()}", said


def _check(arguments: argparse.Namespace) -> None:
    found = findings(examine(arguments.file, arguments.url.rstrip("/"), _key(arguments)))
    print(told(found))
    sys.exit(not is_well(found))


def _units(arguments: argparse.Namespace) -> None:
    site = Site(
        home=arguments.home,
        settings=arguments.settings,
        server_user=arguments.server_user,
        page_user=arguments.page_user,
        port=arguments.port,
        update_at=arguments.update_at,
    )
    for file in write_units(arguments.folder, site):
        print(file)


def _health(arguments: argparse.Namespace) -> None:
    try:
        answer = httpx.get(f"{arguments.url.rstrip('/')}/v1/kiosk/health", timeout=20)
    except httpx.HTTPError as error:
        print(f"PROBLEM no answer from {arguments.url}: {error}")
        sys.exit(1)
    print(answer.text.strip())
    sys.exit(not answer.is_success)


def _order(arguments: argparse.Namespace, order: dict[str, bool]) -> None:
    key = _key(arguments)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{arguments.url.rstrip('/')}/v1/kiosk/order"
    try:
        answer = httpx.post(url, json=order, headers=headers, timeout=20)
    except httpx.HTTPError as error:
        raise SettingsError(f"no answer from {arguments.url}: {error}") from error
    if not answer.is_success:
        raise SettingsError(f"{arguments.url} refuses: {_refusal(answer)}")
    if "reload" in order:
        print("The page loads itself anew when no visitor is there")
    else:
        print(f"Quiet mode is {'on' if order['quiet'] else 'off'}, within ten seconds")


def _refusal(answer: httpx.Response) -> str:
    try:
        return answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _key(arguments: argparse.Namespace) -> str | None:
    return arguments.key or os.environ.get("TUTOR_API_KEY")
