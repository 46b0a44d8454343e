"""How soon the tutor answers, and how it is interrupted: a real `tutor serve`, scripted engines, on loopback.

    python -m benchmarks.turns [--json] [--parts turns plain over] [--turns 14] [--pauses 6] [--trials 50]

Learners send real speech in frames of 20 ms, with a room at -60 dBFS between. `turns`: sentences, then some
with a pause of 700 ms in them; `plain`: sentences, where no reply is begun before its endpoint; `over`:
interruptions, signs of listening and coughs over the tutor's voice. The recogniser knows the words of each
sound and hears those that have been said (`scripted_hearing`). Voice-to-voice is from sending the last frame
with speech in it to the first byte of the reply's sound. The gateway has a core of its own. A run whose
learners were late themselves, or whose gateway was behind with what they had sent, says so.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import anyio
import httpx

from benchmarks import turn_sounds as sounds
from benchmarks.load import free_port, p, started
from benchmarks.talker import Json, Talker, talkers
from benchmarks.turn_sounds import Sound
from benchmarks.turn_trials import Answered, Over, answers, overs

CLAUSE, CLAUSE_TOKENS = (
    "Thank you for telling me,",
    5,
)  # the first of the reply is spoken once the next token is there
CHAINS = 20
ENGINES = ("--recognition-ms", "80", "--first-token-ms", "100", "--token-ms", "10", "--first-byte-ms", "100")
REPLY = "Thank you for telling me, and now I read to you. " + " ".join(
    ["Then the old man walked to the river and sat down."] * 9
)
PARTS = ("turns", "plain", "over")
LATE_MS, BEHIND_MS = 5.0, 50.0
APART_S = 0.55  # learners begin one after the other: who all pause at once are no longer answered early


@dataclass(frozen=True, slots=True)
class Mode:
    """A client, how its turns are detected, and how many of its kind there are."""

    name: str
    tutor: bool
    detection: Json
    learners: int


FIXED = Mode("server_vad, 500 ms", False, {"type": "server_vad", "silence_duration_ms": 500}, 3)
MODES = (
    FIXED,
    Mode("semantic_vad", False, {"type": "semantic_vad"}, 2),
    Mode("tutor.v1", True, {"type": "server_vad", "silence_duration_ms": 500}, 2),
)


@dataclass(frozen=True, slots=True)
class Run:
    """`chain_ms`: the engines' own, as a client has it that asks them by itself; `turns`, `paused`: by
    mode; `overs`: by client and kind of sound; `late_ms`: the learners' own frames; `trips_ms`: until
    the gateway answered what came after them.
    """

    turns: dict[str, list[Answered]] = field(default_factory=dict[str, list[Answered]])
    paused: dict[str, list[Answered]] = field(default_factory=dict[str, list[Answered]])
    plain: list[Answered] = field(default_factory=list[Answered])
    chain_ms: list[float] = field(default_factory=list[float])
    overs: dict[str, list[Over]] = field(default_factory=dict[str, list[Over]])
    late_ms: list[float] = field(default_factory=list[float])
    trips_ms: list[float] = field(default_factory=list[float])

    def watch(self, crowd: Sequence[Talker], late_ms: Sequence[float]) -> None:
        self.late_ms.extend(late_ms)
        self.trips_ms.extend(ms for talker in crowd for ms in talker.trips_ms)


@dataclass(frozen=True, slots=True)
class Row:
    figure: str
    target: str
    measured: str
    met: bool | None = None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--turns", type=int, default=14, help="of each learner")
    parser.add_argument("--pauses", type=int, default=6, help="sentences with one, of each learner")
    parser.add_argument("--trials", type=int, default=50, help="sounds of each kind over the tutor")
    parser.add_argument("--learners", type=int, default=7, help="who speak over the tutor in tutor.v1")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    run = Run()
    if {"turns", "over"} & {*options.parts}:
        with staged() as (url, _):
            if "turns" in options.parts:
                anyio.run(measure_turns, url, run, options.turns, options.pauses)
            if "over" in options.parts:
                anyio.run(measure_overs, url, run, options.trials, options.learners)
    if "plain" in options.parts:
        with staged(TUTOR_TALK__SPECULATE="false") as (url, engines):
            anyio.run(measure_chain, engines, run)
            anyio.run(measure_plain, url, run, options.turns)
    found = rows(run)
    print(json.dumps(described(run, found)) if options.json else table(run, found))


# the stage


@contextmanager
def staged(**environment: str) -> Generator[tuple[str, str]]:
    """The gateway on the first core, all else on the last. The URLs of its talks and of the engines."""
    cores = sorted(os.sched_getaffinity(0))
    gateway_core, rest = {cores[0]}, {cores[-1]}
    os.sched_setaffinity(0, rest)
    port = free_port()
    engines = [sys.executable, "-m", "benchmarks.scripted_engines", "--port", str(port), *ENGINES]
    root = f"http://127.0.0.1:{port}/v1"
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0", "--profile", "embedded"]
    command += ["--speech-url", root, "--chat-url", root]
    try:
        with (
            started([*engines, "--reply", REPLY], rest),
            started(command, gateway_core, **environment) as served,
        ):
            ready = next(line for line in served.stdout or () if line.startswith("Atom is ready"))
            yield f"ws://127.0.0.1:{int(ready.rpartition(':')[2])}/v1/realtime?model=tutor", root
    finally:
        os.sched_setaffinity(0, cores)


# the measurements


async def measure_turns(url: str, run: Run, turns: int, pauses: int) -> None:
    """Whole sentences first, then, since that disturbs nobody's figures, those with a pause."""
    modes = [mode for mode in MODES for _ in range(mode.learners)]
    whole, paused = sounds.sentences(turns), sounds.paused(len(modes) * pauses)
    async with talkers(url, [mode.tutor for mode in modes]) as (crowd, late_ms):

        async def talk(number: int) -> None:
            talker, mode = crowd[number], modes[number]
            await anyio.sleep(number * APART_S)
            said = await answers(talker, rotated(whole, number), mode.detection, number)
            run.turns.setdefault(mode.name, []).extend(said)
            said = await answers(talker, paused[number :: len(modes)], mode.detection, number)
            run.paused.setdefault(mode.name, []).extend(said)

        await _all(talk(number) for number in range(len(modes)))
    run.watch(crowd, late_ms)


async def measure_chain(engines: str, run: Run) -> None:
    """From the words to the first sound of the first clause, with nothing between the engines and us."""
    chat = {"model": "tutor", "stream": True, "messages": [{"role": "user", "content": "Hello."}]}
    speech = {"model": "tutor", "voice": "en-us", "input": CLAUSE, "response_format": "pcm"}
    async with httpx.AsyncClient() as client:
        for _ in range(CHAINS):
            began_s = time.perf_counter()
            await _nth_event(client, f"{engines}/chat/completions", chat, '"content"', CLAUSE_TOKENS + 1)
            made = {**speech, "stream_format": "sse"}
            await _nth_event(client, f"{engines}/audio/speech", made, "speech.audio.delta", 1)
            run.chain_ms.append((time.perf_counter() - began_s) * 1000)


async def _nth_event(client: httpx.AsyncClient, url: str, body: Json, sign: str, number: int) -> None:
    async with client.stream("POST", url, json=body) as response:
        async for line in response.aiter_lines():
            number -= sign in line
            if not number:
                return


async def measure_plain(url: str, run: Run, turns: int) -> None:
    whole = sounds.sentences(turns)
    async with talkers(url, [FIXED.tutor] * FIXED.learners) as (crowd, late_ms):

        async def talk(number: int) -> None:
            await anyio.sleep(number * APART_S)
            run.plain.extend(await answers(crowd[number], rotated(whole, number), FIXED.detection, number))

        await _all(talk(number) for number in range(len(crowd)))
    run.watch(crowd, late_ms)


def rotated(made: Sequence[Sound], by: int) -> list[Sound]:
    """The same sounds, from another one on."""
    return [made[(n + by) % len(made)] for n in range(len(made))]


async def measure_overs(url: str, run: Run, trials: int, learners: int) -> None:
    """A GA client is only interrupted: it has one third of the sounds, and a third of the learners."""
    kinds = {
        "interruption": sounds.interruptions(trials),
        "backchannel": sounds.backchannels(trials),
        "cough": sounds.coughs(trials),
    }
    dealt = [(f"tutor.v1 {kind}", sound) for kind, made in kinds.items() for sound in made]
    random.Random(1).shuffle(dealt)
    hands = [dealt[n::learners] for n in range(learners)]
    ga_learners = max(1, learners // 3)
    cut_in = [("GA interruption", sound) for sound in kinds["interruption"]]
    hands += [cut_in[n::ga_learners] for n in range(ga_learners)]
    hands = [hand for hand in hands if hand]
    async with talkers(url, [hand[0][0].startswith("tutor") for hand in hands]) as (crowd, late_ms):

        async def interrupt(number: int) -> None:
            made = await overs(crowd[number], [sound for _, sound in hands[number]], number)
            for (kind, _), one in zip(hands[number], made, strict=True):
                run.overs.setdefault(kind, []).append(one)

        await _all(interrupt(number) for number in range(len(hands)))
    run.watch(crowd, late_ms)


async def _all(work: Generator[Awaitable[None]]) -> None:
    async def one(awaitable: Awaitable[None]) -> None:
        await awaitable

    async with anyio.create_task_group() as tasks:
        for awaitable in work:
            tasks.start_soon(one, awaitable)


# the figures


def rows(run: Run) -> list[Row]:
    found = list[Row]()
    if run.turns:
        found += _turn_rows(run)
    if run.plain:
        found += _plain_rows(run.plain, run.chain_ms)
    if run.overs:
        found += _over_rows(run.overs)
    return found


def _turn_rows(run: Run) -> list[Row]:
    fixed = [one.after for one in run.turns[FIXED.name] if not one.early]
    label = f"first sound after the endpoint decision, {FIXED.name}, p95"
    found = [_at_most(label, 20, p(fixed, 95))]
    for name, turns in run.turns.items():
        label = f"voice-to-voice, {name}, median"
        found.append(_at_most(label, 520, statistics.median(one.voice for one in turns)))
    for name, turns in run.paused.items():
        early = sum(one.early for one in turns)
        target = None if name == FIXED.name else 0
        found.append(
            _count(f"answers into a pause of {sounds.PAUSE_MS} ms, {name}", target, early, len(turns))
        )
    return found


def _plain_rows(turns: Sequence[Answered], chain_ms: Sequence[float]) -> list[Row]:
    chain = statistics.median(chain_ms)
    added = [one.after - chain for one in turns]
    return [
        Row("the engines' own chain, median", "-", f"{chain:.1f} ms"),
        _at_most("overhead without speculation, median", 10, statistics.median(added)),
        _at_most("overhead without speculation, p95", 25, p(added, 95)),
    ]


def _over_rows(overs: dict[str, list[Over]]) -> list[Row]:
    found = list[Row]()
    ducks = [one.duck for kind, made in overs.items() if kind == "tutor.v1 interruption" for one in made]
    cuts = [one.cut for one in overs.get("GA interruption", [])]
    for label, values in (("duck, tutor.v1", ducks), ("cut, GA", cuts)):
        told = [one for one in values if one is not None]
        if told:
            found.append(_at_most(f"{label}, after the onset, median", 200, statistics.median(told)))
            found.append(_at_most(f"{label}, after the onset, p95", 200, p(told, 95)))
    if cut := [one.cut for one in overs.get("tutor.v1 interruption", []) if one.cut is not None]:
        found.append(_at_most("cut, tutor.v1, after the onset, median", 700, statistics.median(cut)))
        found.append(Row("cut, tutor.v1, after the onset, p95", "-", f"{p(cut, 95):.0f} ms"))
    tails = [one.tail for made in overs.values() for one in made if one.cut is not None]
    if tails:
        found.append(_at_most("last sound sent after the cut, the latest", 40, max(tails)))
    for kind, made in overs.items():
        wrong = wrongly(kind, made)
        if kind.endswith("interruption"):
            found.append(_share(f"missed, {kind}s", 0.02, len(wrong), len(made)))
        else:
            found.append(_share(f"cut by mistake, {kind}s", 0.02, len(wrong), len(made)))
    return found


def wrongly(kind: str, made: Sequence[Over]) -> list[Over]:
    """Interruptions that did not cut, and what did and should not have."""
    missed = kind.endswith("interruption")
    return [one for one in made if (one.cut is None) == missed]


def _at_most(figure: str, target: float, value: float) -> Row:
    return Row(figure, f"{target:.0f} ms", f"{value:.1f} ms", value <= target)


def _count(figure: str, target: int | None, value: int, of: int) -> Row:
    met = None if target is None else value <= target
    return Row(figure, "-" if target is None else str(target), f"{value} of {of}", met)


def _share(figure: str, target: float, value: int, of: int) -> Row:
    return Row(figure, f"{target:.0%}", f"{value} of {of}", value <= target * of)


def table(run: Run, found: Sequence[Row]) -> str:
    marks = {True: "yes", False: "**no**", None: ""}
    lines = ["| | target | measured | met |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.figure} | {row.target} | {row.measured} | {marks[row.met]} |" for row in found]
    late, behind = p(run.late_ms, 99), p(run.trips_ms, 95)
    valid = "Valid" if late <= LATE_MS and behind <= BEHIND_MS else "NOT VALID"
    lines += ["", f"{valid}: frames {late:.1f} ms late (p99), the gateway {behind:.1f} ms behind (p95)."]
    for kind, made in run.overs.items():
        lines += [f"{kind}: {one.name} ({one.long:.0f} ms)" for one in wrongly(kind, made)]
    return "\n".join(lines)


def described(run: Run, found: Sequence[Row]) -> dict[str, Any]:
    whole = asdict(run)
    whole["late_ms"] = {"p50": p(run.late_ms, 50), "p99": p(run.late_ms, 99)}
    whole["trips_ms"] = {"p50": p(run.trips_ms, 50), "p95": p(run.trips_ms, 95)}
    return {"figures": [asdict(row) for row in found], **whole}


if __name__ == "__main__":
    main()
