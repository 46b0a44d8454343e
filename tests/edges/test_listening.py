"""The gateway's sockets."""

import socket

from realtime.commands.serve import listening
from realtime.settings import Server


def test_a_small_event_does_not_wait_for_the_acknowledgement_of_the_one_before() -> None:
    with (
        listening(Server(port=0)) as listener,
        socket.create_connection(listener.getsockname()[:2]) as client,
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getpeername() == client.getsockname()
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
