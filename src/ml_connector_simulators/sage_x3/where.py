"""`where` and `orderBy`: what api1 understands, compiled for rows as they are kept (fact sheet §3).

`eq ne gt ge lt le`, `and or not`, parentheses, `left(F,n)`, `like '%x%'`. An unknown property is a 500, anything that
does not parse a 400.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .database import utc
from .refusals import bad_request, unknown_property
from .schema import Column

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<at>@[^@]*@)|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_$]\w*)"
    r"|(?P<sign>[(),]))"
)
_ORDER = re.compile(r"\s*(?P<name>[A-Za-z_$]\w*)(?:\s+(?P<way>asc|desc))?\s*")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_WORDS = {"and", "or", "not", "like", "left", *_COMPARISONS}


@dataclass(frozen=True)
class Order:
    """One property of an `orderBy`."""

    column: Column
    descending: bool = False


def parse_order(text: str, columns: Mapping[str, Column]) -> tuple[Order, ...]:
    """Reads `UPDDATTIM asc,BPSNUM asc`."""
    orders = []
    for part in text.split(","):
        found = _ORDER.fullmatch(part)
        if not found:
            raise bad_request(f"Syntax error in orderBy: {part.strip()!r}")
        orders.append(Order(_column(found["name"], columns), found["way"] == "desc"))
    return tuple(orders)


def parse_where(text: str, columns: Mapping[str, Column], date_literals: str) -> Test:
    """A test of a row's kept values; `date_literals` at, quoted or both."""
    return _Parser(text, columns, date_literals).whole()


@dataclass(frozen=True)
class _Operand:
    read: Callable[[Row], Any]
    column: Column


class _Parser:
    def __init__(self, text: str, columns: Mapping[str, Column], date_literals: str) -> None:
        self._columns = columns
        self._date_literals = date_literals
        self._tokens = _tokens(text)
        self._at = 0

    def whole(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise bad_request(f"Syntax error in where near {self._peek()[1]!r}")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("word", "or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("word", "and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._take("word", "not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._take("sign", "("):
            inner = self._either()
            self._need("sign", ")")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        operand = self._operand()
        kind, word = self._next()
        if kind == "word" and word == "like":
            return self._like(operand)
        if kind != "word" or word not in _COMPARISONS:
            raise bad_request(f"Syntax error in where: {word!r} is no operator")
        compare, value, read = _COMPARISONS[word], self._literal(operand.column), operand.read
        if word in ("eq", "ne"):
            return lambda row: compare(read(row), value)

        def test(row: Row) -> bool:
            found = read(row)
            return found is not None and compare(found, value)

        return test

    def _operand(self) -> _Operand:
        kind, word = self._next()
        if kind == "word" and word == "left":
            return self._left()
        if kind != "word" or word in _WORDS:
            raise bad_request(f"Syntax error in where: {word!r} is no property")
        column = _column(word, self._columns)
        return _Operand(lambda row: row[column.name], column)

    def _left(self) -> _Operand:
        self._need("sign", "(")
        inner = self._operand()
        self._need("sign", ",")
        kind, number = self._next()
        self._need("sign", ")")
        if kind != "number" or not number.isdigit() or inner.column.kind != "A":
            raise bad_request("left() needs a text property and a length")
        length, read = int(number), inner.read
        return _Operand(lambda row: read(row)[:length], inner.column)

    def _like(self, operand: _Operand) -> Test:
        kind, literal = self._next()
        if kind != "text" or operand.column.kind != "A":
            raise bad_request("like needs a text property and a pattern in quotes")
        parts = map(re.escape, _unquoted(literal).split("%"))
        pattern, read = re.compile(".*".join(parts), re.DOTALL), operand.read
        return lambda row: pattern.fullmatch(read(row)) is not None

    def _literal(self, column: Column) -> Any:
        kind, literal = self._next()
        if column.kind == "A" and kind == "text":
            return _unquoted(literal)
        if column.kind in ("M", "I", "N") and kind == "number":
            return Decimal(literal)
        if column.kind in ("D", "T") and self._is_date_literal(kind):
            return _moment(literal[1:-1], column)
        raise bad_request(f"{literal} does not fit the property {column.name}")

    def _is_date_literal(self, kind: str) -> bool:
        return (kind == "at" and self._date_literals != "quoted") or (kind == "text" and self._date_literals != "at")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise bad_request("Syntax error in where: it ends too early")
        self._at += 1
        return token

    def _take(self, kind: str, text: str) -> bool:
        found = self._peek() == (kind, text)
        self._at += found
        return found

    def _need(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise bad_request(f"Syntax error in where: {text!r} expected near {self._peek()[1]!r}")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise bad_request(f"Syntax error in where near {text[at : at + 20]!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _column(name: str, columns: Mapping[str, Column]) -> Column:
    column = columns.get(name)
    if column is None:
        raise unknown_property(name)
    if column.size:
        raise bad_request(f"The property {name} is an array")
    return column


def _unquoted(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def _moment(text: str, column: Column) -> str:
    """A date or a stamp in the form in which the column keeps it; a date stands for its midnight in UTC."""
    try:
        if column.kind == "D":
            return date.fromisoformat(text[:10]).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"{text!r} is no date") from error
    return utc(moment) if moment.tzinfo else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
