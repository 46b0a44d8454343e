"""What this machine is and has: facts, gathered once at the start, judged elsewhere."""

import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import pynvml  # pyright: ignore[reportMissingTypeStubs]

from realtime.settings import Settings
from realtime.setup import models
from realtime.setup.memory import Capability

nvml: Any = pynvml  # it has no types

CHAT_MODELS = (models.LLAMA, models.LLAMA_8_BIT, models.LLAMA_4_BIT, models.UNGATED, models.UNGATED_4_BIT)
WHISPER_MODELS = ("small", "large-v3-turbo")
BARK_MODELS = ("bark", "bark-small")


@dataclass(frozen=True, slots=True)
class Gpu:
    """Memory in GB of 1e9 bytes."""

    name: str
    memory_gb: float
    free_gb: float
    capability: Capability


@dataclass(frozen=True, slots=True)
class Driver:
    """`cuda`: the newest CUDA that programs for it may be built with."""

    version: str
    cuda: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Machine:
    """`pulled` names the repositories and folders that are whole; `cublas` and `vllm` are versions."""

    gpus: tuple[Gpu, ...] = ()
    driver: Driver | None = None
    cores: int = 1
    memory_gb: float = 0.0
    disk_free_gb: float = 0.0  # where models go
    cublas: str | None = None  # of CUDA 12, as pip installs it
    vllm_python: Path | None = None
    bark_python: Path | None = None  # of an environment for Bark on processors
    vllm: str | None = None
    pulled: frozenset[str] = frozenset()


def look(settings: Settings) -> Machine:
    python, of_bark = settings.vllm.python or beside(".venv-vllm"), beside(".venv-bark")
    driver, gpus = graphics(os.environ.get("CUDA_VISIBLE_DEVICES"))
    return Machine(
        gpus=gpus,
        driver=driver,
        cores=os.cpu_count() or 1,
        memory_gb=psutil.virtual_memory().total / 1e9,
        disk_free_gb=free_gb(models.cache_folder()),
        cublas=installed("nvidia-cublas-cu12"),
        vllm_python=python if python.is_file() else None,
        bark_python=of_bark if of_bark.is_file() else None,
        vllm=vllm_of(python),
        pulled=_pulled(settings),
    )


def graphics(visible: str | None) -> tuple[Driver | None, tuple[Gpu, ...]]:
    """The driver and its cards, of which `visible` names those to be used; nothing where none answers."""
    with suppress(pynvml.NVMLError), _nvml():
        cuda: int = nvml.nvmlSystemGetCudaDriverVersion()
        driver = Driver(nvml.nvmlSystemGetDriverVersion(), (cuda // 1000, cuda % 1000 // 10))
        return driver, tuple(_gpu(at) for at in chosen(nvml.nvmlDeviceGetCount(), visible))
    return None, ()


@contextmanager
def _nvml() -> Generator[None]:
    nvml.nvmlInit()
    try:
        yield
    finally:
        nvml.nvmlShutdown()


def chosen(count: int, visible: str | None) -> list[int]:
    """The cards that CUDA_VISIBLE_DEVICES leaves, by number: up to the first that is not there.

    One that names cards otherwise (by UUID) is not read: then all of them count.
    """
    numbers = [number.strip() for number in (visible or "").split(",")]
    if visible is None or not all(number.lstrip("-").isdecimal() for number in numbers if number):
        return list(range(count))
    there = [bool(number) and 0 <= int(number) < count for number in numbers]
    return [int(number) for number in numbers[: [*there, False].index(False)]]


def beside(environment: str) -> Path:
    """The Python of another environment, which lies beside the one that this program runs in."""
    return Path(sys.prefix).parent / environment / "bin" / "python"


def vllm_of(python: Path) -> str | None:
    """vLLM's version in that Python's environment. Its build for processors is another package."""
    found = sorted(python.parent.parent.glob("lib/python3*/site-packages/vllm-*.dist-info"))
    return found[-1].name.removeprefix("vllm-").removesuffix(".dist-info") if found else None


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def free_gb(folder: Path) -> float:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free / 1e9


def _gpu(at: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(at)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        name=nvml.nvmlDeviceGetName(handle),
        memory_gb=memory.total / 1e9,
        free_gb=memory.free / 1e9,
        capability=nvml.nvmlDeviceGetCudaComputeCapability(handle),
    )


def _pulled(settings: Settings) -> frozenset[str]:
    whisper = {*WHISPER_MODELS, settings.whisper.model or WHISPER_MODELS[0]}
    chat = {*CHAT_MODELS, settings.vllm.model}
    speaks = {*BARK_MODELS, str(settings.bark.model or BARK_MODELS[0])}
    return frozenset(
        {name for name in whisper if _is_here(name, models.whisper)}
        | {name for name in chat if _is_here(name, models.chat)}
        | {name for name in speaks if _is_here(name, models.bark)}
    )


def _is_here(name: str, model: Callable[[str], models.Model]) -> bool:
    return Path(name).is_dir() or models.is_pulled(model(name))
