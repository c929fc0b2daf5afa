"""`where` and `orderBy`: what api1 understands, compiled for rows as they are kept (fact sheet §3).

`eq ne gt ge lt le`, `and or not`, parentheses, `left(F,n)`, `like '%x%'`. An unknown property is a 500, anything that
does not parse a 400.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from ..expressions import COMPARISONS, ExpressionReader, Read, Test, Token, compared
from .database import utc
from .refusals import bad_request, unknown_property
from .schema import Column

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<at>@[^@]*@)|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_$]\w*)"
    r"|(?P<sign>[(),]))"
)
_ORDER = re.compile(r"\s*(?P<name>[A-Za-z_$]\w*)(?:\s+(?P<way>asc|desc))?\s*")
_WORDS = {"and", "or", "not", "like", "left", *COMPARISONS}


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
    return _Reader(text, columns, date_literals).whole()


@dataclass(frozen=True)
class _Operand:
    read: Read
    column: Column


class _Reader(ExpressionReader[Test]):
    pattern = _TOKEN

    def __init__(self, text: str, columns: Mapping[str, Column], date_literals: str) -> None:
        super().__init__(text)
        self._columns = columns
        self._date_literals = date_literals

    def _not(self, term: Test) -> Test:
        return lambda row: not term(row)

    def _any_of(self, terms: Sequence[Test]) -> Test:
        return lambda row: any(test(row) for test in terms)

    def _all_of(self, terms: Sequence[Test]) -> Test:
        return lambda row: all(test(row) for test in terms)

    def _refuse_text(self, expression: str, at: int) -> NoReturn:
        raise bad_request(f"Syntax error in where near {expression[at : at + 20]!r}")

    def _refuse_rest(self) -> NoReturn:
        raise bad_request(f"Syntax error in where near {self._text()!r}")

    def _refuse_token(self, wanted: str) -> NoReturn:
        raise bad_request(f"Syntax error in where: {wanted!r} expected near {self._text()!r}")

    def _comparison(self) -> Test:
        operand = self._operand()
        kind, word = self._next()
        if kind == "word" and word == "like":
            return self._like(operand)
        if kind != "word" or word not in COMPARISONS:
            raise bad_request(f"Syntax error in where: {word!r} is no operator")
        value = self._literal(operand.column)
        return compared(operand.read, word, lambda row: value)

    def _operand(self) -> _Operand:
        kind, word = self._next()
        if kind == "word" and word == "left":
            return self._left()
        if kind != "word" or word in _WORDS:
            raise bad_request(f"Syntax error in where: {word!r} is no property")
        column = _column(word, self._columns)
        return _Operand(lambda row: row[column.name], column)

    def _left(self) -> _Operand:
        self._expect("(")
        inner = self._operand()
        self._expect(",")
        kind, number = self._next()
        self._expect(")")
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

    def _next(self) -> Token:
        if not self._kind():
            raise bad_request("Syntax error in where: it ends too early")
        return self._step()


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
