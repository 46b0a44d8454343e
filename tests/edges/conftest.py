"""One real server, with its real speech server, for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.serving import Served, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with serving(TUTOR_LIMITS__SEND_S="1") as served:
        yield served
