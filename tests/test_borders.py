"""The gateway stands without the heavy engines, and the package holds what it needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "vllm", "faster_whisper", "ctranslate2", "pocketsphinx", "espeakng_loader", "gpu")


def test_the_gateway_imports_no_heavy_engine() -> None:
    code = f"import sys, realtime.app; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_wheel_holds_page_and_lessons(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = tmp_path.glob("atom_tutor-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "client_web", "realtime", "gpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    needed = {name for name in tracked.stdout.split() if not name.endswith(".d.ts")}
    assert needed <= packed
