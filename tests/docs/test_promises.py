"""docs/promises.md: every promise has a test that exists, or says that it is not yet kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
ROWS = [line.strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and "proved by" not in line]
FLOWS = ("Plex into ServiceNow", "Plex into Procurify", "SYSPRO into ServiceNow", "Sage X3 into ServiceNow")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:60])
def test_promise_is_proved_or_marked(row: list[str]) -> None:
    _, proof = (cell.strip() for cell in row)
    tests = re.findall(r"`([^`]+)`", proof)
    assert tests or proof == "not yet"
    for test in tests:
        file, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.M), test


def test_every_flow_that_was_promised_has_its_table() -> None:
    assert len(ROWS) > 80
    for flow in (*FLOWS, "IFS Cloud into ServiceNow"):
        assert f"## {flow}\n" in PAGE
