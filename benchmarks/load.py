"""What a session costs the gateway: processor time by what the learner does, memory, and delay under load.

    python -m benchmarks.load [--json] [--sessions 1 8 32 100] [--seconds 8]

`tutor serve` has one core, scripted engines and the learners have another. Learners send frames of 20 ms in
tutor.v1, as the page does, from a room with noise at -60 dBFS. Delay counts from the frame that completes the
endpoint's window to the first sound of the answer, so neither the wait for the endpoint nor what the engines
do meanwhile is in it. A run whose learners were late themselves, or whose gateway had to wait for its core,
says so.
"""

import argparse
import asyncio
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import soxr

from benchmarks import learners
from benchmarks.crowd import Learner, Pcm, Role, Sounds, joined, send

RATE = 48_000  # of most microphones
ROOM_DBFS = -60
SENTENCE = "Where are you from?"  # complete, so it is answered soon
STORY = "Last summer we went to the mountains and walked along a river until we found a small village"
ANSWER = "That is a good question."
TALE = " ".join(["Then the old man walked to the river and sat down."] * 12)
ENGINE_MS = ("--recognition-ms", "40", "--first-token-ms", "40", "--token-ms", "5", "--first-byte-ms", "40")
CROWD, IDLE = 50, 100
SETTLE_S = 2.0
WAITED = 0.1  # of the time: then they are those of whoever else runs here
LATE_MS = 5.0  # of the slowest frame but one in a hundred: then the figures are the learners' own
TARGETS = {"silent": 2.0, "speaking": 5.0, "listening": 5.0, "memory": 1.0, "delay": 50.0}


@dataclass(frozen=True, slots=True)
class Load:
    """`delay` and `voice` in ms; `voice`: from the last frame of the sentence to the first sound."""

    sessions: int
    turns: int
    delay_median: float
    delay_p95: float
    voice_median: float
    voice_p95: float
    busy: float  # share of its core
    waited: float  # share of the time in which the gateway could have run and others did
    late_p99: float  # the learners' own frames
    faults: int


@dataclass(frozen=True, slots=True)
class Figures:
    cpu_ms: dict[str, float]  # per session and second, by what the learner does
    idle_mb: float
    loads: list[Load]


@dataclass(frozen=True, slots=True)
class Stage:
    host: str
    port: int
    gateway: psutil.Process
    engines: str
    sounds: Sounds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 8, 32, 100])
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement of processor time")
    parser.add_argument("--rate", type=int, default=RATE, help="of the microphones (%(default)s)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with staged(options.rate) as stage:
        figures = asyncio.run(measure(stage, options.sessions, options.seconds))
    print(json.dumps(asdict(figures)) if options.json else table(figures))


def table(figures: Figures) -> str:
    names = {"silent": "silence", "speaking": "speech", "listening": "a reply"}
    lines = ["| | target | measured |", "| --- | --- | --- |"]
    for role, ms in figures.cpu_ms.items():
        lines.append(f"| CPU per session-second, {names[role]} | {TARGETS[role]:.0f} ms | {ms:.2f} ms |")
    lines.append(f"| memory of an idle session | {TARGETS['memory']:.0f} MB | {figures.idle_mb:.2f} MB |")
    lines += [
        "",
        "| sessions | turns | delay, median | delay, p95 | voice to voice, median | p95 | core | valid |",
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for load in figures.loads:
        lines.append(
            f"| {load.sessions} | {load.turns} | {load.delay_median:.1f} ms | {load.delay_p95:.1f} ms "
            f"| {load.voice_median:.0f} ms | {load.voice_p95:.0f} ms | {load.busy:.0%} | {verdict(load)} |"
        )
    return "\n".join(lines)


def verdict(load: Load) -> str:
    wrong = {
        f"learners {load.late_p99:.0f} ms late": load.late_p99 > LATE_MS,
        f"gateway without its core for {load.waited:.0%}": load.waited > WAITED,
        f"{load.faults} faults": load.faults > 0,
        "nobody was answered": load.turns == 0,
    }
    return ", ".join(reason for reason, true in wrong.items() if true) or "yes"


# the stage


@contextmanager
def staged(rate: int) -> Generator[Stage]:
    """The gateway on the first core, everything else on the last."""
    cores = sorted(os.sched_getaffinity(0))
    gateway_core, rest = {cores[0]}, {cores[-1]}
    os.sched_setaffinity(0, rest)
    engines_port = free_port()
    engines = [sys.executable, "-m", "benchmarks.scripted_engines", "--port", str(engines_port), *ENGINE_MS]
    root = f"http://127.0.0.1:{engines_port}"
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0", "--profile", "embedded"]
    command += ["--speech-url", f"{root}/v1", "--chat-url", f"{root}/v1"]
    environment = {"TUTOR_LIMITS__SESSIONS": "1000", "TUTOR_LIMITS__RESUME_S": "0.5"}
    with started(engines, rest), started(command, gateway_core, **environment) as served:
        ready = next(line for line in served.stdout or () if line.startswith("Atom is ready"))
        port = int(ready.rpartition(":")[2])
        yield Stage("127.0.0.1", port, psutil.Process(served.pid), root, sounds(rate))


@contextmanager
def started(command: list[str], cores: set[int], **environment: str) -> Generator[subprocess.Popen[str]]:
    """A child inherits the cores, and so do all of its threads."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    os.sched_setaffinity(0, own)
    with child:
        try:
            yield child
        finally:
            child.terminate()


def sounds(rate: int) -> Sounds:
    sentence, story = (learners.spoken(text, learners.VOICES[0], 1) for text in (SENTENCE, STORY))
    room = np.random.default_rng(2).normal(0, 32768 * 10 ** (ROOM_DBFS / 20), rate * 10).astype(np.int16)
    return Sounds.of(room, in_room(trimmed(story), rate, room), in_room(trimmed(sentence), rate, room), rate)


def trimmed(sound: Pcm) -> Pcm:
    """Without the silence around it."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 500)
    return sound[loud[0] : loud[-1]]


def in_room(sound: Pcm, rate: int, room: Pcm) -> Pcm:
    raised = soxr.resample(sound, learners.RATE, rate) if rate != learners.RATE else sound
    return np.clip(raised.astype(np.int32) + room[: len(raised)], -32768, 32767).astype(np.int16)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# the measurements


async def measure(stage: Stage, sizes: Sequence[int], seconds: float) -> Figures:
    await script(stage, TALE)
    await warmed(stage)
    idle_mb = await memory(stage)
    cpu_ms = {role: await cpu(stage, role, seconds) for role in ("silent", "speaking", "listening")}
    await script(stage, ANSWER)
    loads = [await load(stage, size) for size in sizes]
    return Figures(cpu_ms, idle_mb, loads)


async def script(stage: Stage, reply: str) -> None:
    async with httpx.AsyncClient() as client:
        changes = {"transcripts": [SENTENCE], "replies": [reply]}
        (await client.post(f"{stage.engines}/script", json=changes)).raise_for_status()


async def warmed(stage: Stage) -> None:
    """What is loaded once is no session's."""
    async with gathered(stage, 1) as crowd:
        await send(crowd, 1)
        begin(crowd, "listening")
        await send(crowd, 1)


async def memory(stage: Stage) -> float:
    """MB that each of many idle sessions adds."""
    before = stage.gateway.memory_info().rss
    async with gathered(stage, IDLE) as crowd:
        await send(crowd, 3)
        return (stage.gateway.memory_info().rss - before) / len(crowd) / 1e6


async def cpu(stage: Stage, role: Role, seconds: float) -> float:
    """ms of the gateway's processor time for a session's second."""
    async with gathered(stage, CROWD) as crowd:
        begin(crowd, role)
        await send(crowd, SETTLE_S)
        before = spent_s(stage)
        await send(crowd, seconds)
        used_s = spent_s(stage) - before
        replied = sum(learner.speaks.is_set() for learner in crowd)
        if role == "listening" and replied < 0.9 * len(
            crowd
        ):  # one reply may end while the next is asked for
            raise RuntimeError(f"only {replied} of {len(crowd)} are being replied to")
        faults(crowd)
    return used_s * 1000 / seconds / len(crowd)


async def load(stage: Stage, size: int) -> Load:
    """Three of five are silent; the others speak, and listen to the answer, half of the time each."""
    seconds = 40 if size < 10 else 25
    async with gathered(stage, size) as crowd:
        talking = crowd[::5] + crowd[1::5]
        for number, learner in enumerate(talking):
            learner.role, learner.delay = "talking", number * 190 // len(talking)
        await send(crowd, SETTLE_S)
        before, queued, began_s = spent_s(stage), queued_s(stage), time.perf_counter()
        late_ms = await send(crowd, seconds)
        took_s = time.perf_counter() - began_s
        busy, waited = (spent_s(stage) - before) / took_s, (queued_s(stage) - queued) / took_s
        turns = [turn for learner in crowd for turn in learner.turns]
        delay = [(turn.answered_s - turn.decided_s) * 1000 for turn in turns]
        voice = [(turn.answered_s - turn.said_s) * 1000 for turn in turns]
        wrong = faults(crowd)
    return Load(
        sessions=size,
        turns=len(turns),
        delay_median=p(delay, 50),
        delay_p95=p(delay, 95),
        voice_median=p(voice, 50),
        voice_p95=p(voice, 95),
        busy=busy,
        waited=waited,
        late_p99=p(late_ms, 99),
        faults=wrong,
    )


@asynccontextmanager
async def gathered(stage: Stage, size: int) -> AsyncGenerator[list[Learner]]:
    crowd = await joined(stage.host, stage.port, stage.sounds, size)
    yield crowd
    for learner in crowd:
        learner.leave()
    await asyncio.sleep(1)  # the gateway keeps a talk for half of this


def begin(crowd: Sequence[Learner], role: Role) -> None:
    for learner in crowd:
        learner.role = role
        if role == "listening":
            learner.say({"type": "response.create"})


def spent_s(stage: Stage) -> float:
    times = stage.gateway.cpu_times()
    return times.user + times.system


def queued_s(stage: Stage) -> float:
    """How long its thread was ready and had no core."""
    return int(Path(f"/proc/{stage.gateway.pid}/schedstat").read_text().split()[1]) / 1e9


def faults(crowd: Sequence[Learner]) -> int:
    wrong = [fault for learner in crowd for fault in learner.faults]
    for fault in wrong[:3]:
        print(fault, file=sys.stderr)
    return len(wrong)


def p(values: Sequence[float], percent: int) -> float:
    """Not a number where nobody was answered."""
    if len(values) < 2:
        return values[0] if values else math.nan
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    main()
