"""A real `tutor serve` that starts the real vLLM on a tiny Llama, and what vLLM says of itself."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import psutil

from realtime.tutor.lessons import load_lessons
from realtime.tutor.persona import persona
from tests.serving import Served, serving

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-engines" / "bin" / "python"
PATIENCE_S = 30
START_S = 300  # vLLM on a busy machine
# One process less than usual, and blocks of 32 tokens: the smallest that vLLM has on CPUs.
ON_CPU = (
    *("--dtype", "float32", "--enforce-eager", "--block-size", "32", "--max-num-seqs", "8"),
    *("--kv-cache-memory-bytes", str(64 * 2**20)),
    *("--distributed-executor-backend", "vllm.v1.executor.uniproc_executor.UniProcExecutor"),
)


def made_llama(folder: Path) -> Path:
    """Its tokenizer has learned from what the tutor is told and says: in one lesson, so that a new one alters
    nothing here."""
    text = folder / "text"
    said = load_lessons()["greetings"].model_dump_json()
    text.write_text("\n".join([said, *(persona(level, "es") for level in ("A1", "A2", "B1"))]))
    script = Path(__file__).with_name("tiny_llama.py")
    subprocess.run([PYTHON, script, folder, text], check=True, capture_output=True)
    return folder


@dataclass(frozen=True, slots=True)
class TutorOnVllm:
    served: Served

    def vllm(self) -> psutil.Process:
        """The process that answers; the engine is a child of it."""
        family = psutil.Process(self.served.pid).children(recursive=True)
        return next(process for process in family if _is_vllm(process))

    @property
    def vllm_url(self) -> str:
        arguments = self.vllm().cmdline()
        return f"http://127.0.0.1:{arguments[arguments.index('--port') + 1]}"

    async def count(self, name: str) -> float:
        """One of vLLM's own metrics."""
        return await self._sum(rf"vllm:{name}{{[^}}]*}}")

    async def refusals(self) -> float:
        """Requests that it would not answer."""
        return await self._sum(r'http_requests_total{[^}]*status="4xx"[^}]*}')

    async def _sum(self, family: str) -> float:
        async with httpx.AsyncClient() as client:
            page = (await client.get(f"{self.vllm_url}/metrics")).text
        return sum(map(float, re.findall(rf"^{family} (\S+)$", page, re.MULTILINE)))

    async def until_idle(self) -> None:
        with anyio.fail_after(PATIENCE_S):
            while await self.count("num_requests_running"):  # noqa: ASYNC110 -- another process
                await anyio.sleep(0.01)

    async def waits_for(self) -> str:
        """What the gateway says that it waits for; nothing once it is ready."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            return (await client.get(f"{self.served.url}/readyz")).json().get("for", "")

    async def until_ready(self) -> None:
        with anyio.fail_after(START_S):
            while await self.waits_for():  # noqa: ASYNC110 -- another process
                await anyio.sleep(0.2)


def _is_vllm(process: psutil.Process) -> bool:
    arguments = process.cmdline()
    return arguments[1:3] == ["-m", "vllm.entrypoints.openai.api_server"]


@contextmanager
def tutor_on_vllm(llama: Path, window: int) -> Iterator[TutorOnVllm]:
    arguments = json.dumps([*ON_CPU, "--max-model-len", str(window)])
    settings = {
        "TUTOR_VLLM__PYTHON": str(PYTHON),
        "TUTOR_VLLM__MODEL": str(llama),
        "TUTOR_VLLM__ARGUMENTS": arguments,
        "TUTOR_PROFILE": "embedded",
        "OMP_NUM_THREADS": "1",
    }
    with serving(**settings) as served:
        yield TutorOnVllm(served)
