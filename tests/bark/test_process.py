"""Bark's process: many jobs at once over its pipes, each refused, stopped or said to its end by itself."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from gpu.bark.engine import Engine
from gpu.bark.process import Measured, Speaker, greeting, measure
from gpu.bark.schedule import SEMANTIC_PER_S, Speed
from gpu.bark.sentences import longest_s
from gpu.bark.voices import Voices
from gpu.bark.weights import Bark
from gpu.pipe import ALIVE, Head, Message, pack, read
from tests.bark.test_schedule import CARD

ROOT = Path(__file__).parents[2]
SHORT = "Hello, my name is Atom."
LONG = "The quick brown fox jumps over the lazy dog, and nobody in the village was surprised by it at all."


class Process:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin and process.stdout
        self._inlet, self._outlet = process.stdin, process.stdout
        self.greeting = self.next()[0]

    def ask(self, head: Head) -> None:
        self._inlet.write(pack(head))
        self._inlet.flush()

    def next(self) -> Message:
        while (message := read(self._outlet)) is not None:
            if message[0] != ALIVE:
                return message
        raise AssertionError("the process has ended")

    def until_end(self, *jobs: int) -> dict[int, tuple[Head, int]]:
        """The last message of each job, and how many samples came before it."""
        samples, over = dict.fromkeys(jobs, 0), dict[int, tuple[Head, int]]()
        while len(over) < len(jobs):
            head, body = self.next()
            samples[head["job"]] += len(body) // 2
            if "end" in head or "error" in head:
                over[head["job"]] = head, samples[head["job"]]
        return over

    def end_of(self, job: int) -> tuple[Head, list[Head]]:
        """And what is said of others that were stopped."""
        stopped: list[Head] = []
        while True:
            head, body = self.next()
            if head["job"] == job and "end" in head:
                return head, stopped
            assert "end" not in head, "a job that was stopped was said to its end"
            assert not body or head["job"] not in [one["job"] for one in stopped]
            stopped += [head] if "stopped" in head else []

    def job(self, number: int, text: str, **more: object) -> None:
        head = {"job": number, "text": text, "voice": self.greeting["voices"][0], "seed": number, "due_ms": 0}
        self.ask(head | more)


@contextmanager
def running(folder: Path, slots: int = 2) -> Iterator[Process]:
    command = [sys.executable, "-m", "gpu.bark.process", "--model", str(folder), "--slots", str(slots)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        yield Process(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(10) == 0  # its server's end is its own


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[Process]:
    with running(folder) as process:
        yield process


def test_it_says_what_it_is_and_how_fast(process: Process) -> None:
    assert process.greeting["ready"]
    assert process.greeting["model"] == "bark-small"
    assert len(process.greeting["voices"]) == 3
    assert process.greeting["realtime_factor"] > 0


def test_many_jobs_are_said_at_once_and_alike_by_themselves(process: Process) -> None:
    for number in (1, 2, 3):
        process.job(number, "Hello, my name is Atom.")
    together = process.until_end(1, 2, 3)
    process.job(2, "Hello, my name is Atom.")
    alone = process.until_end(2)
    (said_together, samples_together), (said_alone, samples_alone) = together[2], alone[2]
    assert samples_together == samples_alone
    assert said_together["passes"] == said_alone["passes"]
    assert all(head["end"] and samples > 0 for head, samples in together.values())
    assert together[1][0]["passes"]["semantic"] == together[1][0]["first_audio"]["semantic_total"]


def test_the_first_sound_comes_before_the_last_token(process: Process) -> None:
    process.job(1, LONG)
    head, _ = process.until_end(1)[1]
    assert head["first_audio"]["semantic_drawn"] < head["first_audio"]["semantic_total"]


def test_a_job_that_is_stopped_says_no_more_and_leaves_room(process: Process) -> None:
    process.job(1, LONG)
    process.job(2, LONG)
    process.job(3, "Yes.")
    process.next()  # a sound of the first
    process.ask({"stop": 1})
    process.ask({"stop": 2})
    end, stopped = process.end_of(3)
    assert end["end"]
    assert [one["job"] for one in stopped] == [1, 2]
    assert all(one["stopped"] <= 1 for one in stopped)
    assert 47 <= stopped[0]["passes"]["semantic"] < round(longest_s(LONG) * SEMANTIC_PER_S)


@pytest.mark.parametrize(
    ("more", "code"),
    [({"voice": "v2/nobody"}, "unknown_voice"), ({"seed": "often"}, "invalid_request")],
)
def test_a_job_that_cannot_be_done_harms_no_other(process: Process, more: Head, code: str) -> None:
    process.job(1, "Hello, my name is Atom.")
    process.job(2, "Hello.", **more)
    over = process.until_end(1, 2)
    assert over[2][0]["error"]["code"] == code
    assert over[1][0]["end"]


def test_its_greeting_says_why_a_voice_is_not_offered(bark: Bark) -> None:
    voices = Voices(bark.voices.offered, {"v2/short": "it has 12 semantic tokens"})
    told = greeting(replace(bark, voices=voices), Measured(Speed(0, 0, 0, 0, 0), 0.5))
    assert told["refused"] == voices.refused
    assert "v2/short" not in told["voices"]


def ticking(step_s: float) -> Callable[[], float]:
    """A clock that goes on by so much each time it is looked at."""
    looks = count()
    return lambda: next(looks) * step_s


def test_between_two_passes_it_says_that_it_is_alive(bark: Bark) -> None:
    told: list[Head] = []
    speaker = Speaker(Engine(bark, 1), Speed(0, 0, 0, 0, 0), lambda head, _: told.append(head), ticking(1))
    job = {"job": 1, "text": LONG, "voice": "v2/en_speaker_6", "seed": 1, "mode": "exact"}
    speaker.take(job, 0)
    for _ in range(30):
        speaker.step()
    assert 4 <= told.count(ALIVE) == len(told) <= 7


def test_a_machine_on_which_it_may_be_live_is_measured_by_all_that_it_does(bark: Bark) -> None:
    engine = Engine(bark, 1)
    measured = measure(bark, engine, ticking(0.001))
    assert engine.passes["fine"] >= 2 and engine.idle
    assert measured.speed.semantic == measured.speed.fine == pytest.approx(0.001)
    assert 0.1 < measured.factor < 1


def test_on_one_that_is_plainly_too_slow_the_start_does_not_wait_for_what_is_heavy(bark: Bark) -> None:
    engine = Engine(bark, 1)
    measured = measure(bark, engine, ticking(0.03))
    assert engine.passes["fine"] == 0 and engine.passes["coarse"] <= 12
    assert engine.idle and engine.slots_in_use == 0
    assert measured.speed.prefill == pytest.approx(0.03)
    assert measured.speed.fine == pytest.approx(7 * 0.03)
    assert measured.factor > 6


def test_a_folder_without_a_model_is_refused_with_its_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gpu.bark.process", "--model", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, cwd=ROOT, check=False, timeout=60)
    assert ended.returncode == 1
    assert b"tokenizer.json" in ended.stderr
    told = read(io.BytesIO(ended.stdout))
    assert told and "tokenizer.json" in told[0]["failed"]


def test_who_joins_many_waits_for_more_of_its_sound(bark: Bark) -> None:
    """At a card's speed: alone a sentence begins with its first frames."""
    said: dict[int, list[int]] = {job: [] for job in range(8)}

    def send(head: Head, body: bytes) -> None:
        said[head["job"]].append(len(body))

    speaker = Speaker(Engine(bark, slots=8), CARD, send, lambda: 0)
    for job in range(8):
        speaker.take({"job": job, "text": SHORT, "voice": "v2/en_speaker_6", "seed": job}, 0)
    while not speaker.idle:
        speaker.step()
    assert said[0][0] == 7 * 640
    assert said[7][0] > 7 * 640
    assert all(sum(pieces) == sum(said[0]) for pieces in said.values())
