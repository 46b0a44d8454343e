"""What the engines of this folder run on: tiny models, made once for a run of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.vllm import TutorOnVllm, made_llama, tutor_on_vllm


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def tutor(llama: Path) -> Iterator[TutorOnVllm]:
    """One for a module: vLLM takes most of a minute to start."""
    with tutor_on_vllm(llama, window=512) as tutor:
        yield tutor
