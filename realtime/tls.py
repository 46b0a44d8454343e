"""TLS for a classroom: a certificate authority of this machine's own, and a certificate for its addresses.

Browsers give the microphone only to https or localhost. Each device trusts the authority once; it is kept, so
that the next start needs no new trust.
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import segno
import trustme

from realtime.errors import SettingsError
from realtime.settings import Server

AUTHORITY = "authority.pem"  # with its key, so for nobody else to read

VALID = timedelta(days=800)  # Apple's devices trust none that is valid for more than 825 days
CLOCKS_DIFFER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Certificate:
    chain: Path
    key: Path
    authority: Path  # what devices are to trust; no key in it


def certificate_of(server: Server) -> Certificate | None:
    """None for plain http. Raises SettingsError for files that are no certificate and its key."""
    if server.tls == "self":
        return own_certificate(server.tls_folder)
    if server.tls_cert is None and server.tls_key is None:
        return None
    if server.tls_cert is None or server.tls_key is None:
        raise SettingsError("--tls-cert and --tls-key go together")
    for file in (server.tls_cert, server.tls_key):
        if not file.is_file():
            raise SettingsError(f"{file} is not there")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_cert, server.tls_key)
    except ssl.SSLError as error:
        message = f"{server.tls_cert} and {server.tls_key} are no certificate and its key: {error}"
        raise SettingsError(message) from error
    return Certificate(server.tls_cert, server.tls_key, server.tls_cert)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_certificate(folder: Path) -> Certificate:
    """A fresh certificate for this machine's names, signed by the authority kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _authority(folder / AUTHORITY)
    now = datetime.now(UTC)
    since, until = now - CLOCKS_DIFFER, now + VALID
    certificate = authority.issue_cert(*local_names(), not_before=since, not_after=until)
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "trust-me.pem")
    made.chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    _write_private(made.key, certificate.private_key_pem.bytes())
    made.authority.write_bytes(authority.cert_pem.bytes())
    return made


def local_names() -> list[str]:
    """localhost, the host's name, and its addresses on every network."""
    names = {"localhost", socket.gethostname(), "127.0.0.1", "::1", *lan_addresses()}
    return sorted(names)


def lan_addresses() -> list[str]:
    """IPv4 addresses at which others can reach this machine."""
    every = (entry.address for entries in psutil.net_if_addrs().values() for entry in entries)
    return [address for address in every if _is_lan(address)]


def qr_code(url: str) -> str:
    """The address as a code for a phone's camera, in half blocks for a terminal."""
    rows = [[bool(cell) for cell in row] for row in segno.make(url, micro=False).matrix_iter(border=2)]
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    blocks = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(blocks[pair] for pair in zip(*two, strict=True)) for two in pairs)


def _authority(file: Path) -> trustme.CA:
    if file.exists():
        pem = file.read_bytes()
        return trustme.CA.from_pem(cert_bytes=pem, private_key_bytes=pem)
    authority = trustme.CA(organization_name="Atom classroom")
    _write_private(file, authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    return authority


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _is_lan(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False  # a hardware address
    return ip.version == 4 and not ip.is_loopback and not ip.is_link_local
