"""Reads an encoded query into conditions (fact sheet section 2, "Encoded query").

Nothing here knows the tables: whether a condition is valid is decided when it is applied, in search.py.
There is no escape for `^`: what follows one inside a value is read as the next condition.
"""

from __future__ import annotations

import re

import msgspec

CONDITION = re.compile(
    r"(?P<column>[A-Za-z_][A-Za-z0-9_.]*?)"
    r"(?P<operator>NOT IN|NOT LIKE|BETWEEN|STARTSWITH|ENDSWITH|ISNOTEMPTY|ISEMPTY|ANYTHING|LIKE|IN|!=|<=|>=|=|<|>)"
    r"(?P<value>.*)",
    re.DOTALL,
)
VALUELESS = frozenset({"ISEMPTY", "ISNOTEMPTY", "ANYTHING"})


class Condition(msgspec.Struct, frozen=True):
    """One comparison; an operator of the empty text means it could not be read."""

    column: str
    operator: str
    value: str


class Order(msgspec.Struct, frozen=True):
    """A column that rows are sorted by."""

    column: str
    descending: bool


Group = tuple[tuple[Condition, ...], ...]
"""Clauses joined by AND, each of conditions joined by OR."""


class Query(msgspec.Struct, frozen=True):
    """Groups joined by OR (`^NQ`), and how the rows are sorted."""

    groups: tuple[Group, ...]
    order: tuple[Order, ...]


def condition(text: str) -> Condition:
    """Reads one condition, such as `vendor.nameLIKEacme`."""
    match = CONDITION.fullmatch(text)
    if match is None or (match["operator"] in VALUELESS and match["value"]):
        return Condition(text, "", "")
    return Condition(match["column"], match["operator"], match["value"])


def parse(text: str) -> Query:
    """Reads an encoded query; never fails, since the instance never refuses one."""
    groups: list[list[list[Condition]]] = [[]]
    order: list[Order] = []
    for part in text.split("^"):
        if not part or part == "EQ":
            continue
        if part.startswith("ORDERBYDESC"):
            order.append(Order(part.removeprefix("ORDERBYDESC"), True))
        elif part.startswith("ORDERBY"):
            order.append(Order(part.removeprefix("ORDERBY"), False))
        elif part.startswith("OR") and groups[-1]:
            groups[-1][-1].append(condition(part.removeprefix("OR")))
        elif part.startswith("NQ"):
            groups.append([[condition(part.removeprefix("NQ"))]])
        else:
            groups[-1].append([condition(part)])
    return Query(
        tuple(tuple(tuple(clause) for clause in group) for group in groups if group),
        tuple(order),
    )
