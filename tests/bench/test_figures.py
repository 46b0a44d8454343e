"""Percentiles, the table, what programs get, and the picture."""

import json
import xml.etree.ElementTree as ET

import pytest

from realtime.bench.figures import LATE_MS, Spread, delays, for_programs, percentile, spread, table
from realtime.bench.judge import Findings, Tally
from realtime.bench.picture import svg

HUNDRED = [float(value) for value in range(100, 0, -1)]


@pytest.mark.parametrize(
    ("values", "percent", "is_"),
    [
        (HUNDRED, 95, 95),
        (HUNDRED, 99, 99),
        ([7.0], 95, 7),
        ([1.0, 2.0], 50, 1),
        (HUNDRED[-20:], 95, 19),
        (HUNDRED[-19:], 95, 19),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], percent: int, is_: float) -> None:
    assert percentile(values, percent) == is_


def test_a_spread_of_nothing_is_none() -> None:
    assert spread([]) is None
    assert spread(HUNDRED) == Spread(100, 50.5, 95, 99)
    assert spread([3.0, 1.0]) == Spread(2, 2.0, 3.0, 3.0)


def findings() -> Findings:
    return Findings(
        voice=[500.0, 700.0],
        cut=[840.4],
        late=[0.5],
        cut_off={1200: Tally(0, 3), 700: Tally(2, 3)},
        false_cut={"cough": Tally(1, 2)},
        spoken=Tally(5, 6),
        errors=["no engine", "no engine"],
        refused=["server_full"],
    )


def test_the_table_shows_what_was_measured_and_what_was_not() -> None:
    shown = table(findings()).splitlines()
    assert "| voice-to-voice, first audio | 2 | 600 ms | 700 ms | 700 ms |" in shown
    assert "| barge-in, tutor silent | 1 | 840 ms | 840 ms | 840 ms |" in shown
    assert "| barge-in, tutor quieter | 0 | - | - | - |" in shown
    assert "| turns spoken | 5 of 6 planned |" in shown
    assert "| cut off in a pause of 700 ms | 2 of 3 |" in shown
    assert "| silenced by a cough | 1 of 2 |" in shown
    assert "| interruptions missed | not tried |" in shown
    assert "- error (2): no engine" in shown
    assert "- refused (1): server_full" in shown
    assert shown.index("| cut off in a pause of 700 ms | 2 of 3 |") + 1 == shown.index(
        "| cut off in a pause of 1200 ms | 0 of 3 |"
    )


def test_learners_who_were_late_themselves_say_so() -> None:
    found = findings()
    assert for_programs(found)["valid"]
    assert "late (" not in table(found)
    found.late = [LATE_MS + 1]
    assert not for_programs(found)["valid"]
    assert "The learners themselves were late (11 ms)" in table(found)


def test_programs_get_every_value() -> None:
    told = json.loads(json.dumps(for_programs(findings())))
    voice = told["delays_ms"]["voice-to-voice, first audio"]
    assert voice == {"n": 2, "median": 600.0, "p95": 700.0, "p99": 700.0, "values": [500.0, 700.0]}
    assert told["counts"]["cut off in a pause of 700 ms"] == {"count": 2, "of": 3}
    assert told["totals"]["errors"] == 2
    assert "barge-in, tutor quieter" not in told["delays_ms"]


def test_the_picture_has_a_dot_for_each_value_and_a_mark_for_each_figure() -> None:
    root = ET.fromstring(svg({"one": [100.0, 200.0, 400.0], "none": [], "two": [50.0]}))
    name = "{http://www.w3.org/2000/svg}"
    dots = [float(dot.attrib["cx"]) for dot in root.iter(f"{name}circle")]
    assert len(dots) == 4
    assert dots[1] - dots[0] == pytest.approx((dots[2] - dots[0]) / 3, abs=0.2), "to scale"
    lines = [line for line in root.iter(f"{name}line") if line.attrib["class"] == "mark"]
    assert [float(line.attrib["x1"]) for line in lines[:3]] == [dots[1], dots[2], dots[2]]
    marks = [title.text for title in root.iter(f"{name}title")]
    assert marks[:3] == ["median 200 ms", "p95 400 ms", "p99 400 ms"]
    texts = [text.text for text in root.iter(f"{name}text")]
    assert "two" in texts
    assert "none" not in texts


def test_a_picture_of_nothing_is_one() -> None:
    ET.fromstring(svg(delays(Findings())))
