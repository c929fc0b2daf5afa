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
WIDEST = 34
"""Characters of a value beside others."""
NAME_WIDTH = 30

_MONEY = re.compile(r"([A-Z]{3});(-?\d+(?:\.\d+)?)")
_AMOUNT = re.compile(r"(?i)(^|_)(net|tax|gross|total)$|amount|amt|price")
_OTHER_CURRENCY = re.compile(r"(?i)dom|local|base|group")
_CURRENCY = re.compile(r"(?i)^currency(_?code)?$")


def sections(document: Json, title: str) -> dict[str, list[Json]]:
    """A nested document as rows by section: its own fields under `title`, each list or mapping in it on its own."""
    found: dict[str, list[Json]] = {title: [{}]}
    for name, value in document.items():
        if isinstance(value, dict):
            found[name] = [value]
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            found[name] = value
        else:
            found[title][0][name] = value
    return {name: rows for name, rows in found.items() if any(rows)}


def payload_table(title: str, rows: list[Json], width: int, currency: str = "") -> Iterator[Table]:
    """As many tables as the width asks for; fields that are empty in every row are left out."""
    from rich.table import Table

    shown = rows[:SHOWN]
    names = [name for name in _names(shown) if any(row.get(name) not in (None, "", [], {}) for row in shown)]
    columns = [[value_text(name, row.get(name), currency) for name in names] for row in shown]
    for part in _fitting(columns, width - NAME_WIDTH):
        made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1), title_justify="left")
        made.add_column(style="dim", max_width=NAME_WIDTH, overflow="fold")
        for _ in part:
            made.add_column(max_width=None if len(part) == 1 else WIDEST, overflow="fold")
        made.add_row(f"    [not dim bold]{escape(title)}[/]", *([""] * len(part)))
        for index, name in enumerate(names):
            made.add_row(f"    {escape(name)}", *(escape(column[index]) for column in part))
        yield made
    if len(rows) > SHOWN:
        yield _more(len(rows) - SHOWN)


def _fitting(columns: list[list[str]], room: int) -> Iterator[list[list[str]]]:
    """The columns in groups, each as many as stand side by side."""
    group: list[list[str]] = []
    used = 0
    for column in columns:
        needed = min(WIDEST, max((len(text) for text in column), default=0)) + 2
        if group and used + needed > room:
            yield group
            group, used = [], 0
        group.append(column)
        used += needed
    if group:
        yield group


def _more(count: int) -> Table:
    from rich.table import Table

    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_row(f"    and {words.number(count)} more; --json shows all")
    return made


def _names(rows: list[Json]) -> list[str]:
    found = dict.fromkeys(name for row in rows for name in row)
    return [name for name in found if not name.startswith(("@", "odata"))]


def value_text(name: str, value: Any, currency: str = "") -> str:
    """A value for people: amounts with separators and currency, yes and no, references by what they show."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("display_value") or value.get("value") or value)
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(value_text(name, each) for each in value if each not in (None, "")))
    text = str(value)
    if money := _MONEY.fullmatch(text):
        return words.amount(Decimal(money.group(2)), money.group(1))
    if _AMOUNT.search(name) and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return words.amount(Decimal(text), "" if _OTHER_CURRENCY.search(name) else currency)
    return text


def currency_of(found: dict[str, list[Json]]) -> str:
    """The currency that the rows name, if it is one; else ""."""
    named = {str(v) for rows in found.values() for row in rows for k, v in row.items() if _CURRENCY.match(k) and v}
    return named.pop() if len(named) == 1 else ""
