"""A turn spoken by Bark, on random weights: from its process to the learner, and stopped by them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from realtime.tutor import lessons
from tests.edges.talker import Talker, talking
from tests.engines.vllm import PYTHON
from tests.serving import Served, serving

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
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("model") / "bark"
    subprocess.run([PYTHON, "-c", MAKE, str(folder)], check=True, capture_output=True)
    lesson = (Path(lessons.__file__).parent / "lessons" / "greetings.yaml").read_text()
    assert OPENING in lesson
    own = tmp_path_factory.mktemp("lessons")
    (own / "greetings.yaml").write_text(lesson.replace(OPENING, LINE))
    bark = {"TUTOR_BARK__MODEL": str(folder), "TUTOR_BARK__PYTHON": str(PYTHON), "TUTOR_BARK__LIVE": "always"}
    usual = {
        "OMP_NUM_THREADS": "1",  # two that wait for each other are twenty times slower on a busy machine
        "TUTOR_ENGINES__SPEECH_STALL_TIMEOUT_S": "60",  # where it is slow it begins when it need not pause
    }
    with serving("--lessons", str(own), **bark, **usual) as served:
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
