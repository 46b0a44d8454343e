"""A learner who speaks for three minutes: what is heard again, against re-recognising everything each time.

Two recognisers: one that knows the words and gives their times with an error of up to 100 ms, and
pocketsphinx on recordings of people, one after the other, with their texts expected.
"""

import statistics
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from gpu.embedded.child import Stop
from gpu.embedded.recognition import Recogniser
from gpu.embedded.script import words_of
from realtime.talk.agreement import Agreement, hear, settle, trim
from realtime.talk.transcript import Transcript, Word

TURN_S = 180
EVERY_MS = 500
ENCODER_WINDOW_MS = 30_000  # Whisper encodes whole windows of 30 s
JITTER_MS = 100
RECORDINGS = Path(__file__).parents[1] / "tests" / "data"
PEOPLE = {
    "jfk": "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
    "librivox-amiable": "He might even have been made amiable himself.",
}

Words = tuple[Word, ...]
Recognise = Callable[[int, int, str], Words]  # from, to (ms), prompt -> words on the utterance's clock


@dataclass
class Cost:
    """Of one way to do it."""

    audio_ms: int = 0
    encoder_windows: int = 0
    words: int = 0

    def add(self, audio_ms: int, words: int) -> None:
        self.audio_ms += audio_ms
        self.encoder_windows += -(-audio_ms // ENCODER_WINDOW_MS)
        self.words += words


@dataclass
class Turn:
    """`committed_at_ms` of each word, `longest_ms` of audio recognised in one go."""

    agreement: Agreement = field(default_factory=Agreement)
    cost: Cost = field(default_factory=Cost)
    whole: Cost = field(default_factory=Cost)
    committed_at_ms: list[int] = field(default_factory=list[int])
    longest_ms: int = 0


def listen(recognise: Recognise, words_until: Callable[[int], int], end_ms: int) -> Turn:
    """The turn as a session takes it in, a partial each 500 ms of audio, beside re-recognising it all."""
    turn = Turn()
    for now_ms in range(EVERY_MS, end_ms + 1, EVERY_MS):
        before = turn.agreement
        heard = recognise(before.cut_ms, now_ms, before.prompt)
        turn.cost.add(now_ms - before.cut_ms, len(heard))
        turn.whole.add(now_ms, words_until(now_ms))
        turn.longest_ms = max(turn.longest_ms, now_ms - before.cut_ms)
        last = now_ms + EVERY_MS > end_ms
        turn.agreement = settle(before, heard) if last else trim(hear(before, heard), now_ms)
        turn.committed_at_ms += [now_ms] * (len(turn.agreement.committed) - len(before.committed))
    return turn


def passage(seed: int = 1) -> Words:
    """150 words a minute, a pause now and then."""
    random, words, now_ms = Random(seed), list[Word](), 0
    while now_ms < TURN_S * 1000 - 600:
        lasting_ms = random.randint(120, 480)
        words.append(Word(f"w{random.randint(0, 400)}", now_ms, now_ms + lasting_ms))
        now_ms += lasting_ms + (random.randint(350, 900) if random.random() < 0.1 else 60)
    return tuple(words)


def knowing(words: Words, seed: int = 2) -> Recognise:
    """A recogniser that knows the words."""
    random = Random(seed)

    def about(ms: int) -> int:
        return ms + random.randint(-JITTER_MS, JITTER_MS)

    def recognise(start_ms: int, end_ms: int, _: str) -> Words:
        inside = (word for word in words if word.end_ms > start_ms and word.end_ms <= end_ms)
        return tuple(Word(word.text, about(word.start_ms), about(word.end_ms)) for word in inside)

    return recognise


def earliest_ms(words: Words) -> list[int]:
    """When two successive recognitions can first agree on each word, with one more word behind it."""
    ends = [word.end_ms for word in words]
    following = [*ends[1:], TURN_S * 1000]
    ticks = [
        max(-(-end // EVERY_MS) + 1, -(-next_end // EVERY_MS))
        for end, next_end in zip(ends, following, strict=True)
    ]
    return [min(tick * EVERY_MS, TURN_S * 1000) for tick in ticks]


def people() -> tuple[NDArray[np.int16], str]:
    """Three minutes of recordings, one after the other, and what is said in them."""
    pieces, said, length = list[NDArray[np.int16]](), list[str](), 0
    while length < TURN_S * 16_000:
        name = list(PEOPLE)[len(pieces) % len(PEOPLE)]
        with wave.open(str(RECORDINGS / f"{name}.wav")) as wav:
            pieces.append(np.frombuffer(wav.readframes(wav.getnframes()), np.int16))
        said.append(PEOPLE[name])
        length += len(pieces[-1])
    return np.concatenate(pieces), " ".join(said)


def embedded(audio: NDArray[np.int16], said: str) -> Recognise:
    recogniser, going_on = Recogniser(Path(tempfile.mkdtemp(prefix="atom-"))), Stop()
    going_on.current = 1

    def recognise(start_ms: int, end_ms: int, prompt: str) -> Words:
        head = {"expected": [said], "partial": True, "prompt": prompt}
        (answer, _), *_ = recogniser.answer(head, audio[start_ms * 16 : end_ms * 16].tobytes(), going_on)
        heard = (
            Word(one["word"], round(one["start"] * 1000), round(one["end"] * 1000)) for one in answer["words"]
        )
        return Transcript(tuple(heard)).later(start_ms).words

    return recognise


def word_errors(said: list[str], heard: list[str]) -> int:
    """Words to change, add or leave out."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for n, other in enumerate(heard, 1):
            before, row[n] = row[n], min(row[n] + 1, row[n - 1] + 1, before + (word != other))
    return row[-1]


def report() -> dict[str, object]:
    words = passage()
    turn = listen(knowing(words), lambda ms: sum(word.end_ms <= ms for word in words), TURN_S * 1000)
    delays = _delays(turn.committed_at_ms, words)
    bounds = _delays(earliest_ms(words), words)
    return {
        "turn_s": TURN_S,
        "words_wrong": word_errors([w.text for w in words], [w.text for w in turn.agreement.committed]),
        "longest_audio_s": turn.longest_ms / 1000,
        "per_second_spoken": _per_second(turn.cost),
        "everything_again": _per_second(turn.whole),
        "audio_ratio": round(turn.whole.audio_ms / turn.cost.audio_ms, 1),
        "word_delay_ms": _middle_and_tail(delays),
        "word_delay_bound_ms": _middle_and_tail(bounds),
    }


def report_people() -> dict[str, object]:
    """The same with a real recogniser and human voices; slow."""
    audio, said = people()
    words = list(words_of(said))
    end_ms = len(audio) // 16
    turn = listen(embedded(audio, said), lambda _: 0, end_ms - end_ms % EVERY_MS)
    joined = [word.text for word in turn.agreement.committed]
    return {
        "turn_s": round(end_ms / 1000),
        "words": len(words),
        "words_wrong": word_errors(words, joined),
        "longest_audio_s": turn.longest_ms / 1000,
        "audio_ratio": round(turn.whole.audio_ms / turn.cost.audio_ms, 1),
    }


def _delays(at_ms: list[int], words: Words) -> list[int]:
    return [at - word.end_ms for at, word in zip(at_ms, words, strict=False)]


def _per_second(cost: Cost) -> dict[str, float]:
    counts = {"audio_s": cost.audio_ms / 1000, "encoder_windows": cost.encoder_windows, "words": cost.words}
    return {name: round(count / TURN_S, 2) for name, count in counts.items()}


def _middle_and_tail(values: list[int]) -> dict[str, float]:
    return {"median": statistics.median(values), "p95": statistics.quantiles(values, n=20)[-1]}
