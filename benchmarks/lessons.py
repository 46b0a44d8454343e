"""What the tutor makes of every answer of every lesson, spoken, through the whole server.

    python -m benchmarks.lessons [--sample N] [--json] [--latency] [--recorded FILE]

Each right answer and each typical mistake (slots filled from their lists) is spoken by three espeak
voices and with a Spanish accent, sentences of no lesson by the three voices, and names that no list
holds. Each is sent to a real `tutor serve` over its WebSocket as one push-to-talk utterance, at the step
that it belongs to; what the server says of it (`tutor.feedback`) is counted. The recogniser's weights
were fitted on the lessons of TUNED; the others are reported apart. `--latency` measures, one at a time,
how long after the commit the transcript of a 2.5 to 3.5 s answer is there.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.learners import RATE, SPANISH, VOICES, spoken
from realtime.tutor.lesson import Lesson, slots_in
from realtime.tutor.lessons import load_lessons

TUNED = ("asking_the_way", "daily_routine", "introducing", "shopping")
OFF_SCRIPT = Path(__file__).with_name("data") / "off_script.txt"
STRANGE = {"name": ("Priyanka", "Thorsten", "Mustafa", "Yuki", "Olga", "Ngozi")}
AT_ONCE = 3
Kind = Literal["right", "mistake", "strange", "off"]


class Text(NamedTuple):
    kind: Kind
    said: str
    better: str = ""


@dataclass(frozen=True, slots=True)
class Saying:
    """`better`: how the mistake is to be corrected; `value`: what fills the slot."""

    kind: Kind
    lesson: str
    step: int
    text: str
    voice: str
    better: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    saying: Saying
    transcript: str
    verdict: str
    better: str
    reply: str
    audio_s: float
    transcript_s: float  # after the commit

    @property
    def named(self) -> bool:
        return self.verdict == "mistake" and _plain(self.better) == _plain(self.saying.better)


def sayings(lessons: dict[str, Lesson], chance: random.Random) -> list[Saying]:
    said: list[Saying] = []
    for name, lesson in lessons.items():
        for place, step in enumerate(lesson.steps):
            texts = [Text("right", text) for text in step.right]
            texts += [Text("mistake", mistake.said, mistake.better) for mistake in step.mistakes]
            for kind, text, better in texts:
                for voice in (*VOICES, SPANISH):
                    filled, values = _filled(text, lesson, chance)
                    corrected = _with(better, values)
                    said.append(
                        Saying(kind, name, place, filled, voice, corrected, " ".join(values.values()))
                    )
            said += _strange(name, lesson, place, chance)
    off = [line for line in OFF_SCRIPT.read_text().splitlines() if line and not line.startswith("#")]
    for text in off:
        name = chance.choice(list(lessons))
        place = chance.randrange(len(lessons[name].steps))
        said += [Saying("off", name, place, text, voice) for voice in VOICES]
    return said


def _strange(name: str, lesson: Lesson, place: int, chance: random.Random) -> Iterator[Saying]:
    """A sentence with a name that is in no list."""
    for text in lesson.steps[place].right:
        slots = slots_in(text)
        if list(slots) == ["name"] and lesson.slots["name"].open:
            for voice in VOICES:
                value = chance.choice(STRANGE["name"])
                yield Saying("strange", name, place, _with(text, {slots[0]: value}), voice, "", value)


def _filled(text: str, lesson: Lesson, chance: random.Random) -> tuple[str, dict[str, str]]:
    values = {slot: chance.choice(lesson.slots[slot].values) for slot in slots_in(text)}
    return _with(text, values), values


def _with(text: str, values: dict[str, str]) -> str:
    for slot, value in values.items():
        text = text.replace("{" + slot + "}", value)
    return text


class Talk:
    """One connection, whose session is led to any step of any lesson."""

    def __init__(self, socket: ClientConnection, lessons: dict[str, Lesson]) -> None:
        self._socket = socket
        self._lessons = lessons

    async def begin(self) -> None:
        audio = {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": None}}
        session = {"type": "realtime", "output_modalities": ["text"], "audio": audio}
        await self._send(type="session.update", session=session)
        await self._until("session.updated")

    async def hear(self, saying: Saying, seed: int) -> Judged:
        await self._lead(saying)
        audio = await anyio.to_thread.run_sync(spoken, saying.text, saying.voice, seed, limiter=ONE)
        await self._socket.send(audio.tobytes())
        began_s = time.monotonic()
        await self._send(type="input_audio_buffer.commit")
        completed = await self._until("conversation.item.input_audio_transcription.completed")
        after_s = time.monotonic() - began_s
        seen = await self._reply()
        judged: dict[str, Any] = next((one for one in seen if one["type"] == "tutor.feedback"), {})
        done = seen[-1]["response"]["output"]
        reply = done[0]["content"][0]["text"] if done else ""
        verdict = judged.get("verdict", "control")
        better = judged.get("better") or ""
        return Judged(saying, completed["transcript"], verdict, better, reply, len(audio) / RATE, after_s)

    async def _lead(self, saying: Saying) -> None:
        """By written right answers; slots filled with the first of their lists."""
        lesson = self._lessons[saying.lesson]
        await self._send(type="tutor.settings", lesson=saying.lesson)
        await self._reply()
        scene = lesson.steps[saying.step].scene or next(iter(lesson.scenes), None)
        for step in lesson.steps[: saying.step]:
            if step.scene not in (None, scene):
                continue
            text = step.scenes.get(scene or "", step.right)[0]
            text = _with(text, {slot: lesson.slots[slot].example for slot in slots_in(text)})
            content = [{"type": "input_text", "text": text}]
            await self._send(
                type="conversation.item.create", item={"type": "message", "role": "user", "content": content}
            )
            await self._reply()

    async def _reply(self) -> list[dict[str, Any]]:
        await self._send(type="response.create")
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["type"] != "response.done":
            seen.append(await self._next())
        return seen

    async def _until(self, kind: str) -> dict[str, Any]:
        while (event := await self._next())["type"] != kind:
            pass
        return event

    async def _next(self) -> dict[str, Any]:
        with anyio.fail_after(60):
            event: dict[str, Any] = json.loads(await self._socket.recv())
        if event["type"] == "error":
            raise RuntimeError(event["error"]["message"])
        return event

    async def _send(self, **event: Any) -> None:
        await self._socket.send(json.dumps(event))


ONE = anyio.CapacityLimiter(1)  # the voice is one library with global state


async def run(url: str, said: Sequence[Saying], lessons: dict[str, Lesson], at_once: int) -> list[Judged]:
    judged: list[Judged] = []
    rest = iter(enumerate(said))

    async def work() -> None:
        async with connect(url, subprotocols=[Subprotocol("tutor.v1")], max_size=None) as socket:
            talk = Talk(socket, lessons)
            await talk.begin()
            for count, (seed, saying) in enumerate(rest, 1):
                judged.append(await talk.hear(saying, seed))
                if count % 30 == 0:
                    break  # a session's conversation is bounded
                if len(judged) % 200 == 0:
                    print(f"{len(judged)} of {len(said)}", file=sys.stderr)

    async def work_on() -> None:
        while len(judged) < len(said):
            before = len(judged)
            await work()
            if len(judged) == before:
                return

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(work_on)
    return judged


@contextmanager
def server() -> Iterator[str]:
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            ready = (re.match(r"Atom is ready: open http(\S+)", line) for line in process.stdout)
            yield f"ws{next(found[1] for found in ready if found)}/v1/realtime"
        finally:
            process.terminate()


def report(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """A row for each group, of the lessons that were tuned on and of the others."""
    rows: list[dict[str, Any]] = []
    for part, tuned in (("other lessons", False), ("tuned on", True)):
        for kind in ("right", "mistake", "strange", "off"):
            for voice in (*VOICES, "three voices", SPANISH):
                voices = VOICES if voice == "three voices" else (voice,)
                group = [
                    one
                    for one in judged
                    if one.saying.kind == kind
                    and one.saying.voice in voices
                    and (one.saying.lesson in TUNED) == tuned
                ]
                if group:
                    rows.append({"lessons": part, "said": kind, "voice": voice, **_shares(group)})
    return rows


def by_lesson(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """The three voices together."""
    rows: list[dict[str, Any]] = []
    for lesson in sorted({one.saying.lesson for one in judged}):
        for kind in ("right", "mistake"):
            group = [
                one
                for one in judged
                if (one.saying.lesson, one.saying.kind) == (lesson, kind) and one.saying.voice in VOICES
            ]
            if group:
                rows.append({"lesson": lesson, "said": kind, **_shares(group)})
    return rows


def slot_values(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Of the accepted answers with a slot from its list: was the value that was said heard?"""
    rows: list[dict[str, Any]] = []
    for voice in (*VOICES, SPANISH):
        group = [
            one
            for one in judged
            if one.saying.voice == voice
            and (one.saying.kind, one.verdict) == ("right", "right")
            and one.saying.value
        ]
        heard = sum(_plain(one.saying.value) in _plain(one.transcript) for one in group)
        rows.append({"voice": voice, "count": len(group), "heard": heard, "another": len(group) - heard})
    return rows


def _shares(group: Sequence[Judged]) -> dict[str, Any]:
    def share(count: int) -> float:
        return round(100 * count / len(group), 1)

    verdicts = ("right", "mistake", "unclear", "off_script", "control")
    shares: dict[str, Any] = {name: share(sum(one.verdict == name for one in group)) for name in verdicts}
    guessed = sum(_guesses(one) for one in group)
    return {
        "count": len(group),
        **shares,
        "named": share(sum(one.named for one in group)),
        "guessed": share(guessed),
    }


def _guesses(one: Judged) -> bool:
    """The tutor says a name that was not the one said."""
    names = [name for name in _names() if re.search(rf"\b{name}\b", one.reply)]
    return one.saying.kind == "strange" and one.verdict == "right" and bool(names)


@cache
def _names() -> tuple[str, ...]:
    lesson = load_lessons()["greetings"]
    return lesson.slots["name"].values


def _plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower()).strip()


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    head = list(rows[0])
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in head) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, help="so many, chosen by a fixed seed")
    parser.add_argument("--json", action="store_true", help="every saying with what became of it")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--recorded", type=Path, help="tabulates what --json wrote, and speaks nothing")
    options = parser.parse_args()
    if options.recorded:
        print_report([_recalled(one) for one in json.loads(options.recorded.read_text())])
        return
    chance, lessons = random.Random(1), load_lessons()
    said = sayings(lessons, chance)
    if options.latency:
        said = [one for one in said if one.kind == "right" and one.voice == "en-us" and len(one.text) > 24]
    if options.sample:
        said = chance.sample(said, min(options.sample, len(said)))
    with server() as url:
        judged = anyio.run(run, url, said, lessons, 1 if options.latency else AT_ONCE)
    if options.latency:
        print_latency(judged)
    elif options.json:
        print(json.dumps([asdict(one) for one in judged]))
    else:
        print_report(judged)


def _recalled(row: dict[str, Any]) -> Judged:
    return Judged(**{**row, "saying": Saying(**row["saying"])})


def print_report(judged: Sequence[Judged]) -> None:
    print_table(report(judged))
    print()
    print_table(by_lesson(judged))
    print()
    print_table(slot_values(judged))


def print_latency(judged: Sequence[Judged]) -> None:
    waits = sorted(one.transcript_s * 1000 for one in judged if 2.5 <= one.audio_s - 0.6 <= 3.5)
    p95 = waits[int(len(waits) * 0.95)]
    median = statistics.median(waits)
    print(f"{len(waits)} answers of 2.5 to 3.5 s: transcript after {median:.0f} ms, p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
