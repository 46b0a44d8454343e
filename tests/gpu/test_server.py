"""Health, metrics, and what every route shares."""

import subprocess
import sys

import httpx

from tests.gpu.speech_server import SpeechServer, eventually


async def test_health_names_the_engines(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_health_fails_while_an_engine_is_gone(
    http: httpx.AsyncClient, speech_server: SpeechServer
) -> None:
    seen: list[int] = []

    async def fails() -> bool:
        answer = await http.get("/healthz")
        seen.append(answer.status_code)
        return answer.status_code == 503 and "voice" in answer.json()["reason"]

    async def recovers() -> bool:
        return (await http.get("/healthz")).status_code == 200

    speech_server.workers("voice")[0].kill()
    await eventually(fails)
    await eventually(recovers)


async def test_metrics_are_prometheus_text(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'speech_workers_ready{engine="recognition"} 2.0' in answer.text


async def test_an_unknown_route_is_answered_in_openais_form(http: httpx.AsyncClient) -> None:
    for answer in (await http.get("/v1/nothing"), await http.get("/v1/audio/speech")):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_server_needs_neither_the_gateway_nor_torch() -> None:
    code = (
        "import sys, gpu.server, gpu.embedded.voice, gpu.embedded.recognition;"
        "print([name for name in ('realtime', 'torch', 'faster_whisper') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
