"""A hub of models on this machine: as much of its API as is used, with made files, and faults on demand.

Large files lie with another host, as the hub's do, where a token must not get.
"""

import hashlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

PIECE = 64 * 1024
LARGE = 1024 * 1024  # from here on a file lies in large file storage


class Cut(Exception):
    """Breaks a connection in mid-body."""


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass(slots=True)
class Hub:
    """`repos`: name -> file -> bytes. The dictionaries of faults are by file name."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)  # an old name -> the new one
    gated: dict[str, str] = field(default_factory=dict)  # repo -> the one token that is let in
    cut_after: dict[str, list[int]] = field(default_factory=dict)  # bytes, one for each answer
    stall_after: dict[str, int] = field(default_factory=dict)
    corrupt: Counter[str] = field(default_factory=Counter)  # how many answers are wrong
    claimed: dict[str, int] = field(default_factory=dict)  # a size that is told instead of the true one
    asked: list[Asked] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def gets(self, name: str) -> list[Asked]:
        """The requests for a file's bytes, in the order in which they came."""
        return [each for each in self.asked if each.method == "GET" and each.path.endswith(f"/{name}")]

    def reset_connections(self) -> None:
        """From now on one that is closed is reset, as by a router that forgot it."""
        assert self.listener
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def info(self, request: Request) -> Response:
        repo = self._noted(request)
        if repo in self.moved:
            return RedirectResponse(str(request.url).replace(repo, self.moved[repo]), 307)
        if repo not in self.repos:
            return refusal(404, "RepoNotFound")
        files = self.repos[repo]
        siblings = [self._sibling(name, content) for name, content in files.items()]
        return JSONResponse(
            {"id": repo, "sha": commit(files), "siblings": siblings, "gated": repo in self.gated}
        )

    async def resolve(self, request: Request) -> Response:
        repo, name = self._noted(request), request.path_params["name"]
        if repo in self.moved:
            return RedirectResponse(request.url.path.replace(repo, self.moved[repo]), 307)
        if repo not in self.repos:
            return refusal(404, "RepoNotFound")
        token = request.headers.get("authorization")
        if repo in self.gated and token != f"Bearer {self.gated[repo]}":
            return refusal(403 if token else 401, "GatedRepo")
        content = self.repos[repo][name]
        headers = {"x-repo-commit": commit(self.repos[repo]), "etag": f'"{git_sha1(content)}"'}
        if len(content) < LARGE:
            return self._content(request, name, content, headers)
        headers |= {"x-linked-etag": f'"{sha256(content)}"', "x-linked-size": str(len(content))}
        elsewhere = f"http://localhost:{self.port}/storage/{repo}/{name}"
        return RedirectResponse(elsewhere, 302, headers=headers)

    async def storage(self, request: Request) -> Response:
        repo, name = self._noted(request), request.path_params["name"]
        content = self.repos[repo][name]
        return self._content(request, name, content, {"etag": f'"{sha256(content)}"'})

    def _content(self, request: Request, name: str, content: bytes, headers: dict[str, str]) -> Response:
        start = int(request.headers.get("range", "bytes=0-")[len("bytes=") : -1])
        if self.corrupt[name] and request.method == "GET":
            self.corrupt[name] -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        body = content[start:]
        headers = {"content-length": str(len(body)), "accept-ranges": "bytes"} | headers
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(self._sent(request, name, body), 206 if start else 200, headers=headers)

    async def _sent(self, request: Request, name: str, body: bytes) -> AsyncGenerator[bytes]:
        cuts = self.cut_after.get(name)
        cut_after = cuts.pop(0) if cuts else None
        for at in range(0, len(body), PIECE):
            if cut_after is not None and at >= cut_after:
                raise Cut
            if at >= self.stall_after.get(name, len(body)):
                self.stalled.set()
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                return
            yield body[at : at + PIECE]

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        size = self.claimed.get(name, len(content))
        known = {"rfilename": name, "size": size, "blobId": git_sha1(content)}
        if len(content) < LARGE:
            return known
        return known | {"lfs": {"sha256": sha256(content), "size": size, "pointerSize": 135}}

    def _noted(self, request: Request) -> str:
        headers = request.headers
        asked = Asked(request.method, request.url.path, headers.get("range"), headers.get("authorization"))
        self.asked.append(asked)
        return f"{request.path_params['owner']}/{request.path_params['repo']}"


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    file = "{owner}/{repo}/resolve/{revision}/{name:path}"
    routes = [
        Route("/api/models/{owner}/{repo}/revision/{revision}", hub.info),
        Route("/storage/{owner}/{repo}/{name:path}", hub.storage, methods=["GET"]),
        Route(f"/{file}", hub.resolve, methods=["GET", "HEAD"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hub.listener, hub.port = listener, listener.getsockname()[1]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield hub
        finally:
            server.should_exit = True
            thread.join()


def refusal(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status, headers={"x-error-code": code, "x-error-message": code})


def commit(files: dict[str, bytes]) -> str:
    return hashlib.sha1(b"".join(files.values())).hexdigest()


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
