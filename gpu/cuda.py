"""CUDA 12's cuBLAS out of pip's wheel: CTranslate2 opens it by its name, which the system does not know."""

import ctypes
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")  # the second needs the first


def load_cublas(package: str = "nvidia-cublas-cu12") -> bool:
    """What is open already is found by its name. False without the wheel: the system may have its own."""
    try:
        folder = distribution(package).locate_file("nvidia/cublas/lib")
    except PackageNotFoundError:
        return False
    for library in LIBRARIES:
        ctypes.CDLL(str(Path(str(folder)) / library), mode=ctypes.RTLD_GLOBAL)
    return True
