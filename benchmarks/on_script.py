"""How well the embedded recogniser tells a lesson's sentences from each other and from anything else.

    python -m benchmarks.on_script [--fit] [--each N]

Speaks every right answer and typical mistake of every lesson, sentences of other lessons, sentences of no
lesson, and names that are in no list, by three espeak voices, amid silence and faint noise of varying length
and level. Reports what the recogniser and the guide make of them; `--fit` fits the weights of
gpu/embedded/judge.py on half of the lessons first. The other half is reported apart.
"""

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from gpu.embedded import judge, script
from gpu.embedded.espeak import Espeak
from gpu.embedded.recognition import Recogniser, words_apart
from realtime.talk.transcript import Transcript, Word
from realtime.tutor import guide
from realtime.tutor.guide import Progress
from realtime.tutor.lesson import Lesson, slots_in
from realtime.tutor.lessons import load_lessons

VOICES = ("en-us", "en-gb", "en-us+f3")
OFF_SCRIPT = Path(__file__).with_name("data") / "off_script.txt"
STRANGE = {
    "name": ("Priyanka", "Thorsten", "Mustafa", "Yuki", "Olga", "Ngozi"),
    "country": ("Finland", "Nigeria", "Thailand"),
    "place": ("laundromat", "embassy", "swimming pool"),
}
PACE_WPM = 150
RATE = 16_000
Kind = Literal["right", "mistake", "strange", "cross", "off"]
ON = ("right", "mistake")
OFF = ("cross", "off")


@dataclass(frozen=True, slots=True)
class Clip:
    lesson: str
    step: int
    kind: Kind
    at: int  # which of the step's right answers or mistakes
    text: str
    strange: tuple[str, ...]  # the words that no list holds
    voice: str


@dataclass(frozen=True, slots=True)
class Heard:
    clip: Clip
    text: str
    verdict: str | None
    named: bool  # the mistake is the very one
    measures: tuple[float, float] | None  # of the whole, as gpu/embedded/judge.py weighs it
    words: tuple[tuple[str, float], ...]  # each with its loss a frame
    on_script: float | None

    @property
    def said(self) -> bool:
        """Whether it is word for word what was spoken, slots apart."""
        return script.words_of(self.text) == script.words_of(self.clip.text)


def clips(lessons: dict[str, Lesson], chance: random.Random) -> Iterator[Clip]:
    steps = [(name, place) for name, lesson in lessons.items() for place in range(len(lesson.steps))]
    spoken: list[Clip] = []
    for name, place in steps:
        spoken += _of_step(lessons[name], place, chance)
    off = [line for line in OFF_SCRIPT.read_text().splitlines() if line and line[0] != "#"]
    for text in off:
        spoken.append(Clip(*chance.choice(steps), "off", 0, text, (), ""))
    elsewhere = [clip for clip in spoken if clip.kind == "right" and len(clip.text.split()) > 2]
    for clip in chance.sample(elsewhere, 100):
        name, place = chance.choice([step for step in steps if step[0] != clip.lesson])
        here = guide.expected(lessons[name], _at(lessons[name], place))
        if script.words_of(clip.text) not in script.sentences_of(here):
            spoken.append(Clip(name, place, "cross", 0, clip.text, (), ""))
    for clip in spoken:
        for voice in VOICES:
            yield Clip(clip.lesson, clip.step, clip.kind, clip.at, clip.text, clip.strange, voice)


def _of_step(lesson: Lesson, place: int, chance: random.Random) -> Iterator[Clip]:
    step = lesson.steps[place]
    for at, text in enumerate(step.right):
        yield Clip(lesson.id, place, "right", at, _filled(text, lesson, chance), (), "")
        for slot in slots_in(text):
            others = STRANGE.get(slot, ())
            if others and lesson.slots[slot].open and len(text.split()) > 2:
                other = chance.choice(others)
                yield Clip(
                    lesson.id,
                    place,
                    "strange",
                    at,
                    text.replace(f"{{{slot}}}", other),
                    script.words_of(other),
                    "",
                )
    for at, mistake in enumerate(step.mistakes):
        yield Clip(lesson.id, place, "mistake", at, _filled(mistake.said, lesson, chance), (), "")


def _at(lesson: Lesson, place: int) -> Progress:
    """Where the step is asked that stands at this place in the lesson."""
    return next(here for here in guide.places(lesson) if guide.step_at(lesson, here) is lesson.steps[place])


def _filled(text: str, lesson: Lesson, chance: random.Random) -> str:
    for slot in slots_in(text):
        text = text.replace(f"{{{slot}}}", chance.choice(lesson.slots[slot].values))
    return text


def spoken(text: str, voice: str, chance: random.Random) -> NDArray[np.int16]:
    """As a microphone would give it: before and after it a room that is never quite still."""
    espeak = _espeak()
    espeak.use(voice)
    espeak.set_pace(PACE_WPM)
    sound = bytearray()
    espeak.speak(text, lambda samples, _: bool(sound.extend(samples)))
    speech = soxr.resample(np.frombuffer(bytes(sound), np.int16).astype(np.float32), espeak.rate, RATE)
    loud = np.flatnonzero(abs(speech) > 200)
    speech = speech[: loud[-1] + 1] if len(loud) else speech
    room = [np.zeros(round(chance.uniform(*span) * RATE), np.float32) for span in ((0.1, 0.4), (0.15, 0.6))]
    whole = np.concatenate((room[0], speech * chance.uniform(0.25, 1), room[1]))
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(5, 40), len(whole))
    return np.clip(whole + noise, -32768, 32767).astype(np.int16)


@cache
def _espeak() -> Espeak:
    return Espeak()


@cache
def _recogniser() -> Recogniser:
    return Recogniser(Path(tempfile.mkdtemp(prefix="atom-")))


@cache
def _lessons() -> dict[str, Lesson]:
    return load_lessons()


def hear(clip: Clip) -> Heard:
    recogniser, lesson = _recogniser(), _lessons()[clip.lesson]
    here = _at(lesson, clip.step)
    expected = guide.expected(lesson, here)
    audio = spoken(clip.text, clip.voice, random.Random(repr(clip)))
    sentences = script.sentences_of(expected)
    unknown = recogniser.look_up({word for sentence in sentences for word in sentence})
    _espeak().use("en-us")
    recogniser.learn({word: _espeak().phonemes(word) for word in unknown})
    found = recogniser.hear(audio.tobytes(), sentences)
    answer = recogniser.judge(found, sentences)
    evidence = recogniser.evidence(found) if found else None
    words = tuple(
        Word(word["word"], round(word["start"] * 1000), round(word["end"] * 1000), word["score"])
        for word in answer["words"]
    )
    _, line = guide.step(lesson, here, Transcript(words, answer["on_script"]))
    named = (
        line.verdict == "mistake"
        and clip.kind == "mistake"
        and line.note == lesson.steps[clip.step].mistakes[clip.at].note()
    )
    measures = None
    losses: tuple[float, ...] = ()
    if evidence:
        measures = evidence.measures(judge.counted(evidence, words_apart(found, sentences)))
        losses = tuple(evidence.of_word(number) for number in range(len(found)))
    pairs = tuple(zip((one.word for one in found), losses, strict=False))
    return Heard(
        clip, " ".join(word.text for word in words), line.verdict, named, measures, pairs, answer["on_script"]
    )


def fit(rows: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic regression, both classes of equal weight, so that 0.5 is the even point: constant first."""
    inputs = np.hstack((np.ones((len(rows), 1)), rows))
    weight = np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum())
    values = np.zeros(inputs.shape[1])
    for _ in range(100):
        likely = 1 / (1 + np.exp(-inputs @ values))
        slope = inputs.T @ (weight * (likely - right)) + 1e-4 * values
        curve = (inputs * (weight * likely * (1 - likely))[:, None]).T @ inputs + 1e-4 * np.eye(len(values))
        values -= np.linalg.solve(curve, slope)
    return values


def fitted(heard: Sequence[Heard]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sure = [one for one in heard if one.measures and (one.clip.kind in OFF or one.said)]
    whole = fit(np.array([one.measures for one in sure]), np.array([one.clip.kind in ON for one in sure]))
    words = [(loss, right) for one in heard for loss, right in _judged_words(one)]
    single = fit(np.array([[loss] for loss, _ in words]), np.array([right for _, right in words]))
    return whole, single


def _judged_words(one: Heard) -> Iterator[tuple[float, bool]]:
    """Words of right sentences, and words that stand where something unknown was said."""
    if one.clip.kind in ON and one.said:
        yield from ((loss, True) for _, loss in one.words)
    if one.clip.kind == "strange":
        told = script.words_of(one.clip.text)
        yield from ((loss, False) for word, loss in one.words if word not in told)


def report(heard: Sequence[Heard], title: str) -> None:
    print(f"\n{title}")
    for kind in ("right", "mistake", "strange", "cross", "off"):
        for voice in (*VOICES, "all"):
            some = [one for one in heard if one.clip.kind == kind and voice in (one.clip.voice, "all")]
            if some:
                print(f"  {kind:8} {voice:9} {len(some):5}  {_shares(some, kind)}")


def _shares(some: Sequence[Heard], kind: str) -> str:
    def share(count: int) -> str:
        return f"{100 * count / len(some):5.1f} %"

    verdicts = {
        name: sum(one.verdict == name for one in some)
        for name in ("right", "mistake", "unclear", "off_script")
    }
    shares = "  ".join(f"{name} {share(count)}" for name, count in verdicts.items())
    accepted = share(sum((one.on_script or 0) >= 0.5 for one in some))
    text = f"{shares}  on script {accepted}"
    if kind in ON:
        text += f"  word for word {share(sum(one.said for one in some))}"
    if kind == "mistake":
        text += f"  named {share(sum(one.named for one in some))}"
    if kind == "strange":
        unsure = [loss for one in some for loss, right in _judged_words(one)]
        text += f"  unsure of the word {100 * np.mean([judge.scored(loss) < 0.5 for loss in unsure]):5.1f} %"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--each", type=int, default=1, help="only one clip in so many")
    parser.add_argument("--wrong", action="store_true", help="list what was taken for something else")
    options = parser.parse_args()
    lessons = load_lessons()
    every = list(clips(lessons, random.Random(1)))[:: options.each]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        heard = list(pool.map(hear, sorted(every, key=lambda clip: (clip.lesson, clip.step)), chunksize=20))
    first = set(sorted(lessons)[::2])
    tuned = [one for one in heard if one.clip.lesson in first]
    if options.fit:
        whole, single = fitted(tuned)
        print("SCRIPT_WEIGHTS", np.round(whole, 2), "WORD_WEIGHTS", np.round(single, 2))
    report(tuned, f"Lessons the weights are fitted on: {', '.join(sorted(first))}")
    report([one for one in heard if one.clip.lesson not in first], "The other lessons")
    if options.wrong:
        for one in heard:
            if one.verdict != one.clip.kind and (one.clip.kind in ON or one.verdict in ON):
                print(
                    one.clip.kind,
                    one.clip.voice,
                    one.clip.text,
                    "|",
                    one.text,
                    "|",
                    one.verdict,
                    one.on_script,
                )


if __name__ == "__main__":
    main()
