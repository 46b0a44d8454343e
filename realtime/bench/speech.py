"""What learners say: sentences that can be broken off in the middle, interruptions, "uh-huh" and coughs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.engines.protocols import VOICE_RATE, Samples, Synthesizer
from realtime.errors import SettingsError
from realtime.packs.loudness import FRAME, powers
from realtime.selftest.engines import say
from realtime.terminal import read_recording

# The commas are where a voice leaves room for a pause.
LINES = (
    "Last summer, I went with my sister to, a small village in the mountains.",
    "Well, I would like to, visit my grandmother on Sunday.",
    "I think, the best way to get there is, by the early train.",
    "Um, yesterday I was looking for, a present for my brother.",
    "My friend works in, a little hotel, near the sea.",
    "In the evening, I like to cook, and to listen to old music.",
)
INTERRUPTIONS = (
    "No, wait, I have a question about the word before that one.",
    "Sorry, could you say that again a little slower, please?",
)
BACKCHANNEL = "Uh-huh."  # espeak spells "mm-hm" out

QUIET_DB = 35.0  # below the loudest: nobody speaks
INNER = 0.15  # of a sentence at either end is no middle
APART = VOICE_RATE * 3 // 10  # samples between two breaks


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Without silence around them. `backchannel` None: there is none, so none is uttered."""

    lines: tuple[Samples, ...]
    interruptions: tuple[Samples, ...]
    backchannel: Samples | None
    cough: Samples


@dataclass(frozen=True, slots=True)
class Saying:
    """`gaps`: the first sample of each pause and the one after it."""

    sound: Samples
    gaps: tuple[tuple[int, int], ...] = ()


# where it comes from


def recorded(folder: Path) -> Repertoire:
    """Recordings by their names: `interruption...`, `backchannel...`, `cough...`, all others are sentences.

    Raises SettingsError where there is none, or one cannot be read.
    """
    files = sorted(folder.glob("*.wav")) if folder.is_dir() else []
    sounds = {file.stem.lower(): trimmed(np.frombuffer(read_recording(file), np.int16)) for file in files}
    if silent := [name for name, sound in sounds.items() if not len(sound)]:
        raise SettingsError(f"nothing is said in {silent[0]}.wav")

    def named(kind: str) -> tuple[Samples, ...]:
        return tuple(sound for name, sound in sounds.items() if name.startswith(kind))

    special = ("interruption", "backchannel", "cough")
    lines = tuple(sound for name, sound in sounds.items() if not name.startswith(special))
    if not lines:
        raise SettingsError(f"{folder} holds no sentence: WAV files are wanted, one sentence each")
    murmur, cough = named("backchannel"), named("cough")
    return Repertoire(
        lines, named("interruption") or lines, murmur[0] if murmur else None, cough[0] if cough else coughed()
    )


async def synthesised(voice: Synthesizer, speaker: str) -> Repertoire:
    """Raises SettingsError where the voice fails."""
    texts = (*LINES, *INTERRUPTIONS, BACKCHANNEL)
    sounds = list[Samples]()
    async for spoken in say(voice, "bench", texts, speaker):
        sound = trimmed(spoken.sound)
        if not len(sound):
            raise SettingsError(f"there is no voice for the learners: {spoken.why or 'it is silent'}")
        sounds.append(sound)
    lines, rest = sounds[: len(LINES)], sounds[len(LINES) :]
    return Repertoire(tuple(lines), tuple(rest[:-1]), rest[-1], coughed())


def coughed() -> Samples:
    """Two bursts of air, dull and short."""
    dice, time = np.random.default_rng(3), np.arange(VOICE_RATE // 5) / VOICE_RATE
    air = np.convolve(dice.normal(size=len(time)), np.ones(12) / 12, "same")
    burst = air * np.minimum(time / 0.01, 1) * np.exp(-time / 0.05)
    both = np.concatenate((burst, np.zeros(VOICE_RATE // 10), burst * 0.7))
    return (both / np.abs(both).max() * 12_000).astype(np.int16)


# what is made of it


def trimmed(sound: Samples) -> Samples:
    """Without the silence around it: its first sample is the onset, its last the end of speech."""
    size = np.abs(sound.astype(np.int32))
    loud = np.flatnonzero(size > max(1.0, float(size.max(initial=0)) * 10 ** (-QUIET_DB / 20)))
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def broken(sound: Samples, gaps_ms: Sequence[int]) -> Saying:
    """Silences of exactly this length where it breaks best; what was quiet there is left out."""
    pieces, gaps, at, length = list[Samples](), list[tuple[int, int]](), 0, 0
    for (start, end), gap_ms in zip(places(sound, len(gaps_ms)), gaps_ms, strict=True):
        silence = np.zeros(gap_ms * VOICE_RATE // 1000, np.int16)
        length += start - at
        gaps.append((length, length + len(silence)))
        length += len(silence)
        pieces += [sound[at:start], silence]
        at = end
    return Saying(np.concatenate((*pieces, sound[at:])), tuple(gaps))


def places(sound: Samples, count: int) -> list[tuple[int, int]]:
    """The `count` best places in the middle for a pause, in their order: the longest silences there are, then
    the quietest moments."""
    levels = powers(sound)
    quiet = levels < levels.max(initial=0) * 10 ** (-QUIET_DB / 10)
    runs = _runs(quiet)
    runs.sort(key=lambda run: run[0] - run[1])
    moments = [(at, at) for at in map(int, np.argsort(levels, kind="stable"))]
    chosen = list[tuple[int, int]]()
    for start, end in ((start * FRAME, end * FRAME) for start, end in (*runs, *moments)):
        inner = len(sound) * INNER <= start and end <= len(sound) * (1 - INNER)
        apart = all(start - other[1] >= APART or other[0] - end >= APART for other in chosen)
        if len(chosen) < count and inner and apart:
            chosen.append((start, end))
    if len(chosen) < count:
        raise SettingsError(f"a sentence of {len(sound) / VOICE_RATE:.1f} s is too short to pause in")
    return sorted(chosen)


def _runs(flags: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[tuple[int, int]]:
    """First and one past the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
