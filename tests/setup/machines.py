"""Machines to choose a profile for."""

from dataclasses import replace
from pathlib import Path

from realtime.setup.machine import Driver, Gpu, Machine
from realtime.setup.models import LLAMA, LLAMA_4_BIT

BARE = Machine(cores=4, memory_gb=16, disk_free_gb=200)
LAPTOP = replace(BARE, pulled=frozenset({"small"}))

L4 = Gpu("NVIDIA L4", memory_gb=24.1, free_gb=24.0, capability=(8, 9))
H100 = Gpu("NVIDIA H100 80GB HBM3", memory_gb=85.5, free_gb=84.9, capability=(9, 0))
GPU_BOX = replace(
    BARE,
    gpus=(L4,),
    driver=Driver("580.95.05", (13, 0)),
    cublas="12.9.1.4",
    vllm_python=Path("/srv/atom/.venv-vllm/bin/python"),
    vllm="0.32.0",
    pulled=frozenset({"small", "large-v3-turbo", LLAMA_4_BIT, LLAMA}),
)
BARK_BOX = replace(GPU_BOX, pulled=GPU_BOX.pulled | {"bark"})


def with_card(card: Gpu) -> Machine:
    return replace(GPU_BOX, gpus=(card,))
