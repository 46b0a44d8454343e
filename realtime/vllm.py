"""vLLM as a child of the gateway: its command, its environment, and what it has read before it is ready."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx

from realtime.children import keep_alive, minded
from realtime.settings import Vllm

log = logging.getLogger(__name__)
FIRST_TOKEN_S = 120  # a large model's first prompt compiles its kernels
ASK_AGAIN_S, REFUSED_AGAIN_S = 0.5, 5.0

# Nothing is fetched and nothing is reported; its log goes where ours goes. SAFEPATH: it imports nothing from
# the folder where the gateway was started.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "PYTHONSAFEPATH": "1",
}


def command(python: Path, vllm: Vllm, port: int) -> list[str]:
    """Not `vllm serve`: that looks for a distribution called vllm, which the build for CPUs is not."""
    flags = {
        "--model": vllm.model,
        "--served-model-name": vllm.model,
        "--host": "127.0.0.1",
        "--port": port,
        "--gpu-memory-utilization": vllm.memory_share,
        "--max-model-len": vllm.max_model_len,
    }
    given = [str(part) for flag in flags.items() if flag[1] is not None for part in flag]
    switches = ["--enable-prefix-caching", "--enable-prompt-tokens-details", "--disable-uvicorn-access-log"]
    return [str(python), "-m", "vllm.entrypoints.openai.api_server", *given, *switches, *vllm.arguments]


class ChatServer:
    """`ready`: a first token came, of the prompt that talks begin with. One that dies is started and warmed
    anew."""

    def __init__(
        self, client: httpx.AsyncClient, vllm: Vllm, python: Path, port: int, prompt: Sequence[Any]
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.model = vllm.model
        self.ready = False
        self._client = client
        self._prompt = list(prompt)
        self._command = minded(command(python, vllm, port))

    async def run(self) -> None:
        await keep_alive("vLLM", self._command, environment=os.environ | ENVIRONMENT, began=self._warm)

    async def _warm(self) -> None:
        """Ready for as long as the process lives."""
        try:
            await warm(self._client, self.url, self.model, self._prompt)
            self.ready = True
            await anyio.sleep_forever()
        finally:
            self.ready = False


async def warm(client: httpx.AsyncClient, url: str, model: str, prompt: Sequence[Any]) -> None:
    """Ask until a first token has come; the server keeps what it read of the prompt."""
    body = {"model": model, "messages": list(prompt), "max_tokens": 1}
    told = ""
    while True:
        pause_s = ASK_AGAIN_S
        try:
            answer = await client.post(f"{url}/chat/completions", json=body, timeout=FIRST_TOKEN_S)
            if answer.is_success:
                return
            refusal = f"HTTP {answer.status_code}: {answer.text[:300]}"
            if refusal != told:
                log.warning("vLLM refuses the tutor's prompt: %s", refusal)
            told, pause_s = refusal, REFUSED_AGAIN_S
        except httpx.HTTPError:
            log.debug("vLLM does not answer yet")
        await anyio.sleep(pause_s)
