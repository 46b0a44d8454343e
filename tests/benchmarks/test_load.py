"""`python -m benchmarks.load`: a small run of it is whole, whatever its figures are here."""

import json
import subprocess
import sys


def test_a_small_run_of_it() -> None:
    command = [sys.executable, "-m", "benchmarks.load", "--sessions", "2", "--seconds", "0.5", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    run = json.loads(said.stdout)
    assert set(run["cpu_ms"]) == {"silent", "speaking", "listening"}
    assert all(ms > 0 for ms in run["cpu_ms"].values())
    assert run["idle_mb"] > 0
    (load,) = run["loads"]
    assert load["sessions"] == 2
    assert load["turns"] >= 10
    assert load["faults"] == 0
    # No answer comes before the frame that ended its turn, nor without the engines' time.
    assert 0 < load["delay_median"] < load["voice_median"]
