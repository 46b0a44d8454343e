"""Turns spoken by Bark, on random weights: from its process to the learner, and stopped by them; and the
self-test of it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from realtime.tutor import lessons
from tests.edges.talker import RIGHT, Talker, spoken, talking
from tests.engines.vllm import PYTHON
from tests.gpu.speech_server import eventually
from tests.serving import EMBEDDED, Served, serving

# Random weights never end a sentence: it takes as long as its text allows, here all of Bark's 15 s.
LINE = "Unfortunately, international communication remains traditionally extraordinarily complicated."
MAKE = (
    "import sys; from pathlib import Path; from tests.bark.tiny import make_bark; "
    "make_bark(Path(sys.argv[1]))"
)
TOKENS = 768  # semantic ones: the most that Bark draws, 15 s
REACTION = "react: I'm glad to hear that."
STOPPED = 'speech_jobs_total{engine="bark",outcome="stopped"}'
DRAWN = 'speech_passes_total{stage="semantic"}'


@pytest.fixture(scope="module")
def bark(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings with which it speaks."""
    folder = tmp_path_factory.mktemp("model") / "bark"
    subprocess.run([PYTHON, "-c", MAKE, str(folder)], check=True, capture_output=True)
    return {
        "TUTOR_BARK__MODEL": str(folder),
        "TUTOR_BARK__PYTHON": str(PYTHON),
        "TUTOR_BARK__LIVE": "always",
        "OMP_NUM_THREADS": "1",  # two that wait for each other are twenty times slower on a busy machine
        "TUTOR_ENGINES__SPEECH_STALL_TIMEOUT_S": "60",  # where it is slow it begins when it need not pause
    }


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory, bark: dict[str, str]) -> Iterator[Served]:
    lesson = (Path(lessons.__file__).parent / "lessons" / "greetings.yaml").read_text()
    assert lesson.count(REACTION) == 1
    own = tmp_path_factory.mktemp("lessons")
    (own / "greetings.yaml").write_text(lesson.replace(REACTION, f"react: {LINE}"))
    with serving("--lessons", str(own), program=("realtime",), **bark) as served:
        yield served


async def measured(tutor: Served, name: str) -> float:
    async with httpx.AsyncClient() as client:
        lines = (await client.get(f"{tutor.speech_url}/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def answers(tutor: Served, talker: Talker) -> None:
    """The learner, rightly; then the first sound of the tutor's long sentence is there."""
    await talker.opening()
    await talker.hear(await spoken(tutor, RIGHT))
    await talker.until("response.created")
    await talker.until_sound()


async def until_every_stop_is_counted(tutor: Served) -> None:
    """By the engine itself: it tells a moment after its slot is free."""

    async def counted() -> bool:
        return await measured(tutor, "speech_stop_steps_count") == await measured(tutor, STOPPED)

    await eventually(counted)


async def test_a_spoken_turn_is_answered_before_the_answer_is_drawn(tutor: Served) -> None:
    async with talking(tutor) as talker:
        await answers(tutor, talker)
        before = await measured(tutor, "speech_first_sound_share_count")
        done = await talker.until("response.done")
    assert done["response"]["status"] == "completed"
    assert LINE in done["response"]["output"][0]["content"][0]["transcript"]
    drawn, said = [await measured(tutor, f"speech_first_sound_share_{one}") for one in ("sum", "count")]
    assert said > before
    assert drawn < 0.9 * said
    assert await measured(tutor, 'speech_takes_total{fault="good"}') >= 1


@pytest.mark.parametrize("how", ["spoken over", "cancelled"])
async def test_who_is_interrupted_leaves_room_within_a_step(tutor: Served, how: str) -> None:
    """There is one slot: while one sentence is spoken, no other begins. The sentence that the learner hears
    is not drawn to its end when it is stopped: it was heard before."""
    async with talking(tutor, tutor=False) as first, talking(tutor, tutor=False) as second:
        await first.opening()
        await until_every_stop_is_counted(tutor)
        stops, drawn = await measured(tutor, STOPPED), await measured(tutor, DRAWN)
        await first.hear(await spoken(tutor, RIGHT))
        await first.until("response.created")
        await first.until_sound()
        if how == "cancelled":
            await first.send({"type": "response.cancel"})
        else:
            await first.hear(await spoken(tutor, RIGHT))
        assert (await first.until("response.done"))["response"]["status"] == "cancelled"
        await until_every_stop_is_counted(tutor)
        assert await measured(tutor, STOPPED) > stops
        assert 47 <= await measured(tutor, DRAWN) - drawn < TOKENS
        await second.send({"type": "response.create"})
        await second.until_sound()
    stopped, steps = [await measured(tutor, f"speech_stop_steps_{one}") for one in ("count", "sum")]
    assert steps <= stopped
    assert await measured(tutor, 'speech_stop_steps_bucket{le="1.0"}') == stopped


def test_the_self_test_hears_its_stream_whole_and_without_joints(
    tmp_path: Path, bark: dict[str, str]
) -> None:
    """Nobody understands random weights, and so it says. Their sound is whole."""
    folder = tmp_path / "report"
    done = subprocess.run(
        [sys.executable, "-m", "realtime", "selftest", "--out", str(folder)],
        env=os.environ | EMBEDDED | bark, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    report = (folder / "report.md").read_text()
    rows = re.findall(r"^\| (stream|exact) \| (20 of 20) \|(.*)\|$", report, re.MULTILINE)
    stream, exact = ([cell.strip() for cell in rest.split("|")] for _, _, rest in rows)
    assert [mode for mode, *_ in rows] == ["stream", "exact"]
    *_, joints, clicks, steps, _ = stream
    assert int(joints) >= 40 and clicks == "0"
    assert float(steps.removesuffix(" dB")) < 1
    assert exact[-4:-2] == ["0", "0"]
    for mode in ("stream", "exact"):
        assert len(list(folder.glob(f"*-{mode}.wav"))) == 20
    assert re.search(r"\| recognition \| failed \| stream: \d+% word errors", report)
    assert bark["TUTOR_BARK__MODEL"] not in report
