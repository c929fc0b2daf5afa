"""Reads an expression of a query: comparisons joined by `and` and `or`, turned round by `not`, in brackets.

`or` binds loosest, then `and`, then `not`. What a comparison looks like, what is kept of it and how an expression that
cannot be read is refused, each system says itself.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NoReturn, TypeVar

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Read = Callable[[Row], Any]
Token = tuple[str, str]
"""Its kind, and its text as it stands in the expression."""
Term = TypeVar("Term")

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def compared(left: Read, name: str, right: Read) -> Test:
    """Null equals only null; every other comparison with null is false."""
    compare = COMPARISONS[name]
    if name in ("eq", "ne"):
        return lambda row: compare(left(row), right(row))

    def test(row: Row) -> bool:
        one, other = left(row), right(row)
        return one is not None and other is not None and compare(one, other)

    return test


class ExpressionReader(Generic[Term]):
    """Goes through the tokens of one expression; a token's kind is the pattern's group that it matched."""

    pattern: re.Pattern[str]
    end: Token = ("", "")  # what stands behind the last token; no kind

    def __init__(self, expression: str) -> None:
        self._tokens: list[Token] = []
        self._at = 0
        expression, at = expression.rstrip(), 0
        while at < len(expression):
            found = self.pattern.match(expression, at)
            if found is None or found.lastgroup is None:
                self._refuse_text(expression, at)
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def whole(self) -> Term:
        """What the expression stands for."""
        term = self._either()
        if self._kind():
            self._refuse_rest()
        return term

    # What a system says ------------------------------------------------------------------------------------------

    def _comparison(self) -> Term:
        """Reads what stands between `and`, `or` and brackets."""
        raise NotImplementedError

    def _not(self, term: Term) -> Term:
        raise NotImplementedError

    def _any_of(self, terms: Sequence[Term]) -> Term:
        raise NotImplementedError

    def _all_of(self, terms: Sequence[Term]) -> Term:
        raise NotImplementedError

    def _refuse_text(self, expression: str, at: int) -> NoReturn:
        """No token begins at `at`."""
        raise NotImplementedError

    def _refuse_rest(self) -> NoReturn:
        """Tokens are left over."""
        raise NotImplementedError

    def _refuse_token(self, wanted: str) -> NoReturn:
        """The next token is not `wanted`."""
        raise NotImplementedError

    # Reading -----------------------------------------------------------------------------------------------------

    def _either(self) -> Term:
        terms = self._chain("or", self._both)
        return terms[0] if len(terms) == 1 else self._any_of(terms)

    def _both(self) -> Term:
        terms = self._chain("and", self._negated)
        return terms[0] if len(terms) == 1 else self._all_of(terms)

    def _chain(self, word: str, read: Callable[[], Term]) -> list[Term]:
        terms = [read()]
        while self._take(word):
            terms.append(read())
        return terms

    def _negated(self) -> Term:
        if self._take("not"):
            return self._not(self._negated())
        if self._take("("):
            term = self._either()
            self._expect(")")
            return term
        return self._comparison()

    def _kind(self) -> str:
        """The next token's kind; "" at the end."""
        return self._peek()[0]

    def _text(self, ahead: int = 0) -> str:
        return self._peek(ahead)[1]

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else self.end

    def _step(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        found = self._text() == text
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._refuse_token(text)
