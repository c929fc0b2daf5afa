"""`$filter` of the OData service, compiled into a test of a kept row, and the keys it asks for (fact sheet §4)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from ..expressions import COMPARISONS, ExpressionReader, Read, Test, compared
from .database import bare, encoded_version
from .schema import Column

_TOKEN = re.compile(
    r"\s*(?:(?P<binary>binary'[^']*')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>[(),]))"
)
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_FUNCTIONS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {  # kind taken, kind given
    "tolower": ("text", "text", str.lower),
    "toupper": ("text", "text", str.upper),
    "trim": ("text", "text", str.strip),
    "length": ("text", "number", len),
    "year": ("date", "number", lambda day: int(day[:4])),
    "month": ("date", "number", lambda day: int(day[5:7])),
    "day": ("date", "number", lambda day: int(day[8:10])),
}
_LITERALS = {"text": "text", "date": "date", "number": "number", "version": "binary"}


class FilterError(Exception):
    """The expression is not valid; the text says why."""


@dataclass(frozen=True)
class Term:
    """A test; `equals` are the rows it can be true for, as alternatives of column -> value. None: any."""

    test: Test
    equals: Sequence[Mapping[str, Any]] | None = field(default=None)


def compile_filter(expression: str, columns: Mapping[str, Column]) -> Term:
    """`columns` by the property's name. Raises FilterError."""
    return _Reader(expression, columns).whole()


class _Reader(ExpressionReader[Term]):
    pattern = _TOKEN
    end = ("", "the end")

    def __init__(self, expression: str, columns: Mapping[str, Column]) -> None:
        super().__init__(expression)
        self._columns = columns

    def _not(self, term: Term) -> Term:
        test = term.test
        return Term(lambda row: not test(row))

    def _any_of(self, terms: Sequence[Term]) -> Term:
        tests = [term.test for term in terms]
        equals: list[Mapping[str, Any]] | None = []
        for term in terms:
            equals = None if equals is None or term.equals is None else [*equals, *term.equals]
        return Term(lambda row: any(test(row) for test in tests), equals)

    def _all_of(self, terms: Sequence[Term]) -> Term:
        tests = [term.test for term in terms]
        found: dict[str, Any] = {}
        alternatives: Sequence[Mapping[str, Any]] | None = None
        for term in terms:
            if term.equals is None:
                continue
            if len(term.equals) == 1:
                found |= term.equals[0]
            else:
                alternatives = term.equals
        equals = [{**found, **each} for each in alternatives] if alternatives else ([found] if found else None)
        return Term(lambda row: all(test(row) for test in tests), equals)

    def _refuse_text(self, expression: str, at: int) -> NoReturn:
        raise FilterError(f"syntax error at position {at}")

    def _refuse_rest(self) -> NoReturn:
        raise FilterError(f"unexpected {self._text()!r}")

    def _refuse_token(self, wanted: str) -> NoReturn:
        raise FilterError(f"{wanted!r} was expected, not {self._text()!r}")

    def _comparison(self) -> Term:
        if self._text() in _TEXT_TESTS:
            return self._text_test()
        read, kind, name = self._operand()
        word = self._next("word")
        if word not in COMPARISONS:
            raise FilterError(f"unknown operator {word!r}")
        if kind == "version" and word not in ("eq", "ne"):
            raise FilterError("a binary property has no order")
        if self._kind() == "word" and self._text() != "null":
            other, other_kind, _ = self._operand()
            if other_kind != kind:
                raise FilterError("incompatible types")
            return Term(compared(read, word, other))
        value = self._literal(kind)
        equals = [{name: value}] if word == "eq" and name and value is not None else None
        return Term(compared(read, word, lambda row: value), equals)

    def _text_test(self) -> Term:
        check = _TEXT_TESTS[self._next("word")]
        self._expect("(")
        read, kind, _ = self._operand()
        self._expect(",")
        part = self._literal(kind)
        self._expect(")")
        if kind != "text":
            raise FilterError("a text is needed")
        return Term(lambda row: check(read(row) or "", part))

    def _operand(self) -> tuple[Read, str, str]:
        """How to read it, its kind, and the column's name if it is a plain one."""
        name = self._next("word")
        if name in _FUNCTIONS and self._text() == "(":
            taken, given, function = _FUNCTIONS[name]
            self._expect("(")
            read, kind, _ = self._operand()
            self._expect(")")
            if kind != taken:
                raise FilterError(f"{name} takes a {taken}")
            return lambda row: None if read(row) is None else function(read(row)), given, ""
        column = self._columns.get(name)
        if column is None:
            raise FilterError(f"no property {name!r}")
        own = column.name
        if column.kind == "version":
            return lambda row: encoded_version(row[own]), "version", ""
        return lambda row: bare(row.get(own)), column.kind, own

    def _literal(self, kind: str) -> Any:
        if self._take("null"):
            return None
        if self._kind() == "text" and kind == "version":  # clients are seen to quote it plainly
            return self._next("text")[1:-1]
        token = self._next(_LITERALS[kind])
        if kind == "text":
            return bare(token[1:-1].replace("''", "'"))
        if kind == "number":
            return Decimal(token)
        if kind == "version":
            return token[7:-1]
        return _date_literal(token)

    def _next(self, kind: str) -> str:
        if self._kind() != kind:
            raise FilterError(f"a {kind} was expected, not {self._text()!r}")
        return self._step()[1]


def _date_literal(token: str) -> str:
    """As local time, whatever zone it carries; midnight is the plain day, so that texts compare."""
    try:
        day = date.fromisoformat(token[:10]).isoformat()
    except ValueError as error:
        raise FilterError(f"{token} is no date") from error
    time = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", token[10:])
    return day if not time.strip("T0:.") else day + time
