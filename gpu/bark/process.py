"""`python -m gpu.bark.process`: Bark in a process of its own; many sentences at once, stopped at any time.

One thread makes all of the model's calls. Another reads what is asked, which reaches the first between two
passes: a job that is stopped has left its slot before the next one.
"""

import argparse
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from gpu.bark.codec import SAMPLE_RATE, Stream
from gpu.bark.engine import Engine, Piece, Sentence, Steps
from gpu.bark.errors import BadModel, BadVoice
from gpu.bark.graphs import Graphs
from gpu.bark.request import Request
from gpu.bark.schedule import FRAMES_PER_S, SEMANTIC_PER_S, Speed, arrivals, chosen, frames_of
from gpu.bark.sentences import longest_s
from gpu.bark.weights import PRECISIONS, Bark
from gpu.pipe import ALIVE, Head, pack, read

MOST_SEMANTIC = 768
WARM_UP = "Hello, my name is Atom."
WARM_UP_TOKENS = 60  # 1.2 s of sound
WARM_UP_FRAMES = 60
USUAL_TOKENS = 200  # of the sentence by which it is judged whether this machine is fast enough: 4 s
LARGE_LAYERS = 24
ALIVE_S = 5.0
# Seconds of light steps for a second of sound above which it is no voice for talk whatever the heavy ones
# take: those would keep the start waiting for minutes.
PLAINLY_SLOW = 2.0
STEPS_TO_TELL = 10
FINE_PREFILLS = 7  # the fine model's six passes over 1024 positions, in the coarse one's over 887
Send = Callable[[Head, bytes], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """`factor`: seconds of work for a second of sound, of a usual sentence by itself."""

    speed: Speed
    factor: float


class Speaker:
    """Jobs by their number. Nothing here waits but `step`."""

    def __init__(
        self, engine: Engine, speed: Speed, send: Send, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._speed = speed
        self._send = send
        self._clock = clock
        self._alive_at = clock() + ALIVE_S
        self._sentences: dict[int, Sentence] = {}
        self._jobs: dict[int, int] = {}

    @property
    def idle(self) -> bool:
        return self._engine.idle

    def take(self, head: Head, asked_at: int) -> None:
        """A job, or the end of one that nobody waits for any more; asked when so many steps were done."""
        if "stop" in head:
            self._stop(head["stop"], asked_at)
            return
        job = head["job"]
        try:
            sentence = self._submit(head)
        except BadVoice as error:
            self._refuse(job, 400, "unknown_voice", str(error))
        except (KeyError, TypeError, ValueError) as error:
            self._refuse(job, 400, "invalid_request", repr(error))
        else:
            self._sentences[job] = sentence
            self._jobs[sentence.number] = job

    def step(self) -> None:
        """One pass. A failure in the model ends the jobs that are under way, and no others."""
        try:
            pieces = self._engine.step()
        except Exception as error:  # whatever torch or the card raises
            traceback.print_exc(file=sys.stderr)
            for job in list(self._sentences):
                self._forget(job, cancel=True)
                self._refuse(job, 500, "engine_error", repr(error))
            return
        for piece in pieces:
            self._tell(piece)
        if self._clock() >= self._alive_at:
            self._alive_at = self._clock() + ALIVE_S
            self._send(ALIVE, b"")

    def _submit(self, head: Head) -> Sentence:
        text = str(head["text"])
        most = min(MOST_SEMANTIC, round(longest_s(text) * SEMANTIC_PER_S))
        due_at = time.monotonic() + int(head.get("due_ms", 0)) / 1000
        mode = "exact" if head.get("mode") == "exact" else "stream"
        request = Request(text, str(head["voice"]), int(head["seed"]), mode, due_at, most)
        return self._engine.submit(request, chosen(self._speed, most // 2, self._engine.company))

    def _stop(self, job: int, asked_at: int) -> None:
        """Answers with the steps that it took to free the slot, and with what was drawn till then."""
        sentence = self._sentences.get(job)
        self._forget(job, cancel=True)
        report = sentence.report() if sentence else {}
        self._send({"job": job, "stopped": self._engine.steps - asked_at, **report}, b"")

    def _tell(self, piece: Piece) -> None:
        job = self._jobs[piece.sentence]
        if piece.samples.size:
            self._send({"job": job}, pcm16(piece.samples))
        if piece.last:
            report = self._sentences[job].report()
            self._forget(job)
            self._send({"job": job, "end": True, **report}, b"")

    def _refuse(self, job: int, status: int, code: str, message: str) -> None:
        self._send({"job": job, "error": {"status": status, "code": code, "message": message}}, b"")

    def _forget(self, job: int, *, cancel: bool = False) -> None:
        sentence = self._sentences.pop(job, None)
        if sentence is None:
            return
        self._jobs.pop(sentence.number)
        if cancel:
            self._engine.cancel(sentence)


def pcm16(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def measure(bark: Bark, engine: Engine, clock: Callable[[], float] = time.perf_counter) -> Measured:
    """How long each pass takes here, by saying something twice: the first time pays for what is made once.

    Where the light steps alone are plainly too slow it says no more than it takes to know that.
    """
    timed: dict[str, list[float]] = {}
    for _ in range(2):
        timed.clear()
        request = Request(WARM_UP, next(iter(bark.voices.offered)), 0, most_semantic=WARM_UP_TOKENS)
        sentence = engine.submit(request)
        while not engine.idle and not is_plainly_slow(timed):
            before, at_s = engine.passes.copy(), clock()
            engine.step()
            for stage in engine.passes - before:
                name = "prefill" if engine.heavy and stage in ("semantic", "coarse") else stage
                timed.setdefault(name, []).append(clock() - at_s)
        if not engine.idle:
            engine.cancel(sentence)
            break
    speed = speed_of(timed, _codec_s(bark, clock))
    *_, (whole_s, _) = arrivals(speed, USUAL_TOKENS, chosen(speed, USUAL_TOKENS))
    return Measured(speed, whole_s / (frames_of(USUAL_TOKENS) / FRAMES_PER_S))


def is_plainly_slow(timed: Mapping[str, Sequence[float]]) -> bool:
    """By the seconds of each pass so far, by stage."""
    coarse = timed.get("coarse", ())
    if len(coarse) < STEPS_TO_TELL:
        return False
    a_second_s = SEMANTIC_PER_S * median(timed["semantic"]) + 2 * FRAMES_PER_S * median(coarse)
    return a_second_s > PLAINLY_SLOW


def speed_of(timed: Mapping[str, Sequence[float]], frame_s: float) -> Speed:
    """A sentence that ended at once says nothing of the later stages: they are then taken for free. One that
    was given up says nothing of the fine model, which is as large as the coarse one."""
    usual = {name: sorted(times)[len(times) // 2] for name, times in timed.items()}
    prefill_s = usual.get("prefill", 0)
    fine_s = usual.get("fine", FINE_PREFILLS * prefill_s if is_plainly_slow(timed) else 0)
    return Speed(usual.get("semantic", 0), usual.get("coarse", 0), prefill_s, fine_s, frame_s)


def _codec_s(bark: Bark, clock: Callable[[], float]) -> float:
    """For a frame."""
    codes = torch.zeros(8, WARM_UP_FRAMES, dtype=torch.int64, device=bark.semantic.model.places.device)
    at_s = clock()
    bark.codec.decode(codes, Stream()).cpu()
    return (clock() - at_s) / WARM_UP_FRAMES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gpu.bark.process", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--slots", type=int, default=4)
    options = parser.parse_args()
    # The other half is the recogniser's and the gateway's: threads that wait for a core cost more than they
    # give.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    inlet, outlet = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not fall between the messages
    asked: queue.SimpleQueue[tuple[Head, int]] = queue.SimpleQueue()

    def listen() -> None:
        while message := read(inlet):
            asked.put((message[0], engine.steps))
        os._exit(0)  # the server's end is ours

    def send(head: Head, body: bytes = b"") -> None:
        outlet.write(pack(head, body))
        outlet.flush()

    try:
        bark, engine = loaded(options)
        measured = measure(bark, engine)
    except BadModel as error:
        send({"failed": str(error)})
        sys.exit(f"Bark: {error}")
    except Exception as error:  # no memory, a broken card: the server tells why, and the trace is on stderr
        send({"failed": repr(error)})
        raise
    threading.Thread(target=listen, daemon=True).start()
    send(greeting(bark, measured))
    speaker = Speaker(engine, measured.speed, send)
    while True:
        while speaker.idle or not asked.empty():
            speaker.take(*asked.get())
        speaker.step()


def loaded(options: argparse.Namespace) -> tuple[Bark, Engine]:
    """On a card with a slot more, which the graphs keep for nobody."""
    on_card = options.device == "cuda"
    slots = options.slots + 1 if on_card else options.slots
    bark = Bark.load(options.model, options.device, options.precision, slots)
    if not bark.voices.offered:
        raise BadModel(f"{options.model} has no voice that can be used.")
    steps: Steps | None = Graphs(bark, slots) if on_card else None
    return bark, Engine(bark, options.slots, steps)


def greeting(bark: Bark, measured: Measured) -> Head:
    large = len(bark.semantic.model.layers) >= LARGE_LAYERS
    return {
        "ready": True,
        "model": "bark" if large else "bark-small",
        "voices": sorted(bark.voices.offered),
        "refused": bark.voices.refused,
        "sample_rate": SAMPLE_RATE,
        "realtime_factor": measured.factor,
    }


if __name__ == "__main__":
    main()
