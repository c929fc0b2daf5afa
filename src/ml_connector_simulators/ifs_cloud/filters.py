"""`$filter`: the subset that IFS Cloud understands, compiled into a test of a rendered row (fact sheet §3).

Comparison, and/or/not and string functions work. `in`, `has`, `mod`, arithmetic, lambda, `$count`, collection, maths
and date functions: 501. Anything that does not parse, an unknown property, a literal of another type: 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..expressions import COMPARISONS, ExpressionReader, Read, Row, Test, compared
from . import values
from .refusals import bad_request, not_implemented
from .schema import Property

_TOKEN = re.compile(
    r"\s*(?:(?P<enum>IfsApp\.\w+\.\w+'(?:[^']|'')*')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<stamp>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[@$A-Za-z_][\w./$]*)"
    r"|(?P<sign>[(),:]))"
)
_REFUSED_OPERATORS = {"in", "has", "mod", "add", "sub", "mul", "div", "divby"}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_TEXT_READS: dict[str, Callable[[str], Any]] = {
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "length": len,
}
_REFUSED_FUNCTIONS = {
    "round", "floor", "ceiling", "year", "month", "day", "hour", "minute", "second", "fractionalseconds", "date",
    "time", "totaloffsetminutes", "now", "mindatetime", "maxdatetime", "cast", "isof", "hassubset", "hassubsequence",
    "matchesPattern", "any", "all",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What a filter may refer to: the set's properties, its projection, and two habits of the installation."""

    properties: Mapping[str, Property]
    projection: str
    state_refused: bool
    max_or_terms: int


@dataclass(frozen=True)
class _Operand:
    read: Read
    prop: Property  # what a literal on the other side is read as
    plain: str = ""  # the property's name if it is no more than a property


@dataclass(frozen=True)
class _Term:
    """A test; if it is nothing but `property eq literal` joined by `and`, `equal` says so."""

    test: Test
    equal: Mapping[str, Any] | None = None


def compile_filter(expression: str, reading: Reading) -> Test:
    """The test for `expression`. Raises RefusedError."""
    return _Reader(expression, reading).whole().test


class _Reader(ExpressionReader[_Term]):
    pattern = _TOKEN

    def __init__(self, expression: str, reading: Reading) -> None:
        super().__init__(expression)
        self._reading = reading

    def _not(self, term: _Term) -> _Term:
        test = term.test
        return _Term(lambda row: not test(row))

    def _any_of(self, terms: Sequence[_Term]) -> _Term:
        """A long chain over the same properties becomes one look-up in a set."""
        if len(terms) > self._reading.max_or_terms:
            raise bad_request(f"The filter has more than {self._reading.max_or_terms} terms joined by 'or'.")
        equals = [t.equal for t in terms if t.equal]
        names = tuple(equals[0]) if equals else ()
        if len(equals) == len(terms) and all(tuple(e) == names for e in equals):
            wanted = {tuple(e.values()) for e in equals}
            return _Term(lambda row: tuple([row.get(n) for n in names]) in wanted)
        tests = [t.test for t in terms]
        return _Term(lambda row: any(test(row) for test in tests))

    def _all_of(self, terms: Sequence[_Term]) -> _Term:
        tests = [t.test for t in terms]
        equal: dict[str, Any] | None = {}
        for term in terms:
            if term.equal is None or equal is None or set(term.equal) & set(equal):
                equal = None
            else:
                equal = {**equal, **term.equal}
        return _Term(lambda row: all(test(row) for test in tests), equal)

    def _refuse_text(self, expression: str, at: int) -> NoReturn:
        raise bad_request(f"Syntax error in $filter at position {at + 1}.")

    def _refuse_rest(self) -> NoReturn:
        raise bad_request(f"Syntax error in $filter near '{self._text()}'.")

    def _refuse_token(self, wanted: str) -> NoReturn:
        raise bad_request(f"Syntax error in $filter: '{wanted}' expected, '{self._next()}' found.")

    def _comparison(self) -> _Term:
        if self._text() in _TEXT_TESTS and self._text(1) == "(":
            return _Term(self._maybe_boolean(self._text_test(self._next())))
        left = self._operand()
        name = self._next()
        if name in _REFUSED_OPERATORS:
            raise not_implemented(f"The operator '{name}' is not supported in $filter.")
        if name not in COMPARISONS:
            raise bad_request(f"Syntax error in $filter near '{name}'.")
        if not self._literal_next():
            return _Term(compared(left.read, name, self._operand().read))
        value = values.literal(left.prop, self._next(), self._reading.projection)
        equal = {left.plain: value} if name == "eq" and left.plain else None
        return _Term(compared(left.read, name, lambda row: value), equal)

    def _maybe_boolean(self, test: Test) -> Test:
        """`contains(..) eq true` is the same as `contains(..)`."""
        if self._text() not in ("eq", "ne"):
            return test
        same = self._next() == "eq"
        wanted = self._next() == "true"
        return test if same == wanted else lambda row: not test(row)

    def _text_test(self, name: str) -> Test:
        self._expect("(")
        left = self._operand()
        self._expect(",")
        right = self._right(left.prop)
        self._expect(")")
        check = _TEXT_TESTS[name]

        def test(row: Row) -> bool:
            text, part = left.read(row), right(row)
            return text is not None and part is not None and check(text, part)

        return test

    def _operand(self) -> _Operand:
        token = self._next()
        if self._text() == "(":
            return self._function(token)
        if "/" in token:
            raise not_implemented(f"'{token}': lambda, $count and paths are not supported in $filter.")
        prop = self._reading.properties.get(token)
        if prop is None:
            raise bad_request(f"The property '{token}' does not exist.")
        if token == "Objstate" and self._reading.state_refused:
            raise bad_request("Filtering on Objstate is not possible.")
        return _Operand(lambda row: row.get(token), prop, token)

    def _function(self, name: str) -> _Operand:
        last = name.rpartition("/")[2]
        if name in _TEXT_READS:
            self._expect("(")
            inner = self._operand()
            self._expect(")")
            function = _TEXT_READS[name]
            kind = _NUMBER if name == "length" else inner.prop
            return _Operand(lambda row: _applied(function, inner.read(row)), kind)
        if name in ("indexof", "concat", "substring"):
            return self._longer_function(name)
        if last in _REFUSED_FUNCTIONS:
            raise not_implemented(f"The function '{last}' is not supported in $filter.")
        raise bad_request(f"The function '{name}' does not exist.")

    def _longer_function(self, name: str) -> _Operand:
        self._expect("(")
        text = self._operand()
        self._expect(",")
        second = self._right(_NUMBER if name == "substring" else text.prop)
        third = self._right(_NUMBER) if self._take(",") else None
        self._expect(")")

        def read(row: Row) -> Any:
            value, other = text.read(row), second(row)
            if value is None or other is None:
                return None
            if name == "concat":
                return value + other
            if name == "indexof":
                return value.find(other)
            end = None if third is None else int(other) + int(third(row))
            return value[int(other) : end]

        return _Operand(read, _NUMBER if name == "indexof" else text.prop)

    def _right(self, prop: Property) -> Read:
        """The right side: a literal read as `prop`, a property or a function."""
        if self._literal_next():
            value = values.literal(prop, self._next(), self._reading.projection)
            return lambda row: value
        return self._operand().read

    def _literal_next(self) -> bool:
        token = self._text()
        return token in ("null", "true", "false") or "'" in token or token[:1].isdigit() or token[:1] in ("+", "-")

    def _next(self) -> str:
        if not self._kind():
            raise bad_request("Syntax error in $filter: it ends too early.")
        return self._step()[1]


_NUMBER = Property("", "integer")


def _applied(function: Callable[[str], Any], value: Any) -> Any:
    return None if value is None else function(value)
