"""Keys and secrets, with the time given; a machine's own authority."""

import ssl
from pathlib import Path

import pytest

from realtime.keys import SUBPROTOCOL, Keys, OwnSecrets, Pass, token_of
from realtime.tls import local_names, own_certificate


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_only_its_keys_open_a_server_that_has_some() -> None:
    keys = Keys(["one", "two"], Clock())
    assert not keys.open
    assert keys.admit("one") == keys.admit("two") == Pass()
    for wrong in (None, "", "three", "on", "one ", "ek_one"):
        assert keys.admit(wrong) is None


def test_without_keys_everybody_is_let_in_but_no_invented_secret() -> None:
    keys = Keys([], Clock())
    assert keys.open
    assert keys.admit(None) == keys.admit("anything") == Pass()
    assert keys.admit("ek_invented") is None


def test_a_secret_opens_talks_until_it_expires_and_never_mints() -> None:
    clock = Clock()
    keys = Keys(["one"], clock)
    secret = keys.mint(10, {"type": "realtime"})
    assert (secret.expires_at, secret.value[:3]) == (1010, "ek_")
    for clock.now_s in (1000.0, 1009.9):
        assert keys.admit(secret.value) == Pass({"type": "realtime"})
    assert not keys.is_key(secret.value)
    clock.now_s = 1010.0
    assert keys.admit(secret.value) is None


def test_secrets_are_bounded_and_the_oldest_goes_first() -> None:
    keys = Keys([], Clock(), OwnSecrets(most=2))
    first, second, third = (keys.mint(10, {}) for _ in range(3))
    assert keys.admit(first.value) is None
    assert keys.admit(second.value) and keys.admit(third.value)


def test_expired_secrets_make_room() -> None:
    clock = Clock()
    keys = Keys([], clock, OwnSecrets(most=2))
    keys.mint(10, {})
    lasting = keys.mint(100, {})
    clock.now_s += 50
    keys.mint(10, {})
    assert keys.admit(lasting.value)


@pytest.mark.parametrize(
    ("header", "offered", "token"),
    [
        ("Bearer one", (), "one"),
        ("bearer  one ", (), "one"),
        ("Basic one", (), None),
        (None, ("realtime", SUBPROTOCOL + "one"), "one"),
        ("Bearer one", (SUBPROTOCOL + "two",), "one"),
        (None, ("realtime",), None),
    ],
)
def test_a_key_comes_as_a_header_or_a_subprotocol(
    header: str | None, offered: tuple[str, ...], token: str | None
) -> None:
    assert token_of(header, offered) == token


def test_the_authority_is_kept_and_each_start_gets_a_certificate_that_it_signed(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "tls"
    first = own_certificate(folder)
    trusted, chain = first.authority.read_bytes(), first.chain.read_bytes()
    second = own_certificate(folder)
    assert second.authority.read_bytes() == trusted
    assert second.chain.read_bytes() != chain
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(second.chain, second.key)
    for private in (second.key, folder / "authority.pem"):
        assert private.stat().st_mode & 0o077 == 0
    assert b"PRIVATE" not in trusted
    assert {"localhost", "127.0.0.1"} <= set(local_names())
