"""`tutor serve`: the gateway and its page, with the engines that this machine can run."""

import argparse
import os
import socket
import sys

import anyio

from realtime import tls
from realtime.commands.options import settings_of
from realtime.errors import SettingsError
from realtime.keys import invitation
from realtime.settings import Server, Settings
from realtime.setup.machine import look
from realtime.setup.memory import told
from realtime.setup.profiles import choose, settled
from realtime.worker import Place, serve
from realtime.workers import conduct


def run(arguments: argparse.Namespace) -> None:
    settings = settings_of(arguments)
    server = settings.server
    if not tls.is_loopback(server.host) and not settings.api_keys:
        message = (
            f"{server.host} can be reached by others: set TUTOR_API_KEYS=key[,key...] or listen on 127.0.0.1"
        )
        raise SettingsError(message)
    settings = _with_profile(settings)
    certificate = tls.certificate_of(server)
    with listening(server) as listener:
        scheme = "https" if certificate else "http"
        address = f"{scheme}://{_reachable_at(server.host)}:{listener.getsockname()[1]}"
        print(f"Atom is starting on {address}", flush=True)
        if server.tls == "self":
            print(tls.qr_code(_invitation(address, settings)), flush=True)
            print(f"Each phone is to trust {address}/authority.pem once (docs/operating.md)", flush=True)
        place = Place(
            settings=settings,
            address=address,
            listener=listener.fileno(),
            chain=certificate.chain if certificate else None,
            key=certificate.key if certificate else None,
            authority=certificate.authority if certificate and server.tls == "self" else None,
        )
        if server.workers == 1:
            serve(place, listener)
        else:
            anyio.run(conduct, place)


def _with_profile(settings: Settings) -> Settings:
    # The plan is for the first card in the driver's order; CUDA's own order begins with the fastest.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    machine = look(settings)
    choice = choose(machine, settings)
    print(f"Profile {choice.profile}: {choice.why}", flush=True)
    if choice.more:
        print(f"  {choice.more}", flush=True)
    if choice.plan:
        print(told(choice.plan), flush=True)
    return settled(settings, machine, choice)


def _invitation(address: str, settings: Settings) -> str:
    """With the first key for those who see this terminal; a log that others read is told none."""
    if settings.api_keys and sys.stdout.isatty():
        return invitation(address, settings.api_keys[0])
    return address


def _reachable_at(host: str) -> str:
    """An address to type: the first of this machine's own where it listens on all of them."""
    if host in ("0.0.0.0", "::"):
        return next(iter(tls.lan_addresses()), "127.0.0.1")
    return f"[{host}]" if ":" in host else host


def listening(server: Server) -> socket.socket:
    """Taken before anything is started, so that a busy port is the first thing said."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        listener = socket.create_server((server.host, server.port), family=family)
    except OSError as error:
        message = f"cannot listen on {server.host} port {server.port}: {error.strerror}. Try --port 0"
        raise SettingsError(message) from error
    # Each connection inherits it. asyncio sets it only on sockets that name their protocol, as these do not:
    # an event that follows another would wait for its acknowledgement, 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
