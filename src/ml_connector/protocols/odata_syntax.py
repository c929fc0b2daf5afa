"""How OData v4 writes values, keys and filters (OASIS OData 4.0 URL Conventions, 5.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from ml_connector.errors import ContractError

T = TypeVar("T")

MOST_TERMS = 40
"""Of an `or` chain; services refuse longer filters or addresses."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([./][A-Za-z_][A-Za-z0-9_]*)*")
_BARE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:+-]*|-[0-9.]+")


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A member of an enumeration, whose type is qualified with its namespace."""

    type: str
    member: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A date, moment, number or GUID exactly as the server wrote it, such as a watermark."""

    text: str


Value = str | bool | int | Decimal | date | datetime | UUID | EnumValue | Verbatim | None


def literal(value: Value) -> str:
    """`value` as OData writes it, not yet percent-encoded.

    A moment is written in UTC without its fraction (cut off, hence not later than `value`); a moment without zone and a
    float are refused (TypeError).
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int() | UUID():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case EnumValue():
            return f"{checked_name(value.type)}{_quoted(value.member)}"
        case Verbatim():
            return _bare(value.text)
    raise TypeError(f"{value!r} has no OData literal")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _bare(text: str) -> str:
    if not _BARE.fullmatch(text):
        raise ValueError(f"{text!r} is no date, moment, number or GUID")
    return text


def checked_name(name: str) -> str:
    """`name` when it can be the name of a property, set, type or action; ValueError otherwise."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name in OData")
    return name


def key_predicate(key: Mapping[str, Value]) -> str:
    """`(OrderNo='P1001')` or `(Company='10',InvoiceId=7)`, percent-encoded once."""
    if not key:
        raise ValueError("a key needs at least one property")
    parts = (f"{checked_name(name)}={quote(literal(value), safe=chr(39) + ':')}" for name, value in key.items())
    return f"({','.join(parts)})"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition as text, not yet percent-encoded; built by the functions below."""

    text: str
    joined_by: str = ""
    """The word that joins its terms at the top, which decides about brackets."""

    def __str__(self) -> str:
        return self.text


def eq(name: str, value: Value) -> Filter:
    return _comparison(name, "eq", value)


def ne(name: str, value: Value) -> Filter:
    return _comparison(name, "ne", value)


def ge(name: str, value: Value) -> Filter:
    return _comparison(name, "ge", value)


def gt(name: str, value: Value) -> Filter:
    return _comparison(name, "gt", value)


def le(name: str, value: Value) -> Filter:
    return _comparison(name, "le", value)


def lt(name: str, value: Value) -> Filter:
    return _comparison(name, "lt", value)


def _comparison(name: str, operator: str, value: Value) -> Filter:
    return Filter(f"{checked_name(name)} {operator} {literal(value)}")


def all_of(*terms: Filter | None) -> Filter:
    """Every one of the terms holds; None among them is skipped."""
    return _join("and", terms)


def one_of(*terms: Filter | None) -> Filter:
    """At least one of the terms holds; None among them is skipped."""
    return _join("or", terms)


def _join(word: str, terms: Sequence[Filter | None]) -> Filter:
    given = [term for term in terms if term is not None]
    if not given:
        raise ValueError("a filter needs at least one term")
    if len(given) == 1:
        return given[0]
    texts = (f"({term})" if term.joined_by not in ("", word) else str(term) for term in given)
    return Filter(f" {word} ".join(texts), word)


def any_of(name: str, values: Sequence[Value]) -> Filter:
    """The property has one of these values, as an `or` chain (`in` is not understood everywhere).

    At most `MOST_TERMS`, else ValueError: split them with `chunked`.
    """
    if len(values) > MOST_TERMS:
        raise ValueError(f"{len(values)} values are more than {MOST_TERMS}; split them")
    return one_of(*(eq(name, value) for value in values))


def chunked(values: Sequence[T], size: int = MOST_TERMS) -> Iterator[Sequence[T]]:
    """`values` in pieces that `any_of` takes."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Kind(Enum):
    """How a property's JSON value is written in a filter."""

    STRING = "Edm.String"
    INTEGER = "Edm.Int64"
    DECIMAL = "Edm.Decimal"
    BOOLEAN = "Edm.Boolean"
    DATE = "Edm.Date"
    MOMENT = "Edm.DateTimeOffset"
    GUID = "Edm.Guid"
    ENUM = "enumeration"


@dataclass(frozen=True, slots=True)
class Field:
    """A property by which rows are ordered."""

    name: str
    kind: Kind = Kind.STRING
    enum_type: str = ""

    def value_of(self, row: Mapping[str, Any]) -> Value:
        """The value in a row of an answer, ready for a literal; `ContractError` when it is missing or odd."""
        given = row.get(self.name)
        if given is None:
            raise ContractError(f"A row came without {self.name}, by which its rows are ordered.", field=self.name)
        try:
            return self._converted(given)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ContractError(f"{self.name} came as {given!r}, which is no {self.kind.value}.") from error

    def _converted(self, given: Any) -> Value:
        match self.kind:
            case Kind.STRING:
                return str(given)
            case Kind.INTEGER:
                return int(given)
            case Kind.DECIMAL:
                return Decimal(given)
            case Kind.BOOLEAN:
                return bool(given)
            case Kind.ENUM:
                return EnumValue(self.enum_type, str(given))
        return Verbatim(_bare(given))


def after(position: Sequence[tuple[str, Value]]) -> Filter:
    """The rows behind `position` in ascending order of its fields: `a gt 1 or (a eq 1 and b gt 2)`."""
    alternatives = []
    for index, (name, value) in enumerate(position):
        same = (eq(*earlier) for earlier in position[:index])
        alternatives.append(all_of(*same, gt(name, value)))
    return one_of(*alternatives)
