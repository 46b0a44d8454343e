"""Who is let in by a real server with keys, what those are told who are not, and how a start is refused."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.clients.stage import staged
from tests.protocol.strict import strict
from tests.serving import Served

KEY = "blue-whale-7"
SCHOOL = "https://school.example"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with staged("--origin", SCHOOL, TUTOR_API_KEYS=f"other,{KEY}", TUTOR_LIMITS__SESSION_S="3") as served:
        yield served


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _offered(*names: str) -> list[Subprotocol]:
    return [Subprotocol(name) for name in names]


async def _greeting(served: Served, **options: Any) -> Json:
    """The session of a client that is let in."""
    async with connect(served.talk_url, **options) as socket:
        created: Json = json.loads(await socket.recv())
    strict(created)
    assert created["type"] == "session.created"
    return created["session"]


def _refusal(served: Served, **headers: str) -> tuple[int, Json]:
    """The answer to an upgrade, before any frame."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = httpx.get(f"{served.url}/v1/realtime?model=tutor", headers=upgrade | headers)
    return answer.status_code, answer.json()["error"]


def _secret(served: Served, body: Json | str, **headers: str) -> httpx.Response:
    url = f"{served.url}/v1/realtime/client_secrets"
    sent = {"json": body} if isinstance(body, dict) else {"content": body}
    return httpx.post(url, headers=headers or _bearer(KEY), **sent)


async def test_every_key_opens_a_talk_as_a_header(guarded: Served) -> None:
    for key in (KEY, "other"):
        assert (await _greeting(guarded, additional_headers=_bearer(key)))["type"] == "realtime"


async def test_a_browsers_key_comes_as_a_subprotocol_and_realtime_is_selected(guarded: Served) -> None:
    offered = _offered("realtime", f"openai-insecure-api-key.{KEY}", "openai-organization.org")
    async with connect(guarded.talk_url, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert "session.created" in str(await socket.recv())


async def test_without_an_offer_no_subprotocol_is_selected(guarded: Served) -> None:
    async with connect(guarded.talk_url, additional_headers=_bearer(KEY)) as socket:
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _bearer("guessed"),
        _bearer("-"),
        _bearer("ek_invented"),
        {"Authorization": KEY},
        {"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.guessed"},
        {"Sec-WebSocket-Protocol": "tutor.v1, openai-insecure-api-key.ek_invented"},
    ],
)
def test_whoever_has_no_key_is_told_so_before_the_handshake(guarded: Served, headers: dict[str, str]) -> None:
    status, error = _refusal(guarded, **headers)
    assert status == 401
    assert error.keys() == {"message", "type", "code", "param"}
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")


def test_a_foreign_page_is_kept_out_even_with_a_key(guarded: Served) -> None:
    foreign = {"Origin": "https://evil.example", **_bearer(KEY)}
    status, error = _refusal(guarded, **foreign)
    assert (status, error["code"]) == (403, "origin_not_allowed")
    answer = _secret(guarded, {}, **foreign)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")


async def test_the_servers_own_page_and_those_it_was_told_of_are_let_in(guarded: Served) -> None:
    for origin in (guarded.url, SCHOOL):
        assert await _greeting(guarded, origin=Origin(origin), additional_headers=_bearer(KEY))
        assert _secret(guarded, {}, Origin=origin, **_bearer(KEY)).is_success


# client secrets


async def test_a_secrets_configuration_is_the_sessions(guarded: Served) -> None:
    asked = {"type": "realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
    answer = _secret(guarded, {"session": asked}).raise_for_status()
    made = answer.json()
    assert answer.headers["cache-control"].startswith("no-store")
    assert made["value"].startswith("ek_")
    assert asked.items() <= made["session"].items()
    assert made["session"]["object"] == "realtime.session"
    for _ in range(2):  # it opens more than one
        offered = _offered("realtime", f"openai-insecure-api-key.{made['value']}")
        assert asked.items() <= (await _greeting(guarded, subprotocols=offered)).items()


async def test_a_secret_for_a_transcription_opens_one(guarded: Served) -> None:
    made = _secret(guarded, {"session": {"type": "transcription"}}).raise_for_status().json()
    assert made["session"]["object"] == "realtime.transcription_session"
    async with connect(guarded.talk_url, additional_headers=_bearer(made["value"])) as socket:
        assert '"type":"transcription"' in str(await socket.recv()).replace(" ", "")


def test_a_secret_mints_no_secrets(guarded: Served) -> None:
    value = _secret(guarded, {}).json()["value"]
    assert _secret(guarded, {}, **_bearer(value)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        {"expires_after": {"anchor": "created_at", "seconds": 9}},
        {"expires_after": {"anchor": "created_at", "seconds": 7201}},
        {"expires_after": {"anchor": "now", "seconds": 60}},
        {"session": 7},
        {"session": {"type": "nonsense"}},
        {"session": {"type": ["realtime"]}},
        {"session": {"type": "realtime", "output_modalities": ["smell"]}},
        {"session": {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 7}}}}},
    ],
)
def test_a_secret_for_what_cannot_be_is_refused_in_openais_form(guarded: Served, body: Json | str) -> None:
    answer = _secret(guarded, body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error.keys() == {"message", "type", "code", "param"}
    assert error["type"] == "invalid_request_error"


async def test_a_session_that_has_lasted_long_enough_is_closed_as_over(guarded: Served) -> None:
    async with connect(guarded.talk_url, additional_headers=_bearer(KEY)) as socket:
        await socket.recv()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "the session is over")


# how a start is refused


def _start(*flags: str) -> str:
    """What a server says that will not start."""
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("tutor: "), ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_without_keys_nobody_elsewhere_is_served() -> None:
    assert "0.0.0.0 can be reached by others: set TUTOR_API_KEYS" in _start("--host", "0.0.0.0")


def test_a_certificate_needs_its_key_and_both_must_be_what_they_are_called(tmp_path: Path) -> None:
    authority = trustme.CA()
    made, other = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    chain, key, wrong = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "wrong.pem"
    chain.write_bytes(made.cert_chain_pems[0].bytes())
    key.write_bytes(made.private_key_pem.bytes())
    wrong.write_bytes(other.private_key_pem.bytes())
    assert "go together" in _start("--tls-cert", str(chain))
    assert "go together" in _start("--tls-key", str(key))
    assert "is not there" in _start("--tls-cert", str(chain), "--tls-key", str(tmp_path / "none.pem"))
    assert "no certificate and its key" in _start("--tls-cert", str(key), "--tls-key", str(key))
    assert "no certificate and its key" in _start("--tls-cert", str(chain), "--tls-key", str(wrong))
