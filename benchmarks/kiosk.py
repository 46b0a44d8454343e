"""Strangers at the kiosk, one after another: a real server, the real page in Chromium, idle times made short.

    python -m benchmarks.kiosk [--visitors 200] [--json]

The kinds of visitor come in turns (KINDS). Each touches the screen as soon as the last one has gone; the time
to the first audible sample that leaves the page's playback is taken in the page. Every tenth visitor the
page's heap, after a collection, and the gateway's memory are read. The engines are the embedded ones. The
microphone is Chromium's own fake one, in which somebody says an answer of the lesson over and over. The clock
that changes is the page's.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soxr
from playwright.sync_api import CDPSession, Page, Route, TimeoutError, sync_playwright

from benchmarks import learners
from benchmarks.cable import Cable, cable_to

ANSWER = "I'm fine, thank you."
MIC_RATE = 48_000
SHORT = {"idle_s": 2.0, "countdown_s": 0.6, "visit_s": 40.0}
GREETED_MS = 1000
SCREEN = {"width": 1080, "height": 1920}
HOLD_MS = 1500  # the answer, once
LATER_TURNS = 3
READ_EVERY = 10
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip

# When the last touch or release was, and when the first sound after it left the playback.
TAP = """(() => {
    const connect = AudioNode.prototype.connect;
    const tap = { since: 0, sound: 0, arm() { this.since = performance.now(); this.sound = 0; } };
    Object.defineProperty(window, "kioskTap", { value: tap });
    addEventListener("pointerdown", () => document.body.dataset.screen !== "visit" && tap.arm(), true);
    const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
        process([[heard]]) {
            if (heard?.some((sample) => Math.abs(sample) > 0.01)) this.port.postMessage(0);
            return true;
        }
    });`;
    AudioNode.prototype.connect = function (to, ...rest) {
        if (this instanceof AudioWorkletNode && this.numberOfInputs === 0) void wire(this);
        return connect.call(this, to, ...rest);
    };
    async function wire(node) {
        const file = new Blob([WORKLET], { type: "text/javascript" });
        await node.context.audioWorklet.addModule(URL.createObjectURL(file));
        const ear = new AudioWorkletNode(node.context, "tap");
        ear.port.onmessage = () => { tap.sound ||= performance.now(); };
        connect.call(node, ear);
    }
})();"""


class Stuck(Exception):
    """What the page should have come to, and where it was instead."""


@dataclass(frozen=True, slots=True)
class Visit:
    kind: str
    greeted_ms: float
    replies_ms: tuple[float, ...] = ()  # from letting the button go to the reply's first sound


@dataclass(frozen=True, slots=True)
class Reading:
    visitors: int
    heap_mb: float
    server_mb: float


@dataclass(slots=True)
class Figures:
    visits: list[Visit] = field(default_factory=list[Visit])
    readings: list[Reading] = field(default_factory=list[Reading])


class Server:
    """`tutor serve`, which can be started anew. `flags`: other engines than its own."""

    def __init__(self, flags: Sequence[str]) -> None:
        self._flags = flags
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> str:
        command = [sys.executable, "-m", "realtime", "serve", "--port", "0"]
        command += ["--profile", "embedded", *self._flags]
        environment = os.environ | {"TUTOR_KIOSK__MODE": "push"}
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        ready = next(line for line in self._child.stdout or () if line.startswith("Atom is ready"))
        return ready.rpartition(" ")[2].strip()

    def stop(self) -> None:
        if self._child:
            self._child.terminate()
            self._child.communicate()

    @property
    def mb(self) -> float:
        assert self._child
        return psutil.Process(self._child.pid).memory_info().rss / 1e6


class Hall:
    def __init__(self, page: Page, cable: Cable, server: Server, seed: int) -> None:
        self.page = page
        self.cable = cable
        self.server = server
        self.chance = random.Random(seed)
        self._tool: CDPSession = page.context.new_cdp_session(page)

    def wait(self, condition: str, within_s: float = 30) -> None:
        """Raises Stuck."""
        try:
            self.page.wait_for_function(f"() => {condition}", timeout=within_s * 1000, polling=20)
        except TimeoutError as error:
            now = self.page.evaluate("JSON.stringify(atomTalk.snapshot())")
            screen = self.page.locator("body").get_attribute("data-screen")
            raise Stuck(f"not {condition} after {within_s} s: on screen {screen}, {now}") from error

    def at(self, *screens: str) -> None:
        self.wait(f"{json.dumps(screens)}.includes(document.body.dataset.screen)")

    def free(self) -> None:
        """The last visitor has gone, and a talk waits."""
        self.at("attract", "farewell")
        waits = "({ link, lesson, turns }) => link === 'open' && lesson.id && !turns.length"
        self.wait(f"({waits})(atomTalk.snapshot())")

    def sound_ms(self) -> float:
        self.wait("kioskTap.sound > 0")
        return self.page.evaluate("kioskTap.sound - kioskTap.since")

    def greeted(self) -> float:
        self.free()
        # A farewell is nobody's for its first moment; then a touch begins the next visit.
        self.page.wait_for_timeout(900)
        self.page.mouse.click(540, 600)
        greeted_ms = self.sound_ms()
        self.at("visit")
        return greeted_ms

    def quiet(self) -> None:
        self.wait("atomTalk.snapshot().phase === 'ready'")

    def press(self, ms: float) -> None:
        box = self.page.locator("#main-button").bounding_box()
        assert box, "there is no button to press"
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(ms)
        self.page.evaluate("kioskTap.arm()")
        self.page.mouse.up()

    def finish(self) -> None:
        self.page.locator("#finish").click()
        self.at("farewell", "attract")

    def read(self, visitors: int) -> Reading:
        self._tool.send("HeapProfiler.collectGarbage")
        used = self._tool.send("Runtime.getHeapUsage")["usedSize"]
        return Reading(visitors, used / 1e6, self.server.mb)


# the kinds of visitor: what each does once greeted


def answers(hall: Hall) -> list[float]:
    replies = []
    for _ in range(LATER_TURNS):
        hall.quiet()
        hall.press(HOLD_MS)
        replies.append(hall.sound_ms())
    hall.finish()
    return replies


def is_silent(hall: Hall) -> None:
    hall.at("attract")


def walks_away(hall: Hall) -> None:
    hall.quiet()
    hall.press(400)
    hall.at("attract")


def shouts_over(hall: Hall) -> list[float]:
    hall.press(HOLD_MS)  # the tutor has not finished its greeting
    reply = hall.sound_ms()
    hall.finish()
    return [reply]


def makes_noise(hall: Hall) -> None:
    """Never ends: the microphone is open, and somebody always speaks."""
    hall.page.wait_for_timeout(3000)
    hall.finish()


def taps_everything(hall: Hall) -> None:
    for _ in range(25):
        x, y = hall.chance.randrange(SCREEN["width"]), hall.chance.randrange(SCREEN["height"])
        hall.page.mouse.click(x, y)
        hall.page.keyboard.press(
            hall.chance.choice(["Tab", "Enter", "Space", "Escape", "F5", "a", "ArrowUp"])
        )
    hall.at("attract", "farewell")


def is_cut_off(hall: Hall) -> None:
    hall.cable.cut()
    hall.at("offline")
    hall.cable.mend()
    hall.at("attract", "visit")


def sees_a_restart(hall: Hall) -> None:
    hall.server.stop()
    hall.at("offline")
    hall.cable.lead_to(hall.server.start())
    hall.at("attract", "visit")


def sees_the_clock_change(hall: Hall) -> None:
    hours = hall.chance.choice([-30, -1, 1, 30])
    hall.page.evaluate(f"(() => {{ const now = Date.now; Date.now = () => now() + {hours * 3_600_000}; }})()")
    hall.at("attract")


Kind = Callable[[Hall], list[float] | None]
KINDS: tuple[Kind, ...] = (
    answers, is_silent, answers, walks_away, shouts_over, makes_noise, taps_everything, is_cut_off,
    sees_the_clock_change,
)  # fmt: skip
RESTART_AT = 2  # once, so that the memory of one server is seen over nearly all visitors


def kind_of(number: int) -> Kind:
    return sees_a_restart if number == RESTART_AT else KINDS[number % len(KINDS)]


def receive(hall: Hall, told: dict[str, Any], visitors: int) -> Figures:
    figures = Figures()
    for number in range(visitors):
        kind = kind_of(number)
        # The talk that is made ready when this visitor goes is the next one's.
        told["mode"] = "open" if kind_of(number + 1) is makes_noise else "push"
        greeted_ms = hall.greeted()
        figures.visits.append(Visit(kind.__name__, greeted_ms, tuple(kind(hall) or ())))
        if (number + 1) % READ_EVERY == 0:
            hall.free()
            figures.readings.append(hall.read(number + 1))
    hall.free()
    return figures


@contextmanager
def opened(*flags: str) -> Generator[tuple[Hall, dict[str, Any]]]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` says how to install it"
    told: dict[str, Any] = dict(SHORT)

    def answer(route: Route) -> None:
        try:
            given = route.fetch()
        except Exception:  # Playwright has one error for all that may be wrong on the way
            route.abort()
            return
        route.fulfill(response=given, body=json.dumps(given.json() | told))

    server = Server(flags)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sound = f"--use-file-for-fake-audio-capture={microphone(Path(folder))}"
        try:
            with cable_to(server.start()) as cable:
                browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, sound])
                page = browser.new_page(viewport=SCREEN, bypass_csp=True)  # type: ignore[arg-type]
                page.add_init_script(TAP)
                page.route("**/v1/kiosk", answer)
                page.goto(f"{cable.url}/kiosk")
                yield Hall(page, cable, server, seed=7), told
                browser.close()
        finally:
            server.stop()


def microphone(folder: Path) -> Path:
    said = learners.spoken(ANSWER, learners.VOICES[0], 1)
    sound = soxr.resample(said, learners.RATE, MIC_RATE) * 0.5
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MIC_RATE)
        file.writeframes(sound.astype(np.int16).tobytes())
    return path


def spread(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"median {np.percentile(values, 50):.0f} ms, p95 {np.percentile(values, 95):.0f} ms"


def lines(figures: Figures, took_s: float) -> Iterator[str]:
    visits = figures.visits
    greeted = [visit.greeted_ms for visit in visits]
    late = [(n, visit) for n, visit in enumerate(visits, 1) if visit.greeted_ms > GREETED_MS]
    in_time = len(visits) - len(late)
    yield f"{len(visits)} visitors in {took_s:.0f} s, none stuck; greeted within 1 s: {in_time}"
    for number, visit in late:
        yield f"  visitor {number} ({visit.kind}): {visit.greeted_ms:.0f} ms"
    yield f"touch to first sound: {spread(greeted)}"
    first = ", ".join(f"{ms:.0f}" for ms in greeted[:3])
    yield f"  visitors 1 to 3: {first} ms; the others: {spread(greeted[3:])}"
    spoken = [visit.replies_ms for visit in visits if len(visit.replies_ms) == LATER_TURNS]
    for turn in range(LATER_TURNS):
        turns = [replies[turn] for replies in spoken]
        yield f"release to first sound, answer {turn + 1}: {spread(turns)} of {len(turns)}"
    for reading in figures.readings:
        memory = f"heap {reading.heap_mb:.2f} MB, gateway {reading.server_mb:.1f} MB"
        yield f"after {reading.visitors:3} visitors: {memory}"
    if len(figures.readings) >= 8:
        half = len(figures.readings) // 2
        for name in ("heap_mb", "server_mb"):
            values = [getattr(reading, name) for reading in figures.readings]
            grown = statistics.median(values[half:]) - statistics.median(values[1:half])
            yield f"{name}: second half less first half {grown:+.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began_s = time.monotonic()
    with opened() as (hall, told):
        figures = receive(hall, told, arguments.visitors)
    print(
        json.dumps(asdict(figures))
        if arguments.json
        else "\n".join(lines(figures, time.monotonic() - began_s))
    )


if __name__ == "__main__":
    main()
