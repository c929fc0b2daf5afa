"""Which rows are wanted, in a form that both transports can write: OData filters and COMFND expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, product

Value = str | Decimal | date


@dataclass(frozen=True, slots=True)
class Is:
    """A column compared with a value; `operator` is eq, ne, gt, ge, lt or le."""

    column: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold; none at all is always true."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these holds."""

    terms: tuple[Condition, ...]


Condition = Is | Every | Either
Key = tuple[Value, ...]
ALWAYS = Every(())


def every(*terms: Condition | None) -> Condition:
    """All of the terms; None and what always holds are left out."""
    given = tuple(term for term in terms if term is not None and term != ALWAYS)
    return given[0] if len(given) == 1 else Every(given)


def either(terms: Sequence[Condition]) -> Condition:
    return terms[0] if len(terms) == 1 else Either(tuple(terms))


def behind(columns: Sequence[str], key: Sequence[Value]) -> Condition:
    """The rows after `key` in ascending order of the columns."""
    return _beyond(columns, key, "gt", "gt")


def from_on(columns: Sequence[str], key: Sequence[Value]) -> Condition:
    """The rows at `key` and after it."""
    return _beyond(columns, key, "gt", "ge")


def up_to(columns: Sequence[str], key: Sequence[Value]) -> Condition:
    """The rows before `key` and at it."""
    return _beyond(columns, key, "lt", "le")


def _beyond(columns: Sequence[str], key: Sequence[Value], strict: str, last: str) -> Condition:
    """`a gt 1 or (a eq 1 and b ge 2)`."""
    alternatives: list[Condition] = []
    for index, (column, value) in enumerate(zip(columns, key, strict=True)):
        operator = last if index == len(key) - 1 else strict
        same = [Is(name, "eq", each) for name, each in zip(columns[:index], key[:index], strict=True)]
        alternatives.append(every(*same, Is(column, operator, value)))
    return either(alternatives)


def between(columns: Sequence[str], first: Sequence[Value], last: Sequence[Value]) -> Condition:
    """The rows from `first` to `last`, both included."""
    return every(from_on(columns, first), up_to(columns, last))


def among(columns: Sequence[str], keys: Sequence[Key], most: int) -> list[Condition]:
    """Conditions for the rows with these keys, of at most about `most` comparisons each.

    What keys have in common is said once: `(Supplier eq 'A' and (Invoice eq '1' or Invoice eq '2'))`.
    """
    found: list[Condition] = []
    chunk: list[Key] = []
    cost = 0
    for key in keys:
        price = len(columns) - (_shared(chunk[-1], key) if chunk else 0)
        if chunk and cost + price > most:
            found.append(_tree(columns, chunk))
            chunk, price, cost = [], len(columns), 0
        chunk.append(key)
        cost += price
    return [*found, _tree(columns, chunk)] if chunk else found


def _shared(one: Key, other: Key) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def _tree(columns: Sequence[str], keys: Sequence[Key]) -> Condition:
    if len(columns) == 1:
        return either([Is(columns[0], "eq", key[0]) for key in keys])
    branches: list[Condition] = [
        every(Is(columns[0], "eq", value), _tree(columns[1:], [key[1:] for key in group]))
        for value, group in groupby(keys, key=lambda key: key[0])
    ]
    return either(branches)


Run = tuple[Key, int, int]
"""Values that consecutive numbers have in common, the first number and the last."""


def runs(keys: Sequence[tuple[Key, int]], gap: int) -> list[Run]:
    """Numbers close together under the same values, as runs; small gaps are read along and dropped later."""
    found: list[Run] = []
    for shared, number in sorted(set(keys)):
        if found and found[-1][0] == shared and number - found[-1][2] <= gap:
            found[-1] = (shared, found[-1][1], number)
        else:
            found.append((shared, number, number))
    return found


def among_runs(columns: Sequence[str], given: Sequence[Run], most: int) -> list[Condition]:
    """Conditions for runs; the last column is the number."""
    *shared, counted = columns
    each = len(columns) + 1
    size = max(1, most // each)
    found = []
    for start in range(0, len(given), size):
        terms: list[Condition] = []
        for values, first, last in given[start : start + size]:
            same = [Is(name, "eq", value) for name, value in zip(shared, values, strict=True)]
            ends = [Is(counted, "eq", Decimal(first))]
            if first != last:
                ends = [Is(counted, "ge", Decimal(first)), Is(counted, "le", Decimal(last))]
            terms.append(every(*same, *ends))
        found.append(either(terms))
    return found


def alternatives(condition: Condition) -> list[list[Is]]:
    """The condition as an `or` of `and`s, for languages with one level of brackets."""
    match condition:
        case Is():
            return [[condition]]
        case Either(terms):
            return [each for term in terms for each in alternatives(term)]
        case Every(terms):
            return [[part for parts in chosen for part in parts] for chosen in product(*map(alternatives, terms))]
