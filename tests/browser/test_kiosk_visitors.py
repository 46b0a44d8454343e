"""The benchmark's visitors of the kiosk, one of each kind: none finds it stuck, none goes ungreeted."""

from benchmarks.kiosk import KINDS, opened, receive, sees_a_restart
from tests.clients.stage import scripted_engines


def test_visitors_of_all_kinds_one_after_another() -> None:
    """One of them sees the server started anew, another the network cut."""
    with (
        scripted_engines("--word-ms", "60") as url,
        opened("--speech-url", url, "--transcription-url", url) as (hall, told),
    ):
        told["idle_s"] = 1.0
        visits = receive(hall, told, len(KINDS)).visits
        counted = hall.page.evaluate(
            """async () => (await fetch("/v1/kiosk/health")).text()""",
        )
    assert {visit.kind for visit in visits} == {kind.__name__ for kind in (*KINDS, sees_a_restart)}
    assert all(visit.greeted_ms > 0 for visit in visits)
    assert counted.startswith("OK"), counted
