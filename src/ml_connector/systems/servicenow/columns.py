"""Kinds of columns: how a value is written as text for the column's type, and when a stored value is what was sent.

The instance never complains: it cuts long texts, drops fractions and empties what it cannot read (FACTS 9, 10). So
what a type would spoil is refused or cut here, and every echo is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from ml_connector.errors import Issue, RecordError
from ml_connector.mappings import Word
from ml_connector.records.base import MINOR_UNITS


class Kind(Enum):
    """What a column means to us; the instance's own type decides how it is written."""

    KEY = "key"
    """Text that identifies something: never cut."""
    TEXT = "text"
    """Text for people: cut with a warning."""
    CHOICE = "choice"
    STATUS = "status"
    """Moves on by itself on the instance, so that a later value is no difference."""
    AMOUNT = "amount"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Column:
    """A column we write: where its value comes from, and what it is."""

    word: Word
    kind: Kind
    essential: bool = False
    """Without it the record would be wrong; others are left out where the table does not have them."""
    reads_as: str = ""
    """For a staging column: the target's column that shows it; empty where nothing comparable does."""


@dataclass(frozen=True)
class ColumnType:
    """What is known of a column on the instance; an empty `name` means nothing."""

    name: str = ""
    max_length: int = 0
    """Characters; 0: unknown."""


UNKNOWN = ColumnType()
CURRENCY_TYPES = frozenset({"currency", "currency2", "price", "fx_currency"})
INTEGER_TYPES = frozenset({"integer", "longint", "integer_string", "auto_increment"})
DATE_TIME_TYPES = frozenset({"glide_date_time", "datetime", "due_date", "glide_utc_time"})
DATE_TYPES = frozenset({"glide_date", "date"})
TEXT_TYPES = frozenset(
    {"string", "string_full_utf8", "varchar", "char", "url", "email", "ph_number", "translated_text"}
)

Writer = Callable[[Any, str, list[str]], str]
"""(value, currency, warnings) -> text; None becomes the empty text, which clears the column."""


def writer(kind: Kind, name: str, found: ColumnType, *, with_currency: bool = True) -> Writer:
    """What writes values of this kind into column `name` of the type found.

    `with_currency` says how amounts are written where the type is unknown. Raises RecordError for what would not be
    stored as it is.
    """
    match kind:
        case Kind.KEY | Kind.CHOICE | Kind.STATUS:
            return _key_writer(name, found.max_length)
        case Kind.TEXT:
            return _text_writer(name, found.max_length)
        case Kind.AMOUNT:
            return _amount_writer(name, found, with_currency)
        case Kind.NUMBER:
            return _whole_writer(name) if found.name in INTEGER_TYPES else _write_number
        case Kind.DAY:
            return _write_midnight if found.name in DATE_TIME_TYPES else _write_day
        case Kind.FLAG:
            return lambda value, currency, warnings: "true" if value else "false"
    return lambda value, currency, warnings: value or ""


def _refused(code: str, message: str, name: str) -> RecordError:
    return RecordError(message, issues=(Issue(code, message, field=name),))


def _key_writer(name: str, longest: int) -> Writer:
    def write(value: Any, currency: str, warnings: list[str]) -> str:
        text: str = "" if value is None else value
        if longest and len(text) > longest:
            raise _refused("VALUE_TOO_LONG", f"{name} {text!r} is longer than {longest} characters.", name)
        return text

    return write


def _text_writer(name: str, longest: int) -> Writer:
    def write(value: Any, currency: str, warnings: list[str]) -> str:
        text: str = value if isinstance(value, str) else _as_text(value)
        if longest and len(text) > longest:
            warnings.append(f"{name} was cut from {len(text)} to {longest} characters.")
            return text[:longest]
        return text

    return write


def _as_text(value: Any) -> str:
    """A value of another type for a text column."""
    if value is None:
        return ""
    return plain(format(value, "f")) if isinstance(value, Decimal) else str(value)


def _amount_writer(name: str, found: ColumnType, with_currency: bool) -> Writer:
    if found.name in INTEGER_TYPES:
        return _whole_writer(name)
    prefixed = found.name in CURRENCY_TYPES or (not found.name and with_currency)

    def write(value: Any, currency: str, warnings: list[str]) -> str:
        if value is None:
            return ""
        text = amount(value, currency)
        return f"{currency};{text}" if prefixed and currency else text

    return write


def _whole_writer(name: str) -> Writer:
    def write(value: Any, currency: str, warnings: list[str]) -> str:
        text = _write_number(value, currency, warnings)
        if "." in text:
            message = f"{name} {text} would be cut to {text.partition('.')[0]}: the column takes whole numbers only."
            raise _refused("VALUE_WOULD_BE_CUT", message, name)
        return text

    return write


def _write_number(value: Any, currency: str, warnings: list[str]) -> str:
    return "" if value is None else plain(format(value, "f"))


def _write_day(value: Any, currency: str, warnings: list[str]) -> str:
    return "" if value is None else str(value.isoformat()[:10])


def _write_midnight(value: Any, currency: str, warnings: list[str]) -> str:
    return "" if value is None else f"{value.isoformat()[:10]} 00:00:00"


def plain(text: str) -> str:
    """A number in plain digits without the zeros that say nothing: 40.00 is 40."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def amount(value: Decimal, currency: str) -> str:
    """An amount with at least the decimals of its currency and never rounded: 12.3 EUR is 12.30, 1200 JPY is 1200."""
    text = format(value, "f")
    places = MINOR_UNITS.get(currency, 2)
    point = text.find(".")
    have = len(text) - point - 1 if point >= 0 else 0
    if have == places:
        return text
    if have < places:
        return f"{text}{'' if point >= 0 else '.'}{'0' * (places - have)}"
    end = len(text)
    while end > point + places + 1 and text[end - 1] == "0":
        end -= 1
    return text[:end].removesuffix(".")


# --- comparing ---------------------------------------------------------------------------------------------------


def stored(value: Any) -> str | None:
    """A value as the instance shows it, in its plain form: of a reference the id; None where the column is absent."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        inner = value.get("value", value.get("display_value", ""))
        return inner if isinstance(inner, str) else str(inner)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def same(kind: Kind, wanted: str, found: str, *, cut_allowed: bool = False) -> bool:
    """Whether the stored text means what was sent."""
    if wanted == found:
        return True
    match kind:
        case Kind.AMOUNT | Kind.NUMBER:
            return _same_number(wanted, found)
        case Kind.DAY:
            return found[:10] == wanted[:10]
        case Kind.FLAG:
            return flag(wanted) == flag(found)
        case Kind.REFERENCE:
            return wanted.casefold() == found.casefold()
        case Kind.TEXT:
            return _same_text(wanted, found, cut_allowed)
    return False


def flag(text: str) -> bool:
    """A boolean column as the instance shows it."""
    return text.strip().lower() in ("true", "1", "yes")


def number(text: str) -> Decimal | None:
    """The number of `12.3`, `EUR;12.30` or `1,234.5`; None when there is none."""
    try:
        return Decimal(text.rpartition(";")[2].replace(",", "").strip())
    except InvalidOperation:
        return None


def day(text: str) -> date | None:
    """The calendar day of a date or date-time column; None when empty or unreadable."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _same_number(wanted: str, found: str) -> bool:
    code, _, digits = wanted.rpartition(";")
    found_code, _, found_digits = found.rpartition(";")
    if code and found_code and code.upper() != found_code.upper():
        return False
    if plain(digits) == plain(found_digits):
        return True
    sent, got = number(digits), number(found_digits)
    if sent is None:
        return not digits and (got is None or not got)
    return got is not None and sent == got


def _same_text(wanted: str, found: str, cut_allowed: bool) -> bool:
    sent, got = _settled(wanted), _settled(found)
    return sent == got or (cut_allowed and bool(got) and sent.startswith(got))


def _settled(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
