"""What speaks Bark's messages without being Bark: a text's first word says how it behaves.

Where that is a fault, it is one for odd seeds only. `python -m tests.gpu.scripted_bark LOG FACTOR`: the
messages it gets are written to LOG, the real-time factor it claims is FACTOR.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gpu.bark.clip import RATE, to_pcm16
from gpu.bark.sentences import syllables
from gpu.pipe import ALIVE, Head, pack, read

PIECE_S = 0.1
PIECE = round(RATE * PIECE_S)
AT = np.arange(PIECE) / RATE
VOWEL = to_pcm16(np.sign(np.sin(2 * np.pi * 150 * AT)).astype(np.float32) * 0.3)
SILENCE = bytes(2 * PIECE)
ENDLESS = 10**6


class Scripted:
    def __init__(self, log: Path, factor: float) -> None:
        self._log = log
        self._inlet = os.fdopen(os.dup(0), "rb")
        self._outlet = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        self._stopped: dict[int, threading.Event] = {}
        voices = [f"v2/en_speaker_{n}" for n in range(10)]
        self.send(
            {
                "ready": True,
                "model": "bark-small",
                "voices": voices,
                "refused": {"v2/en_speaker_short": "it has 12 semantic tokens"},
                "sample_rate": RATE,
                "realtime_factor": factor,
            }
        )

    def send(self, head: Head, body: bytes = b"") -> None:
        self.write(pack(head, body))

    def write(self, data: bytes) -> None:
        with self._lock:
            self._outlet.write(data)
            self._outlet.flush()

    def serve(self) -> None:
        while message := read(self._inlet):
            head, _ = message
            with self._log.open("a") as file:
                file.write(json.dumps(head) + "\n")
            if "stop" in head:
                self._stopped[head["stop"]].set()
                self.send({"job": head["stop"], "stopped": 1, "passes": {"semantic": 20}})
            else:
                self._stopped[head["job"]] = threading.Event()
                threading.Thread(target=self._speak, args=(head,), daemon=True).start()

    def _speak(self, head: Head) -> None:
        job, stopped = head["job"], self._stopped[head["job"]]
        behave: dict[str, Callable[[], None]] = {
            "Dying": lambda: os._exit(3),
            "Garbling": lambda: self.write(pack({}, b"") + b"\xff" * 64),
            "Rambling": lambda: self._sound(job, VOWEL, ENDLESS, stopped),
            "Sleeping": lambda: self._sound(job, SILENCE, ENDLESS, stopped),
            "Stuck": lambda: self._wait(stopped),
            "Swallowing": lambda: None,
            "Thinking": lambda: self._think(stopped),
        }
        word = head["text"].split()[0].strip(",.?")
        if word == "Refusing":
            self.send({"job": job, "error": {"status": 400, "code": "no", "message": "not this"}})
            return
        if word == "Mute":
            self.send({"job": job, "end": True, "passes": {}, "first_audio": None})
            return
        if word not in ("Sleeping", "Swallowing") or head["seed"] % 2 == 0:
            self._sound(job, VOWEL, 2, stopped)
        if word in behave and head["seed"] % 2:
            behave[word]()
        if word != "Swallowing" or head["seed"] % 2 == 0:
            self._sound(job, VOWEL, 2 * syllables(head["text"]), stopped)
        self._sound(job, SILENCE, 4, stopped)
        counted = {"passes": {"semantic": 50}, "first_audio": {"semantic_drawn": 47, "semantic_total": 94}}
        self.send({"job": job, "end": True, **counted})

    def _think(self, stopped: threading.Event) -> None:
        for _ in range(8):
            self.send(ALIVE)
            stopped.wait(0.1)

    def _wait(self, stopped: threading.Event) -> None:
        stopped.wait()

    def _sound(self, job: int, pcm: bytes, pieces: int, stopped: threading.Event) -> None:
        for _ in range(pieces):
            if stopped.is_set():
                return
            self.send({"job": job}, pcm)
            stopped.wait(0.002)  # an endless one must not fill the pipe at once


if __name__ == "__main__":
    Scripted(Path(sys.argv[1]), float(sys.argv[2])).serve()
