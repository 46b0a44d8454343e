"""One server for all the clients of this folder."""

from collections.abc import Iterator

import pytest

from tests.clients.stage import staged
from tests.serving import Served


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with staged() as served:
        yield served
