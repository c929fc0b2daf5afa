"""How a judge gets at the rows of simulated systems, and at what is in them."""

from __future__ import annotations

import json
import urllib.request
from collections import defaultdict
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Sets = dict[str, list[Row]]
CUT_OVER = "2026-01-01"
MINOR = {"JPY": Decimal(1), "KWD": Decimal("0.001"), "BHD": Decimal("0.001")}


def fetch(url: str) -> Sets:
    """All rows that a simulator holds, by set."""
    with urllib.request.urlopen(f"{url}/_control/state", timeout=60) as answer:
        sets: Sets = json.load(answer)["sets"]
        return sets


def amount(value: Any) -> Decimal:
    """`EUR;12.35`, `12.35`, 12.35 or nothing, so that equal amounts are equal."""
    return Decimal(str(value or "0").rpartition(";")[2] or "0").normalize()


def minor(currency: str, lines: int) -> Decimal:
    """By how much a header may differ from the sum of so many lines."""
    return MINOR.get(currency, Decimal("0.01")) * lines


def grouped(rows: list[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some columns."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found
