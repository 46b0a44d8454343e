"""Bark as a voice, on a process that speaks its messages: faults, stops, overload, many at once."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from gpu.bark.clip import RATE, TARGET_DB, to_floats
from gpu.bark_process import BarkProcess
from gpu.bark_voice import BarkVoice, NothingSaid, NotLive, preset
from gpu.errors import ApiError, BadRequest, Overloaded, WorkerLost
from gpu.voices import Line, Words
from gpu.workers import Rank
from tests.gpu.speech_server import eventually

TEXT = "What would you like to drink?"


class Stage:
    """A voice, its process, and what that was sent."""

    def __init__(self, log: Path, factor: float = 0.5, heard: str = "", **options: Any) -> None:
        command = [sys.executable, "-m", "tests.gpu.scripted_bark", str(log), str(factor)]
        self.process = BarkProcess(command, most_jobs=options.pop("most_jobs", 8), pause_s=0.01, **options)
        self.voice = BarkVoice(self.process, self._listen, live="auto")
        self._log = log
        self._heard = heard

    async def _listen(self, pcm: bytes, line: Line) -> str:
        return self._heard

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    @property
    def seeds(self) -> list[int]:
        return [head["seed"] for head in self.sent if "seed" in head]

    async def stops(self, count: int) -> None:
        async def all_heard() -> bool:
            return sum("stop" in head for head in self.sent) >= count

        await eventually(all_heard)

    async def again(self) -> None:
        """A process that can work."""

        async def ready() -> bool:
            return self.process.ready

        await eventually(ready)


@asynccontextmanager
async def on(log: Path, **options: Any) -> AsyncIterator[Stage]:
    stage = Stage(log / "log", **options)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.process.run)
        await stage.process.wait_ready()
        yield stage
        tasks.cancel_scope.cancel()


def line(text: str = TEXT, voice: str = "v2/en_speaker_6", **how: Any) -> Line:
    return Line(text, voice, Rank.of(partial=False, due_ms=500), **{"seed": 7, **how})


async def said(stage: Stage, asked: Line) -> tuple[bytes, list[Words]]:
    pcm, words = b"", []
    async with aclosing(stage.voice.say(asked)) as sounds:
        async for sound in sounds:
            if isinstance(sound, Words):
                words.append(sound)
            else:
                pcm += sound
    return pcm, words


async def test_a_line_is_spoken_and_its_words_timed_anew_at_its_end(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        pcm, words = await said(stage, line())
    assert len(pcm) / 2 / RATE == pytest.approx(0.1 * (2 + 2 * 6) + 0.36, abs=0.05)
    guess, known = ([one["word"] for one in told.words] for told in words)
    assert guess == known == TEXT.split()
    assert words[-1].words[-1]["end"] == pytest.approx(1.4, abs=0.05)
    [head] = stage.sent
    assert (head["text"], head["voice"], head["seed"], head["mode"]) == (TEXT, "v2/en_speaker_6", 7, "stream")
    assert 0 < head["due_ms"] <= 500


async def test_sound_comes_before_the_clip_is_made(tmp_path: Path) -> None:
    async with on(tmp_path) as stage, aclosing(stage.voice.say(line("Stuck, are you?"))) as sounds:
        assert isinstance(await anext(sounds), Words)
        assert await anext(sounds)
        assert stage.sent == stage.sent[:1]


async def test_leaving_stops_the_job_and_frees_its_place(tmp_path: Path) -> None:
    async with on(tmp_path, most_jobs=1) as stage:
        async with aclosing(stage.voice.say(line("Rambling on and on."))) as sounds:
            await anext(sounds)
        await stage.stops(1)
        assert (await said(stage, line()))[0]


async def test_cancelling_stops_the_job(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(said, stage, line("Stuck, are you?"))
            await eventually(lambda: has_begun(stage))
            tasks.cancel_scope.cancel()
        await stage.stops(1)


async def has_begun(stage: Stage) -> bool:
    return bool(stage.sent)


async def test_many_speak_at_once(tmp_path: Path) -> None:
    lengths: dict[str, int] = {}

    async def speak(stage: Stage, text: str) -> None:
        lengths[text] = len((await said(stage, line(text)))[0])

    texts = ["Tea or coffee?", "And a piece of cake?", "Would you like anything else?"]
    async with on(tmp_path) as stage, anyio.create_task_group() as tasks:
        for text in texts:
            tasks.start_soon(speak, stage, text)
    assert sorted(lengths, key=lambda text: lengths[text]) == texts


async def test_too_many_are_refused(tmp_path: Path) -> None:
    async with on(tmp_path, most_jobs=1) as stage, aclosing(stage.voice.say(line("Stuck?"))) as sounds:
        await anext(sounds)
        with pytest.raises(Overloaded):
            await said(stage, line())


@pytest.mark.parametrize("fault", ["Dying", "Garbling"])
async def test_a_process_that_dies_or_garbles_is_replaced(tmp_path: Path, fault: str) -> None:
    async with on(tmp_path) as stage:
        before = stage.process.pid
        with pytest.raises(WorkerLost, match="died"):
            await said(stage, line(f"{fault}, are you?"))
        await stage.again()
        assert stage.process.pid != before
        assert (await said(stage, line()))[0]


async def test_those_beside_one_that_kills_the_process_are_told(tmp_path: Path) -> None:
    async with on(tmp_path) as stage, aclosing(stage.voice.say(line("Stuck?"))) as sounds:
        await anext(sounds)
        with pytest.raises(WorkerLost):
            await said(stage, line("Dying?"))
        with pytest.raises(WorkerLost, match="died"):
            while True:
                await anext(sounds)


async def test_while_there_is_no_process_a_line_is_refused(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "log")
    with pytest.raises(WorkerLost, match="not ready"):
        await said(stage, line())


async def test_a_process_that_says_nothing_any_more_is_replaced(tmp_path: Path) -> None:
    async with on(tmp_path, stall_limit_s=0.3, factor=0.01) as stage:
        before = stage.process.pid
        with pytest.raises(WorkerLost, match=r"said nothing for 0\.3 s"):
            await said(stage, line("Stuck?"))
        await stage.again()
        assert stage.process.pid != before


async def test_one_that_works_long_between_two_sounds_is_waited_for(tmp_path: Path) -> None:
    async with on(tmp_path, stall_limit_s=0.3, factor=0.01) as stage:
        assert (await said(stage, line("Thinking about it.", exact=True)))[0]
        assert stage.seeds == [7]


async def test_a_job_that_waits_for_others_is_not_given_up_with_the_process(tmp_path: Path) -> None:
    rambling = {"text": "Rambling.", "voice": "v2/en_speaker_6", "seed": 7, "mode": "exact", "due_ms": 0}
    lost_s: list[float] = []

    async def wait(stage: Stage) -> None:
        with pytest.raises(WorkerLost, match="said nothing"):
            await said(stage, line("Stuck?"))
        lost_s.append(anyio.current_time())

    async with on(tmp_path, stall_limit_s=0.3, factor=0.01) as stage, anyio.create_task_group() as tasks:
        tasks.start_soon(wait, stage)
        async with stage.process.job(rambling) as messages:
            until_s = anyio.current_time() + 1
            async for _ in messages:
                if anyio.current_time() > until_s:
                    break
        assert not lost_s
    assert lost_s


@pytest.mark.parametrize(("factor", "limit_s"), [(0.2, 60), (30, 300)])
async def test_a_slow_machine_may_be_silent_for_longer(tmp_path: Path, factor: float, limit_s: float) -> None:
    async with on(tmp_path, factor=factor) as stage:
        assert stage.process.silence_limit_s == limit_s


async def unheard(pcm: bytes, line: Line) -> str:
    raise AssertionError("there is no clip to listen to")


FAILING = "import os; from gpu.pipe import pack; os.write(1, pack({'failed': 'there are no weights'}))"


@pytest.mark.parametrize(
    ("program", "start_limit_s", "fault"),
    [
        (FAILING, 60, "there are no weights"),
        ("raise SystemExit(3)", 60, "it ended with status 3"),
        ("input()", 0.3, "it was not ready within 0.3 s"),
        ("from gpu.pipe import pack; print(pack({}).decode())", 60, "what it says of itself is not"),
    ],
)
async def test_why_it_does_not_start_is_known(program: str, start_limit_s: float, fault: str) -> None:
    process = BarkProcess([sys.executable, "-c", program], most_jobs=1, start_limit_s=start_limit_s)
    voice = BarkVoice(process, unheard, live="auto")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(process.run)
        await process.wait_ready()
        assert voice.fault.startswith(fault)
        with pytest.raises(ApiError, match="Bark does not start: ") as told:
            await anext(voice.say(line()))
        assert (told.value.status, told.value.code) == (503, "engine_failed")
        tasks.cancel_scope.cancel()


async def test_a_reason_is_passed_on(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        with pytest.raises(ApiError, match="not this") as told:
            await said(stage, line("Refusing?"))
        assert (told.value.status, told.value.code) == (400, "no")


async def test_a_runaway_is_ended(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        pcm, words = await said(stage, line("Rambling on and on."))
        await stage.stops(1)
        assert stage.seeds == [7]
    assert 3 < len(pcm) / 2 / RATE < 8
    assert words[-1].words[-1]["end"] == pytest.approx(len(pcm) / 2 / RATE - 0.36, abs=0.02)


async def test_a_silent_take_is_followed_by_another(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        pcm, _ = await said(stage, line("Sleeping, are you?"))
        assert stage.seeds == [7, 8]
    assert len(pcm) / 2 / RATE > 0.5


async def test_two_silent_takes_are_a_failure(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        with pytest.raises(NothingSaid):
            await said(stage, line("Mute."))


@pytest.mark.parametrize("text", ["Rambling on and on.", "Sleeping, are you?", "Swallowing most of it."])
async def test_a_whole_clip_is_made_again_where_something_is_wrong(tmp_path: Path, text: str) -> None:
    async with on(tmp_path) as stage:
        pcm, (words,) = await said(stage, line(text, exact=True))
        assert stage.seeds == [7, 8]
        assert {head["mode"] for head in stage.sent if "mode" in head} == {"exact"}
    assert 0.5 < len(pcm) / 2 / RATE < 3
    assert [one["word"] for one in words.words] == text.split()


@pytest.mark.parametrize(
    ("heard", "takes"), [("what would you like to drink", 1), ("what will you like to drink", 1), ("hm", 2)]
)
async def test_a_whole_clip_is_listened_to(tmp_path: Path, heard: str, takes: int) -> None:
    async with on(tmp_path, heard=heard) as stage:
        pcm, _ = await said(stage, line(exact=True, checked=True))
        assert len(stage.seeds) == takes
    assert pcm


async def test_pieces_follow_each_other_in_one_sound(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        pcm, words = await said(stage, line(f"{TEXT} [laughs] I would like some tea."))
        texts = [head["text"] for head in stage.sent]
    assert texts == [TEXT, "[laughs] I would like some tea."]
    times = [time for one in words[-1].words for time in (one["start"], one["end"])]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(len(pcm) / 2 / RATE - 0.36, abs=0.02)
    assert [one["word"] for one in words[-1].words] == f"{TEXT} I would like some tea.".split()


async def test_a_voice_keeps_its_seed(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        for voice in ("v2/en_speaker_6", "v2/en_speaker_6", "v2/en_speaker_3", "alloy"):
            await said(stage, line(voice=voice, seed=None))
        first, again, other, named = stage.seeds
        assert stage.sent[-1]["voice"] == preset("alloy", await stage.voice.voices(), {})
    assert first == again
    assert len({first, other, named}) == 3


async def test_a_voice_that_is_known_starts_as_loud_as_it_ended(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        first, _ = await said(stage, line())
        second, _ = await said(stage, line())
    begun, ended = slice(RATE // 10, RATE // 5), slice(RATE, RATE + RATE // 10)
    assert loudness(first, begun) - loudness(first, ended) > 3
    assert abs(loudness(second, begun) - loudness(second, ended)) < 1
    assert abs(loudness(second, begun) - TARGET_DB) < 1


def loudness(pcm: bytes, part: slice) -> float:
    return 10 * np.log10(np.mean(to_floats(pcm)[part] ** 2))


async def test_it_is_no_voice_for_live_talk_where_it_is_too_slow(tmp_path: Path) -> None:
    async with on(tmp_path, factor=1.7) as stage:
        with pytest.raises(NotLive, match=r"1\.7 s for a second"):
            await said(stage, line(live=True))
        assert (await said(stage, line()))[0]
        always = BarkVoice(stage.process, stage._listen, live="always")
        assert always.too_slow == ""


async def test_it_is_one_where_it_is_fast(tmp_path: Path) -> None:
    async with on(tmp_path, factor=0.9) as stage:
        assert (await said(stage, line(live=True)))[0]


async def test_a_voice_that_is_not_fit_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with on(tmp_path) as stage:
        with pytest.raises(BadRequest, match="'v2/en_speaker_short': it has 12 semantic tokens") as told:
            await said(stage, line(voice="v2/en_speaker_short"))
        assert told.value.code == "voice_unfit"
        assert "v2/en_speaker_short" not in await stage.voice.voices()


def test_an_unknown_voice_is_told_where_the_known_ones_are() -> None:
    with pytest.raises(BadRequest, match="/v1/audio/voices"):
        preset("en-us", ["v2/en_speaker_0"], {})
