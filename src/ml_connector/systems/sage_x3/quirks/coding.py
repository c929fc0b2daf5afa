"""Accounts and cost centers of invoice lines that name none, from the entry that was posted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ml_connector.systems.sage_x3.quirks.rows import Knowledge, Row, account_of, amount, cost_center_of, menu, present


def code_by_entry(lines: list[Row], head: Row, entries: Sequence[Row], knowledge: Knowledge) -> None:
    """Accounts and cost centers from the posted entry: lines of the same amount, or what all lines share.

    A discount may be as large as a cost, a tax as large as a line: the side (SNS) tells them apart, then the center.
    Lines of the supplier's own account and of taxes match no line of the invoice. What fits in no clear way stays
    uncoded, and the record is rejected with that reason instead of being coded by guess.
    """
    postings = [each for entry in entries for each in _postings(entry, head, knowledge)]
    free = sorted(postings, key=lambda each: each["center"] is None)
    pairs: list[Row | None] = []
    for line in lines:
        net = line["net"]
        fitting = [each for each in free if net is not None and abs(each["size"]) == abs(net)]
        match = next((each for each in fitting if each["size"] == net), fitting[0] if fitting else None)
        if match is not None:
            free.remove(match)
        pairs.append(match)
    if any(pair is None for pair in pairs):
        centered = [each for each in postings if each["center"] is not None]
        kinds = {(each["account"], each["center"]) for each in centered}
        pairs = [centered[0] if len(kinds) == 1 else None] * len(lines)
    for line, pair in zip(lines, pairs, strict=True):
        if pair is not None:
            line["account"] = line["account"] or pair["account"]
            line["center"] = line["center"] or pair["center"]


def _postings(entry: Row, head: Row, knowledge: Knowledge) -> list[Row]:
    """The lines of an entry that may stand for lines of the invoice, split by their analytics."""
    found = []
    all_splits = entry.get("GACCENTRYA") or []
    for line in entry.get("GACCENTRYD") or ():
        if menu(line.get("LEDTYP"), 1) != 1 or (line.get("BPR") and line.get("BPR") == head.get("BPR")):
            continue
        if line.get("ACC") in (None, "", head.get("BPRSAC")):
            continue
        for row, size in _posting_parts(line, all_splits):
            merged = {**line, **present(row, ("DIE", "CCE"))}
            account, center = account_of(line, knowledge), cost_center_of(merged, knowledge)
            debit = menu(line.get("SNS"), 1) >= 0
            found.append({"size": size if debit else -size, "account": account, "center": center})
    return found


def _posting_parts(line: Row, all_splits: Sequence[Row]) -> list[tuple[Row, Decimal]]:
    """A posting's analytic splits with their amounts, or the posting itself."""
    splits = line.get("GACCENTRYA") or [
        each
        for each in all_splits
        if each.get("LIN") == line.get("LIN") and menu(each.get("LEDTYP"), 1) == menu(line.get("LEDTYP"), 1)
    ]
    whole = amount(line, "AMTCUR") or Decimal(0)
    if len(splits) < 2:
        return [(splits[0] if splits else {}, whole)]
    return [(each, amount(each, "AMTCUR") or Decimal(0)) for each in splits]
