"""What is tried with a learner in `benchmarks.turns`: a sentence to be answered, a sound over the tutor."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from benchmarks.talker import AUDIO, Json, Talker
from benchmarks.turn_sounds import Sound

WATCHED_S = 1.6  # after a sound over the tutor: whoever has not cut by then does not
REST_S = (0.3, 0.6)
SOUNDING_S = (0.8, 1.6)
FIRST_SOUNDING_S = 3.0  # until it is known that there is no echo
TALE_S = 20.0  # a reply that has gone on for so long is begun anew


@dataclass(frozen=True, slots=True)
class Answered:
    """Milliseconds. `voice`: from the end of speech to the first sound; `wait`: to the endpoint decision;
    `early`: a sound came before the end of speech."""

    voice: float
    wait: float
    early: bool

    @property
    def after(self) -> float:
        """From the decision to the first sound."""
        return self.voice - self.wait


@dataclass(frozen=True, slots=True)
class Over:
    """A sound over the tutor. Milliseconds from its onset; `tail`: of sound that came after the cut."""

    name: str
    long: float
    duck: float | None
    cut: float | None
    tail: float


async def answers(talker: Talker, sounds: Sequence[Sound], detection: Json, seed: int) -> list[Answered]:
    """Each is said, and the reply is ended once it is heard."""
    dice = random.Random(seed)
    return [await _answer(talker, sound, detection, dice) for sound in sounds]


async def _answer(talker: Talker, sound: Sound, detection: Json, dice: random.Random) -> Answered:
    await talker.configure(sound.saying, detection)
    await anyio.sleep(dice.uniform(*REST_S))
    mark = len(talker.news)
    said = talker.say(sound)
    await said.over.wait()
    early = talker.first(AUDIO, mark, lambda one: one.at_s < said.ended_s) is not None
    since = next((n for n in range(mark, len(talker.news)) if talker.news[n].at_s >= said.ended_s), None)
    since = len(talker.news) if since is None else since
    decided = await talker.expect("input_audio_buffer.speech_stopped", since)
    decided_at = talker.news.index(decided)
    sounded = await talker.expect(AUDIO, decided_at)
    await talker.hush()
    return Answered((sounded.at_s - said.ended_s) * 1000, (decided.at_s - said.ended_s) * 1000, early)


async def overs(talker: Talker, sounds: Sequence[Sound], seed: int) -> list[Over]:
    """Each is said while the tutor speaks; who is cut off answers, and is spoken over again."""
    dice = random.Random(seed)
    await _sounding(talker, FIRST_SOUNDING_S)
    return [await _over(talker, sound, dice) for sound in sounds]


async def _over(talker: Talker, sound: Sound, dice: random.Random) -> Over:
    await _sounding(talker, dice.uniform(*SOUNDING_S))
    await talker.configure(sound.saying)
    mark = len(talker.news)
    item = next(one.item for one in reversed(talker.news) if one.kind == AUDIO)
    said = talker.say(sound)
    await said.over.wait()
    await anyio.sleep(WATCHED_S)
    duck = talker.first("tutor.duck", mark, lambda one: one.body["on"])
    cut = talker.first("input_audio_buffer.speech_started", mark)
    late = [one.at_s for one in talker.news[mark:] if one.kind == AUDIO and one.item == item]
    return Over(
        name=sound.name,
        long=sound.ms,
        duck=(duck.at_s - said.began_s) * 1000 if duck else None,
        cut=(cut.at_s - said.began_s) * 1000 if cut else None,
        tail=max(0.0, (late[-1] - cut.at_s) * 1000) if cut and late else 0.0,
    )


async def _sounding(talker: Talker, for_s: float) -> None:
    """The tutor has spoken for so long, and goes on."""
    if talker.active and talker.began_s and time.perf_counter() - talker.began_s > TALE_S:
        await talker.hush()
    if not talker.active:
        mark = len(talker.news)
        await talker.tell("response.create")
        await talker.expect(AUDIO, mark)
    elif not talker.began_s:
        await talker.expect(AUDIO, len(talker.news))
    await anyio.sleep(for_s)
