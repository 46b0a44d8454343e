"""An HTTP server that answers every request with the same bytes, however wrong, over a real socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketStream


@asynccontextmanager
async def canned(answer: bytes) -> AsyncGenerator[str]:
    """Gives its address. After the answer the connection is cut."""

    async def serve(stream: SocketStream) -> None:
        async with stream:
            request = b""
            while b"\r\n\r\n" not in request:
                request += await stream.receive()
            head, _, body = request.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length:")]
            missing = sum(int(length.split(b":")[1]) for length in lengths) - len(body)
            while missing > 0:
                missing -= len(await stream.receive())
            await stream.send(answer)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, serve)
        yield f"http://127.0.0.1:{listener.extra_attributes[anyio.abc.SocketAttribute.local_port]()}/v1"
        tasks.cancel_scope.cancel()


def http(body: bytes, content_type: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
