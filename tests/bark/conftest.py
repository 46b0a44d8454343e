"""One tiny Bark for all tests, ours and the original's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gpu.bark.weights import Bark
from tests.bark import reference, tiny

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As transformers writes it."""
    return tiny.make_bark(tmp_path_factory.mktemp("bark"))


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as the original writes them."""
    made = tiny.write_checkpoints(tmp_path_factory.mktemp("checkpoints"), tiny.make_model())
    tiny.write_vocabulary(made)
    return made


@pytest.fixture(scope="session")
def bark(folder: Path) -> Bark:
    return Bark.load(folder, slots=8)


@pytest.fixture(scope="session")
def original(folder: Path, checkpoints: Path) -> None:
    reference.load(checkpoints, reference.tokenizer_of(folder))


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield
