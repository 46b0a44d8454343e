"""How a page is let in by a real server: what it is told, its key, its secrets, what a phone is to trust."""

import os
import pty
import ssl
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate, cycle, pairwise, takewhile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from cryptography.x509 import ExtendedKeyUsage, load_pem_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from realtime import tls
from realtime.keys import invitation
from tests.edges.talker import Talker
from tests.serving import Served, serving

KEY = "blue+whale/7"
NOBODY = "http://127.0.0.1:9/v1"
LENGTHS = (960, 131_072, 4, 20_000, 640)  # of frames, in bytes
SECRETS = "/v1/realtime/client_secrets"
RATE = 24_000
BY_HAND = {
    "type": "realtime",
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": None}},
}
CLASSROOM = ("serve", "--port", "0", "--tls", "self", "--speech-url", NOBODY)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A server with keys and its own authority, and the folder where that is kept."""
    folder = tmp_path_factory.mktemp("tls")
    with serving(
        "--tls", "self", TUTOR_API_KEYS=f"{KEY},other", TUTOR_SERVER__TLS_FOLDER=str(folder)
    ) as served:
        yield served, folder


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "trust-me.pem"))


def protocols(key: str) -> list[Subprotocol]:
    return [Subprotocol("tutor.v1"), Subprotocol(f"openai-insecure-api-key.{key}")]


async def secret_from(served: Served, trust: ssl.SSLContext) -> str:
    headers = {"Authorization": f"Bearer {KEY}", "Origin": served.url}
    async with httpx.AsyncClient(verify=trust, base_url=served.url) as page:
        return (await page.post(SECRETS, headers=headers)).raise_for_status().json()["value"]


def test_a_server_without_keys_says_so(server: Served) -> None:
    told = httpx.get(f"{server.url}/v1/door").raise_for_status()
    assert told.json() == {"keys": False, "profile": "embedded", "chat": False, "elsewhere": False}
    assert "default-src 'self'" in told.headers["content-security-policy"]


async def test_the_page_of_a_server_with_keys_gets_in_by_a_secret(classroom: tuple[Served, Path]) -> None:
    served, folder = classroom
    trust, socket_url = trusting(folder), served.talk_url
    async with httpx.AsyncClient(verify=trust, base_url=served.url) as page:
        assert (await page.get("/v1/door")).json()["keys"] is True
        wrong = await page.post(SECRETS, headers={"Authorization": "Bearer guessed"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    secret = await secret_from(served, trust)
    async with connect(socket_url, subprotocols=protocols(secret), ssl=trust) as socket:
        assert socket.subprotocol == "tutor.v1"
        assert "session.created" in str(await socket.recv())
    for refused in ([Subprotocol("tutor.v1")], protocols("ek_invented")):
        with pytest.raises(InvalidStatus) as answer:
            await connect(socket_url, subprotocols=refused, ssl=trust)
        assert answer.value.response.status_code == 401


async def test_no_byte_of_the_sound_is_lost_under_tls(classroom: tuple[Served, Path]) -> None:
    """Whatever the pieces in which the server reads it: frames longer and shorter than its buffer."""
    served, folder = classroom
    trust = trusting(folder)
    sound = np.random.default_rng(3).normal(0, 900, RATE * 8).astype(np.int16).tobytes()
    ends = [*takewhile(lambda end: end < len(sound), accumulate(cycle(LENGTHS))), len(sound)]
    frames = [sound[begin:end] for begin, end in pairwise([0, *ends])]
    let_in = protocols(await secret_from(served, trust))
    async with connect(served.talk_url, subprotocols=let_in, ssl=trust, max_size=None) as socket:
        talker = Talker(socket, tutor=True)
        await talker.send({"type": "session.update", "session": BY_HAND})
        for frame in frames:
            await talker.send(frame)
        await talker.send({"type": "input_audio_buffer.commit"})
        item_id = (await talker.until("input_audio_buffer.committed"))["item_id"]
        await talker.send({"type": "conversation.item.retrieve", "item_id": item_id})
        item = (await talker.until("conversation.item.retrieved"))["item"]
    heard = b64decode(item["content"][0]["audio"])
    assert len(heard) == pytest.approx(len(sound), rel=0.01)


def test_a_phone_can_fetch_the_authority_and_not_its_key(classroom: tuple[Served, Path]) -> None:
    served, folder = classroom
    given = httpx.get(f"{served.url}/authority.pem", verify=trusting(folder)).raise_for_status()
    assert given.headers["content-type"] == "application/x-x509-ca-cert"
    assert given.content == (folder / "trust-me.pem").read_bytes()
    assert b"PRIVATE KEY" not in given.content
    trust = ssl.create_default_context(cadata=given.text)
    assert httpx.get(f"{served.url}/healthz", verify=trust).is_success


def test_the_certificate_is_one_that_apples_devices_trust(classroom: tuple[Served, Path]) -> None:
    _, folder = classroom
    certificate = load_pem_x509_certificate((folder / "chain.pem").read_bytes())
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=825)
    usages = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in usages


def test_a_server_without_an_authority_has_none_to_give(server: Served) -> None:
    answer = httpx.get(f"{server.url}/authority.pem")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_authority")


def test_an_invitation_brings_the_key_in_the_fragment() -> None:
    url = urlsplit(invitation("https://192.168.1.5:8000", KEY))
    assert (url.netloc, url.path, url.query) == ("192.168.1.5:8000", "/", "")
    assert parse_qs(url.fragment) == {"key": [KEY]}


def test_the_code_for_phones_carries_the_key_on_a_terminal_only(tmp_path: Path) -> None:
    address, code = _started(tmp_path, on_terminal=True)
    assert code == tls.qr_code(invitation(address, KEY))
    address, code = _started(tmp_path, on_terminal=False)
    assert code == tls.qr_code(address)


def _started(folder: Path, *, on_terminal: bool) -> tuple[str, str]:
    """The address of a server and the code that it prints."""
    read, write = pty.openpty() if on_terminal else os.pipe()
    environment = os.environ | {"TUTOR_API_KEYS": KEY, "TUTOR_SERVER__TLS_FOLDER": str(folder)}
    command = [sys.executable, "-m", "realtime", *CLASSROOM]
    with subprocess.Popen(command, stdout=write, env=environment) as process, open(read) as output:
        os.close(write)
        starting = next(line for line in output if line.startswith("Atom is starting on"))
        address = starting.split()[-1]
        lines: list[str] = []
        while not (line := next(output)).startswith("Each phone"):
            lines.append(line.rstrip("\r\n"))
        process.terminate()
    return address, "\n".join(lines)
