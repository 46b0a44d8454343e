"""`tutor render`: what lessons say that depends on no learner, spoken once into a voice pack.

Each line is in the manifest as soon as its clip is whole, so a render that was stopped goes on where it was.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from anyio.streams.memory import MemoryObjectReceiveStream

from realtime.engines.protocols import SAMPLE_RATE, VOICE_RATE, Captioned, Hearing, Synthesizer, Transcriber
from realtime.errors import EngineError
from realtime.packs import opus
from realtime.packs.loudness import amplified, gain_db, level_db, powers
from realtime.packs.opus import Sound
from realtime.packs.pack import (
    MANIFEST,
    Manifest,
    PackedClip,
    PackedWord,
    PackError,
    read_clip,
    read_manifest,
    write_clip,
    write_manifest,
)
from realtime.session.course import NOT_HEARD
from realtime.session.reply import APOLOGY
from realtime.talk.segmenter import Segmenter
from realtime.talk.transcript import Word
from realtime.tutor.fixed import lines
from realtime.tutor.lesson import Lesson
from realtime.word_errors import word_error_rate

LEVEL_DB = -20.0  # of every clip where it speaks: loud enough for a phone, with room for its peaks
# A letter takes a fast voice 40 ms and a slow one 110 ms; outside of these bounds something else was said.
SHORTEST_S, SHORTEST_LETTER_S = 0.1, 0.02
LONGEST_S, LONGEST_LETTER_S = 1.5, 0.2
FAILED = "failed.txt"

README = """# A voice pack for the Atom tutor

The clips in this folder are artificial: the voice {voice} of the speech model {model} made them from text.
No person spoke them, and nobody should be led to believe so: tell your learners that it is a machine's voice.

- The texts are lines of the tutor's lessons and have the lessons' licence.
- For the sound, the licences of model and voice count. Bark and its presets are published by Suno
  under MIT; espeak-ng is GPLv3 or later, which does not extend to what it says. For another model,
  look its terms up before you pass this folder on.
- manifest.json names each text's clip, its length and the times of its words. A clip's name is a digest of
  its content, and a damaged one is refused.

`tutor serve --voice-pack FOLDER` speaks with it.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be rendered. `word_errors`: the most that a recogniser may make of a line, 0 to 1;
    `told`: it is one that must be told the line."""

    folder: Path
    texts: tuple[str, ...]
    model: str
    voice: str
    at_once: int = 4
    word_errors: float = 0.34
    told: bool = False


@dataclass(slots=True)
class Outcome:
    """`failed`: why, by text. `kept` lines were there before."""

    manifest: Manifest
    kept: int = 0
    made: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def minutes(self) -> float:
        return sum(clip.samples for clip in self.manifest.lines.values()) / VOICE_RATE / 60


@dataclass(frozen=True, slots=True)
class Spoken:
    sound: Sound
    words: tuple[Word, ...]


class Faulty(Exception):
    """The clip does not say its text."""


Tell = Callable[[str], None]


def texts(lessons: Iterable[Lesson]) -> tuple[str, ...]:
    """As they are spoken: a reply's line is cut into segments, and each of them is one clip."""
    whole = (*lines(lessons), NOT_HEARD.text, APOLOGY)
    return tuple(dict.fromkeys(segment for line in whole for segment in _segments(line)))


def fault(text: str, sound: Sound, heard: str | None, most_errors: float) -> str | None:
    """What is wrong with a clip, if anything; `heard`: by a recogniser, where one was asked."""
    letters = sum(char.isalnum() for char in text)
    length_s = len(sound) / VOICE_RATE
    if level_db(powers(sound)) is None:
        return "it is silent"
    if length_s < SHORTEST_S + SHORTEST_LETTER_S * letters:
        return f"{length_s:.1f} s are too short for its text"
    if length_s > LONGEST_S + LONGEST_LETTER_S * letters:
        return f"{length_s:.1f} s are too long for its text"
    if heard is not None and (errors := word_error_rate(text, heard)) > most_errors:
        return f"it was heard as {heard!r} ({errors:.0%} word errors)"
    return None


class Render:
    """`voices`: one for each attempt at a line; `listener`: whoever checks the clips, None leaves them to
    their length."""

    def __init__(
        self, order: Order, voices: Sequence[Synthesizer], listener: Transcriber | None, tell: Tell
    ) -> None:
        self._order = order
        self._voices = voices
        self._listener = listener
        self._tell = tell
        self._writing = anyio.Lock()

    async def run(self) -> Outcome:
        """Raises PackError for a folder with another voice's pack."""
        order = self._order
        outcome = Outcome(_begun(order))
        missing = [text for text in order.texts if not self._is_there(outcome.manifest, text)]
        outcome.kept = len(order.texts) - len(missing)
        write_manifest(order.folder, outcome.manifest)
        readme = README.format(voice=order.voice, model=order.model)
        (order.folder / "README.md").write_text(readme)
        to_makers, waiting = anyio.create_memory_object_stream[str](0)
        async with anyio.create_task_group() as tasks:
            for _ in range(order.at_once):
                tasks.start_soon(self._make_all, waiting.clone(), outcome)
            waiting.close()
            async with to_makers:
                for text in missing:
                    await to_makers.send(text)
        _report(order.folder, outcome.failed)
        return outcome

    def _is_there(self, manifest: Manifest, text: str) -> bool:
        clip = manifest.lines.get(text)
        if clip is None or (self._listener and clip.heard is None):
            return False
        return read_clip(self._order.folder, clip) is not None

    async def _make_all(self, waiting: MemoryObjectReceiveStream[str], outcome: Outcome) -> None:
        async with waiting:
            async for text in waiting:
                try:
                    clip = await self._make(text)
                except (EngineError, Faulty) as error:
                    outcome.failed[text] = str(error)
                    said = f"FAILED: {error}"
                else:
                    await self._keep(text, clip, outcome)
                    said = f"{clip.samples / VOICE_RATE:.1f} s"
                done = outcome.kept + outcome.made + len(outcome.failed)
                self._tell(f"[{done}/{len(self._order.texts)}] {text}  ({said})")

    async def _make(self, text: str) -> PackedClip:
        """Raises EngineError, Faulty."""
        *first, last = self._voices
        for voice in first:
            with suppress(EngineError, Faulty):
                return await self._attempt(text, voice)
        return await self._attempt(text, last)

    async def _attempt(self, text: str, voice: Synthesizer) -> PackedClip:
        spoken = await self._speak(text, voice)
        heard = await self._hear(text, spoken.sound)
        if wrong := fault(text, spoken.sound, heard, self._order.word_errors):
            raise Faulty(wrong)
        louder = amplified(spoken.sound, gain_db(level_db(powers(spoken.sound)), LEVEL_DB))
        file = await anyio.to_thread.run_sync(opus.encode, louder)
        words = tuple(PackedWord(word=w.text, start_ms=w.start_ms, end_ms=w.end_ms) for w in spoken.words)
        name = await anyio.to_thread.run_sync(write_clip, self._order.folder, file)
        return PackedClip(file=name, samples=len(louder), words=words, heard=heard)

    async def _speak(self, text: str, voice: Synthesizer) -> Spoken:
        pcm, words = b"", ()
        async with voice.synthesize(text, voice=self._order.voice, speed=1, due_ms=0) as sounds:
            async for sound in sounds:
                if isinstance(sound, Captioned):
                    words = sound.words  # what is known later is known better
                else:
                    pcm += sound
        return Spoken(np.frombuffer(pcm, np.int16), words)

    async def _hear(self, text: str, sound: Sound) -> str | None:
        if self._listener is None:
            return None
        audio = soxr.resample(sound, VOICE_RATE, SAMPLE_RATE)
        expected = (text,) if self._order.told else ()
        return (await self._listener.transcribe(Hearing(audio, "final", expected, due_ms=60_000))).text

    async def _keep(self, text: str, clip: PackedClip, outcome: Outcome) -> None:
        async with self._writing:
            lines = {**outcome.manifest.lines, text: clip}
            outcome.manifest = outcome.manifest.model_copy(update={"lines": lines})
            outcome.made += 1
            await anyio.to_thread.run_sync(write_manifest, self._order.folder, outcome.manifest)


def _begun(order: Order) -> Manifest:
    """The folder's own manifest, where it is of this voice; an empty one where there is none."""
    if not (order.folder / MANIFEST).exists():
        if order.folder.exists() and any(order.folder.iterdir()):
            raise PackError(order.folder, "this folder holds other things; name an empty or a new one")
        made_with = f"atom-tutor {version('atom-tutor')}, av {version('av')}"
        return Manifest(model=order.model, voice=order.voice, level_db=LEVEL_DB, made_with=made_with)
    manifest = read_manifest(order.folder)
    if (manifest.model, manifest.voice) != (order.model, order.voice):
        theirs = f"it is of {manifest.model}'s voice {manifest.voice}"
        raise PackError(order.folder, f"{theirs}, not {order.model}'s {order.voice}: name another folder")
    return manifest


def _report(folder: Path, failed: dict[str, str]) -> None:
    if failed:
        (folder / FAILED).write_text("".join(f"{text}\t{why}\n" for text, why in failed.items()))
    else:
        (folder / FAILED).unlink(missing_ok=True)


def _segments(line: str) -> Sequence[str]:
    segmenter, segments = Segmenter().feed(line)
    return [segment.text for segment in (*segments, *segmenter.finish())]
