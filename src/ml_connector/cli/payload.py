"""Rows of a system as small tables: a column a row, so that many fields and few lines fit a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from ml_connector.cli import words

if TYPE_CHECKING:
    from rich.table import Table

Json = dict[str, Any]

SHOWN = 12
"""Rows; --json shows all."""
VALUE_WIDTH = 24
NAME_WIDTH = 30

_MONEY = re.compile(r"([A-Z]{3});(-?\d+(?:\.\d+)?)")
_AMOUNT_NAME = re.compile(r"(?i)(amount|price|cost|total|value|sum)")


def payload_table(title: str, rows: list[Json], width: int) -> Iterator[Table]:
    """As many tables as the width asks for; fields that are empty in every row are left out."""
    from rich.table import Table

    shown = rows[:SHOWN]
    names = [name for name in _names(shown) if any(row.get(name) not in (None, "", [], {}) for row in shown)]
    at_once = max(1, (width - NAME_WIDTH - 4) // (VALUE_WIDTH + 2))
    for start in range(0, len(shown), at_once):
        part = shown[start : start + at_once]
        made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1), title_justify="left")
        made.add_column(style="dim", max_width=NAME_WIDTH, overflow="fold")
        for _ in part:
            made.add_column(max_width=None if len(part) == 1 else VALUE_WIDTH, overflow="fold")
        made.add_row(f"    [not dim bold]{escape(title)}[/]", *([""] * len(part)))
        for name in names:
            made.add_row(f"    {escape(name)}", *(escape(value_text(name, row.get(name))) for row in part))
        yield made
    if len(rows) > SHOWN:
        yield _more(len(rows) - SHOWN)


def _more(count: int) -> Table:
    from rich.table import Table

    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_row(f"    and {words.number(count)} more; --json shows all")
    return made


def _names(rows: list[Json]) -> list[str]:
    found = dict.fromkeys(name for row in rows for name in row)
    return [name for name in found if not name.startswith(("@", "odata"))]


def value_text(name: str, value: Any) -> str:
    """A value for people: amounts with separators and currency, yes and no, references by what they show."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("display_value") or value.get("value") or value)
    text = str(value)
    if money := _MONEY.fullmatch(text):
        return words.amount(Decimal(money.group(2)), money.group(1))
    if _AMOUNT_NAME.search(name) and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return words.amount(Decimal(text))
    return text
