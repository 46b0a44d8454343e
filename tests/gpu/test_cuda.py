"""cuBLAS out of pip's wheel."""

import shutil
from pathlib import Path

import ctranslate2
import pytest

from gpu.cuda import LIBRARIES, load_cublas


def test_without_the_wheel_the_system_may_have_its_own() -> None:
    assert not load_cublas("no-such-wheel")


def test_the_wheels_libraries_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any library does: this machine need have none of CUDA's."""
    (some_library, *_) = Path(ctranslate2.__file__).parents[1].glob("ctranslate2.libs/libgomp*")
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    for name in LIBRARIES:
        shutil.copy(some_library, folder / name)
    wheel = tmp_path / "some_cublas-12.dist-info"
    wheel.mkdir()
    wheel.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: some-cublas\nVersion: 12\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_cublas("some-cublas")
    opened = Path("/proc/self/maps").read_text()
    assert [name for name in LIBRARIES if str(folder / name) not in opened] == []
