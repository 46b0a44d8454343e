"""Processes that die: the speech server is started again, and the gateway leaves nothing behind."""

import signal

import anyio
import httpx
import psutil

from tests.edges.talker import RIGHT, spoken, talking, turn_works
from tests.serving import Served, serving

PATIENCE_S = 30


def _speech_server(server: Served) -> psutil.Process:
    children = psutil.Process(server.pid).children()
    return next(child for child in children if "gpu" in child.cmdline())


async def _ready(server: Served) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S, verify=False) as client:
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 -- another process
                await anyio.sleep(0.1)


async def test_a_speech_server_killed_in_mid_sentence_is_started_again(server: Served) -> None:
    answer = await spoken(server, RIGHT)
    async with talking(server) as talker:
        talker.attentive = False
        await talker.send({"type": "response.create"})
        await talker.until_sound()
        killed = _speech_server(server)
        family = [killed, *killed.children(recursive=True)]
        killed.kill()
        talker.attentive = True
        await talker.play(60_000)
        done = (await talker.until("response.done"))["response"]
        assert done["status"] == "failed"
        assert done["status_details"]["error"]["code"] in ("engine_down", "engine_refused")
        await talker.hear(answer)
        failed = await talker.until("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["code"] == "engine_down"
        done = (await talker.until("response.done"))["response"]
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "engine_down")
        assert "say that again" in done["output"][0]["content"][0]["transcript"]
        _, alive = await anyio.to_thread.run_sync(lambda: psutil.wait_procs(family, timeout=PATIENCE_S))
        assert alive == []
        await _ready(server)
        await turn_works(server, talker)


async def test_a_gateway_that_is_asked_to_end_leaves_no_process_behind() -> None:
    with serving() as own:
        gateway = psutil.Process(own.pid)
        family = [gateway, *gateway.children(recursive=True)]
        async with talking(own) as talker:
            await talker.send({"type": "response.create"})
            await talker.until_sound()
            gateway.send_signal(signal.SIGTERM)
            _, alive = await anyio.to_thread.run_sync(lambda: psutil.wait_procs(family, timeout=PATIENCE_S))
    assert len(family) > 3
    assert alive == []


def test_a_server_that_is_killed_leaves_no_process_behind() -> None:
    with serving() as server:
        children = psutil.Process(server.pid).children(recursive=True)
        assert children
        psutil.Process(server.pid).kill()
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert not alive
