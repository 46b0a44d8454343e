"""The page in a room, in a real Chromium: how soon it is silent once cut, what it makes of "mm-hm", and
whether the tutor answers its own echo.

    python -m benchmarks.rooms [--json] [--trials 10] [--turns 10] [--rooms 0/40 10/120 20/250]

The microphone is a room that is made up in the page (`rooms.js`): the learner's voice, noise at -60 dBFS,
and, in the rooms named (decibels below the tutor/milliseconds later), the tutor's own sound through the
room's response. No client cancels that echo here. The voice is espeak-ng's; words are recognised by script:
what the tutor says while it speaks, else what the learner says, so that an echo that gets so far is heard as
the words it has.
"""

import argparse
import base64
import json
import os
import random
import shutil
import statistics
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.load import free_port, p, started
from benchmarks.turn_sounds import Sound, backchannels, interruptions, sentences

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
TALE = " ".join(["Then the old man walked to the river, sat down, and looked at the water for a while."] * 6)
ANSWER = "That is good to hear. I was there myself last summer, and I liked it. What did you do on Sunday?"
SETTLED_MS = 2_000  # of the tutor's speech: until it is known what comes back
WATCHED_MS = 1_500  # after a sound over the tutor
AFTER_CUT_MS = 250  # nothing else is said so soon
SILENT_MS = 60.0


@dataclass(frozen=True, slots=True)
class Room:
    """`echo_db`: how loud the tutor comes back; None for headphones."""

    echo_db: float | None = None
    late_ms: int = 0

    def __str__(self) -> str:
        return "headphones" if self.echo_db is None else f"{self.echo_db:.0f} dB, {self.late_ms} ms late"


@dataclass(frozen=True, slots=True)
class Over:
    """A sound over the tutor, in ms from its onset: `duck` and `cut` as the page is told. `silent`: from the
    cut to the last sound of the reply that was cut."""

    name: str
    duck: float | None
    cut: float | None
    silent: float | None


@dataclass(slots=True)
class Talk:
    """`turns` that the learner took, and what the tutor made of them: `replies`, the first one included."""

    room: str
    turns: int = 0
    replies: int = 0
    ducks: int = 0
    cuts: int = 0
    barge_in: Over | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    backchannels: list[Over] = field(default_factory=list[Over])
    interruptions: list[Over] = field(default_factory=list[Over])
    talks: list[Talk] = field(default_factory=list[Talk])


class Scene:
    """One page in its room."""

    def __init__(self, page: Page, engines: str) -> None:
        self.page = page
        self._script = engines.removesuffix("/v1") + "/script"

    def begin(self) -> None:
        self.page.locator('[data-lesson=""]').click()
        self.wait("now.phase === 'speaking'")

    def wait(self, condition: str, within_s: float = 40) -> None:
        ready = f"(() => {{ const now = atomTalk.snapshot(); return {condition}; }})()"
        self.page.wait_for_function(ready, timeout=within_s * 1000, polling=20)

    def hears(self, text: str) -> None:
        """What the recogniser will find from now on."""
        httpx.post(self._script, json={"transcripts": [text]}).raise_for_status()

    def answers(self, text: str) -> None:
        httpx.post(self._script, json={"replies": [text]}).raise_for_status()

    def say(self, sound: Sound) -> float:
        """When its first loud sample was in the microphone."""
        pcm = base64.b64encode(sound.pcm.tobytes()).decode()
        return self.page.evaluate("(pcm) => atomRoom.say(pcm)", pcm) + sound.began / 24

    def over(self, sound: Sound) -> Over:
        """Said while the tutor speaks."""
        self.wait("now.phase === 'speaking'")
        self.page.wait_for_timeout(SETTLED_MS)
        self.hears(sound.name)
        began = self.say(sound)
        self.page.wait_for_timeout(sound.ms + WATCHED_MS)
        duck = self.first("tutor.duck", began, "&& event.on")
        cut = self.first("input_audio_buffer.speech_started", began)
        silent = None if cut is None else self.silent(cut) - cut
        return Over(sound.name, since(began, duck), since(began, cut), silent)

    def first(self, kind: str, after: float, test: str = "") -> float | None:
        found = f"event.type === {json.dumps(kind)} && event.at > {after} {test}"
        return self.page.evaluate(f"() => atomRoom.events.find((event) => {found})?.at ?? null")

    def silent(self, cut: float) -> float:
        """The end of the last sound of the reply that was cut; the next one begins long after it."""
        sounded = f"({{ from }}) => from <= {cut} + {AFTER_CUT_MS}"
        return max(cut, self.page.evaluate(f"() => atomRoom.loud.findLast({sounded})?.to ?? 0"))

    def count(self, kind: str, test: str = "true") -> int:
        told = f"event.type === {json.dumps(kind)} && {test}"
        return self.page.evaluate(f"() => atomRoom.events.filter((event) => {told}).length")


def since(began: float, at: float | None) -> float | None:
    return None if at is None else at - began


def quiet_room(scene: Scene, trials: int) -> tuple[list[Over], list[Over]]:
    """Signs of listening, and interruptions, by turns; who is cut off tells a new tale."""
    scene.answers(TALE)
    scene.begin()
    signs, words = backchannels(trials), interruptions(trials)
    heard, cut = list[Over](), list[Over]()
    for sign, word in zip(signs, words, strict=True):
        heard.append(scene.over(sign))
        cut.append(scene.over(word))
    return heard, cut


def echoing_room(scene: Scene, room: Room, turns: int) -> Talk:
    """A talk with its turns; then the tutor is interrupted."""
    talk, dice = Talk(str(room)), random.Random(4)
    scene.answers(ANSWER)
    scene.hears(ANSWER)
    scene.begin()
    for sound in sentences(turns):
        scene.wait("now.phase === 'listening'")
        scene.page.wait_for_timeout(dice.uniform(500, 1_500))
        scene.hears(sound.name)
        scene.say(sound)
        talk.turns += 1
        scene.wait("now.phase === 'speaking'")
        scene.hears(ANSWER)
    scene.wait("now.phase === 'listening'")
    talk.replies = scene.count("response.created")
    talk.ducks = scene.count("tutor.duck", "event.on")
    talk.cuts = scene.count("input_audio_buffer.speech_started") - talk.turns
    scene.answers(TALE)
    asked, stop = sentences(1)[0], interruptions(8)[7]
    scene.hears(asked.name)
    scene.say(asked)
    scene.wait("now.phase === 'speaking'")
    scene.hears(TALE)
    talk.barge_in = scene.over(stop)
    return talk


@contextmanager
def staged() -> Generator[tuple[str, str]]:
    """The page's address, and the scripted engines'."""
    port = free_port()
    engines = [sys.executable, "-m", "benchmarks.scripted_engines", "--port", str(port)]
    engines += ["--first-token-ms", "30", "--token-ms", "5"]
    root = f"http://127.0.0.1:{port}/v1"
    command = [sys.executable, "-m", "realtime", "serve", "--port", "0", "--profile", "embedded"]
    command += ["--transcription-url", root, "--chat-url", root]
    cores = os.sched_getaffinity(0)
    with started(engines, cores), started(command, cores) as served:
        ready = next(line for line in served.stdout or () if line.startswith("Atom is ready"))
        yield ready.rpartition(" ")[2].strip(), root


@contextmanager
def entered(room: Room, url: str, engines: str) -> Generator[Scene]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` says how to install it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 860}, bypass_csp=True)
        page.add_init_script(f"window.roomSetup = {json.dumps(asdict(room))}")
        page.add_init_script(Path(__file__).with_name("rooms.js").read_text())
        page.goto(url)
        yield Scene(page, engines)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=10, help="sounds of each kind over the tutor")
    parser.add_argument("--turns", type=int, default=10, help="in each room")
    parser.add_argument("--rooms", nargs="*", default=["0/40", "10/120", "20/250"], help="dB/ms")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rooms = [Room(0 - float(db), int(ms)) for db, _, ms in (text.partition("/") for text in options.rooms)]
    figures = measure(rooms, options.trials, options.turns)
    print(json.dumps(asdict(figures)) if options.json else table(figures))


def measure(rooms: Sequence[Room], trials: int, turns: int) -> Figures:
    figures = Figures()
    with staged() as (url, engines):
        if trials:
            with entered(Room(), url, engines) as scene:
                signs, words = quiet_room(scene, trials)
                figures.backchannels.extend(signs)
                figures.interruptions.extend(words)
        for room in rooms:
            with entered(room, url, engines) as scene:
                figures.talks.append(echoing_room(scene, room, turns))
    return figures


def table(figures: Figures) -> str:
    lines = ["| in Chromium | target | measured |", "| --- | --- | --- |"]
    signs, words = figures.backchannels, figures.interruptions
    if signs:
        carried_on = sum(one.cut is None for one in signs)
        lines.append(f"| carried on after a sign of listening | all | {carried_on} of {len(signs)} |")
        cuts = [one for one in words if one.cut is not None]
        lines.append(f"| cut by an interruption | all | {len(cuts)} of {len(words)} |")
        silent = [one.silent for one in cuts if one.silent is not None]
        spread = f"median {statistics.median(silent):.0f} ms, the latest {max(silent):.0f} ms"
        lines.append(f"| silent after the cut is told | {SILENT_MS:.0f} ms | {spread} |")
        ducks = [one.duck for one in words if one.duck is not None]
        lines.append(f"| ducked after the onset | 200 ms | {spread_of(ducks)} |")
    for talk in figures.talks:
        own = talk.replies - 1 - talk.turns
        lines.append(f"| answers to itself, {talk.room} | 0 | {own} in {talk.turns} turns |")
        lines.append(f"| ducks and cuts of its own, {talk.room} | - | {talk.ducks}, {talk.cuts} |")
        cut = talk.barge_in.cut if talk.barge_in else None
        lines.append(f"| cut by a sentence, {talk.room} | yes | {'no' if cut is None else f'{cut:.0f} ms'} |")
    return "\n".join(lines)


def spread_of(values: Sequence[float]) -> str:
    return f"median {p(values, 50):.0f} ms, p95 {p(values, 95):.0f} ms" if values else "none"


if __name__ == "__main__":
    main()
