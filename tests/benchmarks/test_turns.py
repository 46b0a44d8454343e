"""`python -m benchmarks.turns`: what it makes of what it saw, and one small run of it."""

import json
import subprocess
import sys

import pytest

from benchmarks import turn_sounds as sounds
from benchmarks.talker import Said
from benchmarks.turn_trials import Answered, Over
from benchmarks.turns import BEHIND_MS, FIXED, LATE_MS, MODES, Run, rows, table


def met(run: Run) -> dict[str, bool | None]:
    return {row.figure: row.met for row in rows(run)}


def over(*, cut: float | None, duck: float | None = 150, tail: float = 0) -> Over:
    return Over("a sound", 500, duck, cut, tail)


def test_a_pause_that_was_answered_is_counted_against_who_knows_better() -> None:
    whole, early = Answered(510, 500, False), Answered(510, 500, True)
    run = Run({mode.name: [whole] * 2 for mode in MODES}, {mode.name: [whole, early] for mode in MODES})
    pauses = {figure: value for figure, value in met(run).items() if "into a pause" in figure}
    assert list(pauses.values()) == [None, False, False]


def test_overhead_is_what_the_engines_do_not_take() -> None:
    for voice, enough in ((759, True), (795, False)):
        run = Run(plain=[Answered(voice, 500, False)] * 4, chain_ms=[250] * 4)
        overhead = {value for figure, value in met(run).items() if "overhead" in figure}
        assert overhead == {enough}


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("tutor.v1 interruption", 600, None),
        ("GA interruption", 150, None),
        ("tutor.v1 backchannel", None, 600),
        ("tutor.v1 cough", None, 600),
    ],
)
def test_two_of_a_hundred_may_go_wrong(kind: str, right: float | None, wrong: float | None) -> None:
    for number, expected in ((2, True), (3, False)):
        made = [over(cut=wrong)] * number + [over(cut=right)] * (100 - number)
        shares = {figure: value for figure, value in met(Run(overs={kind: made})).items() if kind in figure}
        assert list(shares.values()) == [expected]


@pytest.mark.parametrize(
    ("late", "behind", "valid"),
    [(LATE_MS, BEHIND_MS, True), (LATE_MS + 1, BEHIND_MS, False), (LATE_MS, BEHIND_MS + 1, False)],
)
def test_a_run_that_could_not_keep_up_says_so(late: float, behind: float, valid: bool) -> None:
    run = Run(late_ms=[late] * 3, trips_ms=[behind] * 3)
    assert ("NOT VALID" in table(run, rows(run))) is not valid


def test_a_sound_begins_and_ends_where_it_is_louder_than_the_room() -> None:
    [sentence] = sounds.sentences(1)
    [pause] = sounds.paused(1)
    assert 500 < sentence.ms < 3000
    assert pause.pause
    quiet = pause.pcm[pause.pause[0] : pause.pause[1]]
    assert len(quiet) == sounds.RATE * sounds.PAUSE_MS // 1000
    assert abs(quiet).max() < 500


def test_times_are_those_of_the_samples() -> None:
    [cough] = sounds.coughs(1)
    said = Said(cough, [10 + n * 0.02 for n in range(len(cough.pcm) // sounds.SENT)])
    assert said.began_s == pytest.approx(10 - 0.02 + cough.began / sounds.RATE)
    assert said.ended_s == said.sent_s[(cough.ended - 1) // sounds.SENT]


def test_learners_are_answered_and_speak_over_the_tutor() -> None:
    few = ["--turns", "1", "--trials", "1", "--learners", "3"]
    command = [sys.executable, "-m", "benchmarks.turns", "--parts", "plain", "over", *few, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    seen = json.loads(done.stdout)
    assert len(seen["plain"]) == FIXED.learners
    assert all(0 < turn["wait"] < turn["voice"] for turn in seen["plain"])
    kinds = ("tutor.v1 interruption", "tutor.v1 backchannel", "tutor.v1 cough", "GA interruption")
    assert sorted(seen["overs"]) == sorted(kinds)
