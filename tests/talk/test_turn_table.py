"""docs/turn.md and the tests of the turn stay in step."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "turn.md"
TESTS = Path(__file__).with_name("test_turn.py")


def test_every_row_names_a_test_and_every_test_has_its_row() -> None:
    rows = re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8"))
    tests = re.findall(r"^def (test_\w+)", TESTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(tests)


def test_every_row_has_all_its_columns() -> None:
    tables = re.split(r"\n\n", DOCUMENT.read_text(encoding="utf-8"))
    for table in (table.splitlines() for table in tables if table.startswith("|")):
        assert len({row.count("|") for row in table}) == 1, table[0]
