"""A first `make serve`: time, size and memory, from an empty folder to the first answer.

    python -m benchmarks.first_run [--json]

Clones this repository's HEAD into an empty folder, runs `make serve` there without pip's cache, waits until a
turn can be spoken, asks for the tutor's first line, and takes the answer's first audio as the end.
"""

import argparse
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from websockets.sync.client import connect

ROOT = Path(__file__).parents[1]
LONGEST_S = 900


@dataclass(frozen=True, slots=True)
class FirstRun:
    ready_s: float  # from `make serve` to a ready server: download, installation, start
    answer_s: float  # from asking to the first audio
    again_s: float  # the same as ready_s, the second time
    environment_mib: float
    memory_mib: float  # of all processes of the server, after the first answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "atom")
    if arguments.json:
        print(json.dumps(asdict(figures)))
        return
    print(f"make serve to ready     {figures.ready_s:8.1f} s")
    print(f"asking to first audio   {figures.answer_s:8.3f} s")
    print(f"make serve, second time {figures.again_s:8.1f} s")
    print(f"size of .venv           {figures.environment_mib:8.0f} MiB")
    print(f"memory, all processes   {figures.memory_mib:8.0f} MiB")


def measure(folder: Path) -> FirstRun:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    ready_s, answer_s, memory = _serve_once(folder)
    again_s, _, _ = _serve_once(folder)
    return FirstRun(ready_s, answer_s, again_s, _mib(folder / ".venv"), memory)


def _serve_once(folder: Path) -> tuple[float, float, float]:
    port = _free_port()
    environment = {**os.environ, "PIP_NO_CACHE_DIR": "1"}
    began = time.monotonic()
    server = subprocess.Popen(
        ["make", "serve", f"PORT={port}"], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/readyz", server, began)
        ready_s = time.monotonic() - began
        answer_s = _first_answer(f"ws://127.0.0.1:{port}/v1/realtime?model=tutor")
        return ready_s, answer_s, _memory_mib(server.pid)
    finally:
        _end(server)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], began: float) -> None:
    while time.monotonic() - began < LONGEST_S:
        if server.poll() is not None:
            raise RuntimeError(f"make serve ended with status {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)  # there is no other way to learn that a server of another process listens
    raise TimeoutError(f"not ready after {LONGEST_S} s")


def _first_answer(url: str) -> float:
    with connect(url, max_size=None) as socket_:
        began = time.monotonic()
        socket_.send(json.dumps({"type": "response.create"}))
        while json.loads(socket_.recv(timeout=30))["type"] != "response.output_audio.delta":
            pass
        return time.monotonic() - began


def _memory_mib(pid: int) -> float:
    """Proportional share, so that pages which the processes share count once."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(process.memory_full_info().pss for process in tree) / 2**20


def _mib(folder: Path) -> float:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def _end(server: subprocess.Popen[bytes]) -> None:
    """make passes no signal on: its children are asked themselves."""
    for process in psutil.Process(server.pid).children(recursive=True):
        if process.is_running():
            process.terminate()
    server.wait(timeout=15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
