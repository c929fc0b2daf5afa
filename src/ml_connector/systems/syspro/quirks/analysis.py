"""Cost centers that an analysis entry splits lines over."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from ml_connector.records import Reference
from ml_connector.systems.syspro.quirks.references import Document, Knowledge, refer
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import Values, amount, words

ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
Shares = dict[Reference, Decimal]


def shares_of(document: Document, lines: list[dict[str, Any]], knowledge: Knowledge) -> dict[int, Shares]:
    """By line the cost centers that bear it, each with its weight.

    An entry without a split counts whole, whatever its value says. Where several lines share an entry whose values are
    theirs, each line has its own; otherwise every line is split alike (FACTS 28).
    """
    by_place = {tuple(words(row, name) for name in ENTRY): row for row in document["entries"]}
    sharing: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(lines):
        if words(row, "ExpenseType") not in knowledge["tax_types"]:
            place = tuple(words(row, name) for name in ENTRY)
            entry = amount(row, "AnalysisEntry") or amount(by_place.get(place, {}), "AnalysisEntry")
            if entry:
                sharing[key_text(entry)].append(index)
    found: dict[int, Shares] = {}
    for name, indexes in sharing.items():
        centers = centers_of(
            [row for row in document["analysis"] if words(row, "AnalysisEntry") == name], lines, knowledge
        )
        own = [amount(lines[index], "DistrValue") for index in indexes]
        if len(indexes) > 1 and Counter(own) == Counter(value for _, value in centers):
            left = list(centers)
            for index, value in zip(indexes, own, strict=True):
                at = next(at for at, (_, each) in enumerate(left) if each == value)
                found[index] = {left.pop(at)[0]: Decimal(1)}
            continue
        weights: Shares = defaultdict(Decimal)
        for center, value in centers:
            weights[center] += value
        for index in indexes:
            found[index] = dict(weights)
    return found


def centers_of(
    rows: list[dict[str, Any]], lines: list[dict[str, Any]], knowledge: Knowledge
) -> list[tuple[Reference, Decimal]]:
    """Cost center and value of the rows of one analysis entry; of the line's own period where numbers repeat."""
    periods = {(words(line, "TrnYear"), words(line, "TrnMonth")) for line in lines}
    same = [row for row in rows if (words(row, "GlYear"), words(row, "GlPeriod")) in periods]
    found = []
    for row in same or rows:
        center = _center(row, knowledge)
        if center is not None:
            found.append((center, amount(row, "EntryValue")))
    return found


def _center(row: Values, knowledge: Knowledge) -> Reference | None:
    """The analysis code that stands for the cost center: of the type that is set, else the first given."""
    category = key_text(row.get("AnalysisCategory"))
    if knowledge["category"] and category.strip() != knowledge["category"]:
        return None
    for kind in (knowledge["type"],) if knowledge["type"] else range(1, 6):
        code = key_text(row.get(f"AnalysisCode{kind}"))
        if code.strip():
            return refer(knowledge["company"], category, str(kind), code)
    return None
