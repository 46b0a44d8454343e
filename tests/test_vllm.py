"""The command of vLLM, and when it is taken to be warm."""

from pathlib import Path

import anyio
import httpx
import pytest

from realtime.settings import Settings, Vllm
from realtime.vllm import command, warm

PYTHON = Path("/opt/vllm/bin/python")


def test_the_command_says_what_is_set_and_no_more() -> None:
    made = command(PYTHON, Vllm(model="llama"), 8100)
    assert made[:3] == [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server"]
    pairs = dict(zip(made[3:11:2], made[4:12:2], strict=True))
    assert pairs == {
        "--model": "llama",
        "--served-model-name": "llama",
        "--host": "127.0.0.1",
        "--port": "8100",
    }
    assert "--enable-prefix-caching" in made and "--enable-prompt-tokens-details" in made
    assert "--gpu-memory-utilization" not in made and "--max-model-len" not in made


def test_the_share_of_the_card_and_the_operators_own_arguments_follow() -> None:
    vllm = Vllm(memory_share=0.6, max_model_len=4096, arguments=("--quantization", "fp8"))
    made = command(PYTHON, vllm, 8100)
    assert made[made.index("--gpu-memory-utilization") + 1] == "0.6"
    assert made[made.index("--max-model-len") + 1] == "4096"
    assert made[-2:] == ["--quantization", "fp8"]


def test_an_environment_with_vllm_gives_free_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().talks_freely, Settings().first_lesson) == (False, "greetings")
    monkeypatch.setenv("TUTOR_VLLM__PYTHON", str(PYTHON))
    monkeypatch.setenv("TUTOR_VLLM__ARGUMENTS", '["--dtype", "float32"]')
    settings = Settings()
    assert settings.vllm.arguments == ("--dtype", "float32")
    assert (settings.talks_freely, settings.first_lesson) == (True, "")


async def test_it_is_warm_once_a_first_token_came() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            raise httpx.ConnectError("not up yet")
        return httpx.Response(200, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with anyio.fail_after(10):
            await warm(client, "http://vllm/v1", "llama", [{"role": "system", "content": "Be kind."}])
    assert len(asked) == 2
    assert b'"max_tokens":1' in asked[-1].content and b"Be kind." in asked[-1].content
