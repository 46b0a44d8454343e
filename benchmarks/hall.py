"""A hall with a kiosk, idle times short: a real server, the real page in Chromium, the cable between them."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soxr
from playwright.sync_api import (
    Browser,
    CDPSession,
    Error,
    Page,
    Route,
    TimeoutError,
    ViewportSize,
    sync_playwright,
)

from benchmarks import learners
from benchmarks.cable import Cable, cable_to
from realtime.kiosk import VISIT_LESSON

ANSWER = "I'm fine, thank you."
MIC_RATE = 48_000
SHORT = {"idle_s": 2.0, "countdown_s": 0.6, "visit_s": 120.0}
SIZE: ViewportSize = {"width": 1080, "height": 1920}
HOLD_MS = 1500  # the answer, once
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
class Reading:
    visitors: int
    heap_mb: float
    gateway_mb: float
    engines_mb: float  # the gateway's children

    @property
    def server_mb(self) -> float:
        return self.gateway_mb + self.engines_mb


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

    def mb(self) -> tuple[float, float]:
        """Of the gateway, and of all processes that it has started."""
        assert self._child
        gateway = psutil.Process(self._child.pid)
        children = sum(child.memory_info().rss for child in gateway.children(recursive=True))
        return gateway.memory_info().rss / 1e6, children / 1e6


class Screen:
    """Either page, and somebody before it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait(self, condition: str, within_s: float = 30) -> None:
        """Raises Stuck."""
        try:
            self.page.wait_for_function(f"() => {condition}", timeout=within_s * 1000, polling=20)
        except TimeoutError as error:
            now = self.page.evaluate("JSON.stringify(atomTalk.snapshot())")
            screen = self.page.locator("body").get_attribute("data-screen")
            raise Stuck(f"not {condition} after {within_s} s: on screen {screen}, {now}") from error

    def sound_ms(self) -> float:
        self.wait("kioskTap.sound > 0")
        return self.page.evaluate("kioskTap.sound - kioskTap.since")

    def quiet(self) -> None:
        self.wait("atomTalk.snapshot().phase === 'ready'")

    def press(self, ms: float) -> None:
        box = self.page.locator("#main-button").bounding_box()
        if box is None:
            raise Stuck("there is no button to press")
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(ms)
        self.page.evaluate("kioskTap.arm()")
        self.page.mouse.up()

    def answers(self, number: int) -> list[float]:
        """From each time that the button is let go to the reply's first sound."""
        replies: list[float] = []
        for _ in range(number):
            self.quiet()
            self.press(HOLD_MS)
            replies.append(self.sound_ms())
        return replies


class Hall(Screen):
    """The kiosk's page, and all that it depends on. `told`: what it is told otherwise than by the server."""

    def __init__(self, page: Page, cable: Cable, server: Server, told: dict[str, Any]) -> None:
        super().__init__(page)
        self.cable = cable
        self.server = server
        self.told = told
        self.chance = random.Random(7)
        self._tool: CDPSession = page.context.new_cdp_session(page)

    def at(self, *screens: str) -> None:
        self.wait(f"{json.dumps(screens)}.includes(document.body.dataset.screen)")

    def free(self) -> None:
        """The last visitor has gone, and a talk waits."""
        self.at("attract", "farewell")
        waits = "({ link, lesson, turns }) => link === 'open' && lesson.id && !turns.length"
        self.wait(f"({waits})(atomTalk.snapshot())")

    def greeted(self) -> float:
        self.free()
        # A farewell is nobody's for its first moment; then a touch begins the next visit.
        self.page.wait_for_timeout(900)
        self.page.mouse.click(540, 600)
        greeted_ms = self.sound_ms()
        self.at("visit")
        return greeted_ms

    def finish(self) -> None:
        self.page.locator("#finish").click()
        self.at("farewell", "attract")

    def read(self, visitors: int) -> Reading:
        self._tool.send("HeapProfiler.collectGarbage")
        used = self._tool.send("Runtime.getHeapUsage")["usedSize"]
        return Reading(visitors, used / 1e6, *self.server.mb())

    def conversation(self, answers: int) -> list[float]:
        """The replies to as many answers on the conversation page, while the kiosk waits."""
        self.free()
        browser = self.page.context.browser
        assert browser
        page = new_page(browser)
        page.add_init_script(f"localStorage.setItem('atom.settings', '{json.dumps({'mode': 'push'})}')")
        page.goto(self.cable.url)
        page.locator(f'[data-lesson="{VISIT_LESSON}"]').click()
        replies = Screen(page).answers(answers)
        page.context.close()
        return replies


@contextmanager
def opened(*flags: str) -> Generator[Hall]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` says how to install it"
    told: dict[str, Any] = dict(SHORT)

    def answer(route: Route) -> None:
        try:
            given = route.fetch()
        except Error:
            route.abort()
            return
        route.fulfill(response=given, body=json.dumps(given.json() | told))

    server = Server(flags)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sound = f"--use-file-for-fake-audio-capture={microphone(Path(folder))}"
        try:
            with cable_to(server.start()) as cable:
                browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, sound])
                page = new_page(browser)
                page.route("**/v1/kiosk", answer)
                page.goto(f"{cable.url}/kiosk")
                yield Hall(page, cable, server, told)
                browser.close()
        finally:
            server.stop()


def new_page(browser: Browser) -> Page:
    page = browser.new_page(viewport=SIZE, bypass_csp=True)
    page.add_init_script(TAP)
    return page


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
