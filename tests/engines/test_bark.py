"""A turn spoken by Bark, on random weights: from its process to the learner, and stopped by them; and the
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
from tests.edges.talker import Talker, talking
from tests.engines.vllm import PYTHON
from tests.serving import EMBEDDED, Served, serving

# Random weights never end a sentence: it takes as long as its text allows, here all of Bark's 15 s.
LINE = (
    "Hello! Unfortunately communication between international organizations "
    "is traditionally extraordinarily complicated today."
)
MAKE = (
    "import sys; from pathlib import Path; from tests.bark.tiny import make_bark; "
    "make_bark(Path(sys.argv[1]))"
)
OPENING = "Hello! I'm Atom, your new neighbor."


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
    assert OPENING in lesson
    own = tmp_path_factory.mktemp("lessons")
    (own / "greetings.yaml").write_text(lesson.replace(OPENING, LINE))
    with serving("--lessons", str(own), program=("realtime",), **bark) as served:
        yield served


async def measured(tutor: Served, name: str) -> float:
    async with httpx.AsyncClient() as client:
        lines = (await client.get(f"{tutor.speech_url}/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def until_it_speaks(talker: Talker) -> None:
    """Within the long sentence."""
    await talker.send({"type": "response.create"})
    for _ in LINE.split("! "):
        await talker.until("tutor.clip")
    await talker.until_sound()


async def test_sound_is_heard_before_the_sentence_is_drawn(tutor: Served) -> None:
    async with talking(tutor) as talker:
        await until_it_speaks(talker)
        heard = sum(len(message) for message in talker.log if isinstance(message, bytes))
        await talker.until("tutor.clip")  # of what comes next, once this sentence is whole
        whole = sum(len(message) for message in talker.log if isinstance(message, bytes))
    drawn, said = [await measured(tutor, f"speech_first_sound_share_{one}") for one in ("sum", "count")]
    assert said >= 1
    assert drawn < 0.9 * said
    assert (whole - heard) / 48_000 > 8
    assert await measured(tutor, 'speech_passes_total{stage="semantic"}') > 500
    assert await measured(tutor, 'speech_takes_total{fault="good"}') >= 1


async def test_who_is_interrupted_leaves_room_at_once(tutor: Served) -> None:
    """There is one slot: while one sentence is spoken, no other begins."""
    stopped = 'speech_jobs_total{engine="bark",outcome="stopped"}'
    async with talking(tutor) as first, talking(tutor) as second:
        await until_it_speaks(first)
        before = await measured(tutor, stopped)
        await first.send({"type": "response.cancel"})
        assert (await first.until("response.done"))["response"]["status"] == "cancelled"
        assert await measured(tutor, stopped) == before + 1
        await until_it_speaks(second)


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
