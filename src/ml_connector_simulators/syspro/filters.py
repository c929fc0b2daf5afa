"""`$filter` of the OData service, compiled into a test of a kept row, and the keys it asks for (fact sheet §4)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .database import Values, bare, encoded_version
from .schema import Column

Test = Callable[[Values], bool]
Read = Callable[[Values], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<binary>binary'[^']*')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>[(),]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
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
    parser = _Parser(_tokens(expression), columns)
    term = parser.either()
    if parser.kind:
        raise FilterError(f"unexpected {parser.text!r}")
    return term


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, at = [], 0
    expression = expression.rstrip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise FilterError(f"syntax error at position {at}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("", "the end")]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], columns: Mapping[str, Column]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._at = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def either(self) -> Term:
        terms = [self._both()]
        while self._take("or"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else _any_of(terms)

    def _both(self) -> Term:
        terms = [self._negated()]
        while self._take("and"):
            terms.append(self._negated())
        return terms[0] if len(terms) == 1 else _all_of(terms)

    def _negated(self) -> Term:
        if self._take("not"):
            test = self._negated().test
            return Term(lambda row: not test(row))
        if self._take("("):
            term = self.either()
            self._expect(")")
            return term
        return self._comparison()

    def _comparison(self) -> Term:
        if self.text in _TEXT_TESTS:
            return self._text_test()
        read, kind, name = self._operand()
        word = self._next("word")
        if word not in _COMPARISONS:
            raise FilterError(f"unknown operator {word!r}")
        if kind == "version" and word not in ("eq", "ne"):
            raise FilterError("a binary property has no order")
        compare = _COMPARISONS[word]
        if self.kind == "word" and self.text != "null":
            other, other_kind, _ = self._operand()
            if other_kind != kind:
                raise FilterError("incompatible types")
            return Term(_compared(read, other, compare, word))
        value = self._literal(kind)
        equals = [{name: value}] if word == "eq" and name and value is not None else None
        return Term(_compared(read, lambda row: value, compare, word), equals)

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
        if name in _FUNCTIONS and self.text == "(":
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
        if self.kind == "text" and kind == "version":  # clients are seen to quote it plainly
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
        if self.kind != kind:
            raise FilterError(f"a {kind} was expected, not {self.text!r}")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _take(self, text: str) -> bool:
        if self.text != text or self.kind not in ("word", "sign"):
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise FilterError(f"{text!r} was expected, not {self.text!r}")


def _date_literal(token: str) -> str:
    """As local time, whatever zone it carries; midnight is the plain day, so that texts compare."""
    try:
        day = date.fromisoformat(token[:10]).isoformat()
    except ValueError as error:
        raise FilterError(f"{token} is no date") from error
    time = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", token[10:])
    return day if not time.strip("T0:.") else day + time


def _compared(read: Read, other: Read, compare: Callable[[Any, Any], bool], word: str) -> Test:
    if word in ("eq", "ne"):
        return lambda row: compare(read(row), other(row))

    def test(row: Values) -> bool:
        one, two = read(row), other(row)
        return one is not None and two is not None and compare(one, two)

    return test


def _any_of(terms: Sequence[Term]) -> Term:
    tests = [term.test for term in terms]
    equals: list[Mapping[str, Any]] | None = []
    for term in terms:
        equals = None if equals is None or term.equals is None else [*equals, *term.equals]
    return Term(lambda row: any(test(row) for test in tests), equals)


def _all_of(terms: Sequence[Term]) -> Term:
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
