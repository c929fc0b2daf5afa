"""Postings: a line of an entry under the entry's head."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ml_connector.mappings import decimal, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import join_key
from ml_connector.systems.sage_x3.quirks.rows import Knowledge, Row, account_of, amount, cost_center_of, first, menu


def prepared_posting(document: Row, knowledge: Knowledge) -> Row:
    """A line of an entry over the entry's head."""
    head: Row = document["head"]
    line: Row = document["lines"][0]
    splits = line.get("GACCENTRYA") or document.get("splits") or []
    centers = {cost_center_of(each, knowledge) for each in splits} or {cost_center_of(line, knowledge)}
    return {
        **head,
        "line": line,
        "account": account_of(line, knowledge),
        "center": centers.pop() if len(centers) == 1 else None,
    }


def posting_amount(row: Any, env: Env) -> Decimal:
    """Amounts are unsigned; SNS is 1 for debit and -1 for credit (FACTS 27)."""
    line = row["line"]
    size = amount(line, "AMTCUR")
    if size is None:
        raise MissingError("AMTCUR is empty.", fix="Report it: X3 gives every posting an amount.")
    return decimal(size * (-1 if menu(line.get("SNS"), 1) < 0 else 1))


def posting_text(row: Any, env: Env) -> str:
    return first(row["line"], "DES") or text(row.get("DESVCR") or "")


def of_line(name: str) -> Callable[[Any, Env], str]:
    def read(row: Any, env: Env) -> str:
        value = row["line"].get(name)
        return "" if value is None else text(value)

    read.__qualname__ = f"of_line.{name}"
    return read


def period(row: Any, env: Env) -> str:
    year, number = row.get("FIY"), row.get("PER")
    return "/".join(text(each) for each in (year, number) if each not in (None, ""))


def posting_key(row: Any, env: Env) -> str:
    return join_key(text(row.get("TYP")), text(row.get("NUM")), text(row["line"].get("LIN")))
