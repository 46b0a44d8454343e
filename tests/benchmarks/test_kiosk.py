"""What is wanted of a kiosk, told of figures that are made up."""

import math

from benchmarks.hall import Reading
from benchmarks.kiosk import Figures, Visit, failures, growth_mb


def figures(greeted_ms: float = 100, grown_mb: float = 0, visitors: int = 200, stuck: str = "") -> Figures:
    readings = [Reading(n, 3.0, 150.0, 500 + grown_mb * n) for n in range(10, visitors + 1, 10)]
    return Figures([Visit("answers", greeted_ms)] * visitors, readings, stuck=stuck)


def test_a_kiosk_as_it_should_be_fails_in_nothing() -> None:
    assert list(failures(figures())) == []


def test_each_thing_that_is_wanted_is_missed() -> None:
    assert list(failures(figures(stuck="visitor 3: not at attract"))) == [
        "stuck at visitor 3: not at attract"
    ]
    late = figures()
    late.visits[4] = Visit("is_silent", 1001)
    assert list(failures(late)) == ["visitor 5 (is_silent) was greeted after 1001 ms"]
    assert list(failures(figures(401))) == ["from touch to first sound the p95 is 401 ms"]
    assert list(failures(figures(grown_mb=0.06))) == ["server_mb grows by 0.060 for each visitor"]


def test_growth_is_told_of_warm_readings_and_only_where_there_are_enough() -> None:
    assert growth_mb(figures(visitors=110).readings, "server_mb") is None
    early = [Reading(10, 1.0, 150.0, 0.0), *figures(grown_mb=0.02).readings]
    grown = growth_mb(early, "engines_mb")
    assert grown is not None
    assert math.isclose(grown, 0.02, abs_tol=1e-9)
