"""Answers an encoded query from the tables (fact sheet section 2).

An invalid condition, on a column that is absent or with an operator that cannot be read, is dropped: the rows
come as if it were not there. With `invalid_query_returns_no_rows` there are no rows instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from .columns import NUMERIC_KINDS, Column, amount_of, parsed
from .query import Condition, Group, Query
from .switches import Switches
from .tables import Predicate, Row, Table, Tables

Reader = Callable[[Row], str]

DATE_GENERATE = re.compile(r"javascript:gs\.dateGenerate\('(\d{4}-\d\d-\d\d)',\s*'(\d\d:\d\d:\d\d)'\)")
DAYS_AGO = re.compile(r"javascript:gs\.daysAgo(Start|End)\((\d+)\)")


class InvalidConditionError(Exception):
    """A condition that the instance drops without a word."""


class Path(NamedTuple):
    """How a possibly dot-walked column is read from a row, and the column at its end."""

    column: Column
    read: Reader
    direct: bool


class Search:
    """Applies queries to the tables of an instance at one moment."""

    def __init__(self, tables: Tables, switches: Switches, now: datetime) -> None:
        self.tables = tables
        self.switches = switches
        self.now = now

    def rows(self, table: Table, query: Query) -> list[Row]:
        """Returns all rows that match, sorted as asked; unsorted rows come in order of insertion."""
        try:
            groups = [self._group(table, group) for group in query.groups]
        except InvalidConditionError:
            return []
        found = self._matching(table, [group for group in groups if group])
        if len(found) > 1:
            self._sort(table, query, found)
        return found

    def path(self, table: Table, name: str) -> Path | None:
        """Resolves a column or a dot-walk such as `vendor.name`; None where a part of it is not there."""
        first, dot, rest = name.partition(".")
        column = table.columns.get(first)
        if column is None or first in table.hidden_columns:
            return None
        if not dot:
            return Path(column, lambda row: row.get(first, ""), True)
        target = self.tables.get(column.reference)
        inner = self.path(target, rest) if target is not None else None
        if target is None or inner is None:
            return None
        rows, read = target.rows, inner.read

        def walk(row: Row) -> str:
            referenced = rows.get(row.get(first, ""))
            return "" if referenced is None else read(referenced)

        return Path(inner.column, walk, False)

    def display(self, table: Table, name: str, row: Row) -> str:
        """Returns what a person sees in a column: of a reference, the display value of its target."""
        column = table.columns[name]
        value = row.get(name, "")
        target = self.tables.get(column.reference)
        if target is None or not value:
            return value
        referenced = target.rows.get(value)
        return "" if referenced is None else target.display(referenced)

    def _matching(self, table: Table, groups: list[_Group]) -> list[Row]:
        if not groups:
            return list(table.rows.values())
        if len(groups) == 1:
            return groups[0].rows(table)
        found: dict[str, Row] = {}
        for group in groups:
            found.update((row["sys_id"], row) for row in group.rows(table))
        return list(found.values())

    def _group(self, table: Table, group: Group) -> _Group | None:
        """Compiles a group; None where every one of its conditions was dropped."""
        clauses = []
        indexed: list[Condition] | None = None
        for clause in group:
            valid = []
            for one in clause:
                try:
                    valid.append((one, self._predicate(table, one)))
                except InvalidConditionError:
                    if self.switches.invalid_query_returns_no_rows:
                        raise
            if not valid:
                continue
            if indexed is None and all(_by_index(table, one) for one, _ in valid):
                indexed = [one for one, _ in valid]
            clauses.append(_any([predicate for _, predicate in valid]))
        return _Group(clauses, indexed) if clauses else None

    def _predicate(self, table: Table, one: Condition) -> Predicate:
        path = self.path(table, one.column)
        if path is None or not one.operator:
            raise InvalidConditionError
        value = self._value(one.value)
        column = path.column
        read = path.read
        if path.direct and column.reference and one.operator in _DISPLAY_OPERATORS:

            def read(row: Row) -> str:
                return self.display(table, column.name, row)

        return _compare(read, column, one.operator, value, self.switches.equals_ignores_case)

    def _value(self, value: str) -> str:
        """Evaluates the three scripts that the simulator knows; another makes the condition invalid."""
        if not value.startswith("javascript:"):
            return value
        zone = ZoneInfo(self.switches.user_time_zone)
        if match := DATE_GENERATE.fullmatch(value):
            local = datetime.fromisoformat(f"{match[1]} {match[2]}").replace(tzinfo=zone)
        elif match := DAYS_AGO.fullmatch(value):
            day = self.now.astimezone(zone) - timedelta(days=int(match[2]))
            end = match[1] == "End"
            local = day.replace(hour=23, minute=59, second=59) if end else day.replace(hour=0, minute=0, second=0)
        else:
            raise InvalidConditionError
        return local.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def _sort(self, table: Table, query: Query, rows: list[Row]) -> None:
        for order in reversed(query.order):
            path = self.path(table, order.column)
            if path is not None:
                rows.sort(key=_sort_key(self, table, path), reverse=order.descending)


class _Group:
    """A compiled group: all clauses must hold; one of them may name its rows through an index."""

    def __init__(self, clauses: list[Predicate], indexed: list[Condition] | None) -> None:
        self.clauses = clauses
        self.indexed = indexed

    def rows(self, table: Table) -> list[Row]:
        """Returns the rows of the table that fulfil every clause."""
        rows: Iterable[Row] = table.rows.values()
        if self.indexed is not None:
            rows = _from_index(table, self.indexed)
        if len(self.clauses) == 1:
            return list(filter(self.clauses[0], rows))
        if len(self.clauses) == 2:
            first, second = self.clauses
            return [row for row in rows if first(row) and second(row)]
        return [row for row in rows if all(clause(row) for clause in self.clauses)]


def _any(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: any(predicate(row) for predicate in predicates)


def _by_index(table: Table, one: Condition) -> bool:
    return one.operator in ("=", "IN") and one.value != "" and table.is_indexed(one.column)


def _from_index(table: Table, conditions: list[Condition]) -> Iterable[Row]:
    found: dict[str, Row] = {}
    for one in conditions:
        for value in one.value.split(",") if one.operator == "IN" else (one.value,):
            found.update((row["sys_id"], row) for row in table.having(one.column, value))
    return found.values()


_DISPLAY_OPERATORS = frozenset({"LIKE", "NOT LIKE", "STARTSWITH", "ENDSWITH"})


def _number(text: str) -> Decimal | None:
    return parsed(text.rpartition(";")[2]) if text else None


def _compare(read: Reader, column: Column, operator: str, value: str, ignores_case: bool) -> Predicate:
    match operator:
        case "ANYTHING":
            return lambda row: True
        case "ISEMPTY":
            return lambda row: not read(row)
        case "ISNOTEMPTY":
            return lambda row: bool(read(row))
        case "LIKE" | "NOT LIKE" | "STARTSWITH" | "ENDSWITH":
            return _text_match(read, operator, value.casefold())
        case "IN" | "NOT IN":
            wanted = {_form(column, one, ignores_case) for one in value.split(",")}
            if operator == "IN":
                return lambda row: _form(column, read(row), ignores_case) in wanted
            return lambda row: _form(column, read(row), ignores_case) not in wanted
        case "BETWEEN":
            low, at, high = value.partition("@")
            if not at:
                raise InvalidConditionError
            return _between(read, column, low, high)
        case "=" | "!=":
            equal = _form(column, value, ignores_case)
            if operator == "=" and ignores_case and column.kind not in NUMERIC_KINDS:
                return lambda row: read(row).casefold() == equal
            if operator == "=":
                return lambda row: _form(column, read(row), ignores_case) == equal
            return lambda row: _form(column, read(row), ignores_case) != equal
    return _ordering(read, column, operator, value)


def _form(column: Column, text: str, ignores_case: bool) -> Any:
    if column.kind in NUMERIC_KINDS:
        return _number(text)
    return text.casefold() if ignores_case else text


def _text_match(read: Reader, operator: str, value: str) -> Predicate:
    match operator:
        case "LIKE":
            return lambda row: value in read(row).casefold()
        case "NOT LIKE":
            return lambda row: value not in read(row).casefold()
        case "STARTSWITH":
            return lambda row: read(row).casefold().startswith(value)
    return lambda row: read(row).casefold().endswith(value)


def _ordering(read: Reader, column: Column, operator: str, value: str) -> Predicate:
    """Greater and less; an empty value on either side is neither."""
    if column.kind in NUMERIC_KINDS:
        limit = _number(value)

        def compare(row: Row, test: Callable[[Any, Any], bool]) -> bool:
            number = _number(read(row))
            return number is not None and limit is not None and test(number, limit)

        match operator:
            case ">":
                return lambda row: compare(row, lambda a, b: a > b)
            case ">=":
                return lambda row: compare(row, lambda a, b: a >= b)
            case "<":
                return lambda row: compare(row, lambda a, b: a < b)
        return lambda row: compare(row, lambda a, b: a <= b)
    bound = value.casefold()
    match operator:
        case ">":
            return lambda row: read(row).casefold() > bound
        case ">=":
            return lambda row: (text := read(row)) != "" and text.casefold() >= bound
        case "<":
            return lambda row: (text := read(row)) != "" and text.casefold() < bound
    return lambda row: (text := read(row)) != "" and text.casefold() <= bound


def _between(read: Reader, column: Column, low: str, high: str) -> Predicate:
    above, below = _ordering(read, column, ">=", low), _ordering(read, column, "<=", high)
    return lambda row: above(row) and below(row)


def _sort_key(search: Search, table: Table, path: Path) -> Callable[[Row], Any]:
    read, column = path.read, path.column
    if column.kind == "currency":
        return lambda row: amount_of(read(row))
    if column.kind in NUMERIC_KINDS:
        return lambda row: _number(read(row)) or Decimal(0)
    if column.reference and path.direct:
        return lambda row: search.display(table, column.name, row).casefold()
    return lambda row: read(row).casefold()
