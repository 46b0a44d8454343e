"""The benchmark's visitors of the kiosk, of each kind: none finds it stuck, none goes ungreeted."""

from benchmarks.hall import opened
from benchmarks.kiosk import Figures, receive
from benchmarks.visitors import FEW, KINDS, MANY, sees_a_restart, stays_long
from tests.clients.stage import scripted_engines


def test_visitors_of_all_kinds_one_after_another() -> None:
    """One of them sees the server started anew, another the network cut."""
    figures = Figures()
    with (
        scripted_engines("--word-ms", "60") as url,
        opened("--speech-url", url, "--transcription-url", url) as hall,
    ):
        hall.told["idle_s"] = 1.0
        receive(hall, len(KINDS), figures)  # raises Stuck
        compared = hall.conversation(FEW)
        counted = hall.page.evaluate(
            """async () => (await fetch("/v1/kiosk/health")).text()""",
        )
    visits = figures.visits
    assert len(visits) == len(KINDS)
    assert {visit.kind for visit in visits} == {kind.__name__ for kind in (*KINDS, sees_a_restart)}
    assert all(visit.greeted_ms > 0 for visit in visits)
    [long] = [visit.replies_ms for visit in visits if visit.kind == stays_long.__name__]
    assert (len(long), len(compared)) == (MANY, FEW)
    assert min(*long, *compared) > 0
    [reading] = figures.readings
    assert min(reading.heap_mb, reading.gateway_mb) > 0
    assert counted.startswith("OK"), counted
