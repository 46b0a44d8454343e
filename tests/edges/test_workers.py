"""Two workers behind one port: each talk is whole, one that is killed takes only its own talks along."""

from collections import defaultdict
from contextlib import AsyncExitStack

import anyio
import httpx
import psutil
import pytest

from tests.edges.talker import PATIENCE_S, Talker, open_talks, talking, turn_works
from tests.serving import Served, serving

KEY = {"Authorization": "Bearer one"}


def workers(server: Served) -> list[psutil.Process]:
    return [child for child in psutil.Process(server.pid).children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "realtime.worker" in process.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one, too
        return False


def worker_of(server: Served, talker: Talker) -> int:
    """The one at the other end of the talk's connection."""
    _, port = talker.socket.local_address[:2]
    for process in workers(server):
        if any(end.raddr and end.raddr.port == port for end in process.net_connections("tcp")):
            return process.pid
    raise AssertionError("nobody serves this talk")


async def test_a_worker_that_dies_takes_only_its_own_talks_along() -> None:
    with serving("--workers", "2") as server:
        async with AsyncExitStack() as stack:
            talks: dict[int, list[Talker]] = defaultdict(list)
            with anyio.fail_after(PATIENCE_S):
                while len(talks) < 2:
                    talker = await stack.enter_async_context(talking(server))
                    talks[worker_of(server, talker)].append(talker)
            (doomed, _), (_, [survivor, *_]) = talks.items()
            assert await open_talks(server) == sum(map(len, talks.values()))
            psutil.Process(doomed).kill()
            with anyio.fail_after(PATIENCE_S):
                while len({each.pid for each in workers(server)} - {doomed}) < 2:  # noqa: ASYNC110 -- others do
                    await anyio.sleep(0.05)
            await survivor.opening()
            await turn_works(server, survivor)
            async with talking(server) as another:
                await another.opening()


async def test_what_one_worker_mints_and_counts_holds_for_all() -> None:
    limits = {"TUTOR_API_KEYS": "one", "TUTOR_LIMITS__SESSIONS": "2"}
    with serving("--workers", "2", **limits) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=KEY, timeout=PATIENCE_S) as client:
            minted = await client.post(
                "/v1/realtime/client_secrets", json={"session": {"instructions": "Be short."}}
            )
            assert (await client.get("/v1/door")).json()["elsewhere"] is False
        headers = {"Authorization": f"Bearer {minted.json()['value']}"}
        async with AsyncExitStack() as stack:
            talkers = [
                await stack.enter_async_context(talking(server, additional_headers=headers)) for _ in range(2)
            ]
            assert {talker.log[0]["session"]["instructions"] for talker in talkers} == {"Be short."}
            with pytest.raises(Exception, match="all 2 places are taken"):
                await stack.enter_async_context(talking(server, additional_headers=headers))
