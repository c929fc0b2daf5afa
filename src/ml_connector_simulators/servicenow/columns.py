"""How a column is declared, and what it makes of a value that is sent to it (fact sheet section 2).

A stored value is always text. Money is stored as `EUR;12.35`, a boolean as `true` or `false`, a time as
`YYYY-MM-DD HH:MM:SS` in UTC, anything unset as the empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from .. import exact_json
from .switches import Switches

Kind = Literal[
    "string",
    "integer",
    "decimal",
    "currency",
    "currency2",
    "boolean",
    "reference",
    "date",
    "date_time",
    "choice",
    "guid",
]

INTERNAL_TYPES: dict[Kind, str] = {
    "string": "string",
    "integer": "integer",
    "decimal": "decimal",
    "currency": "currency",
    "currency2": "currency2",
    "boolean": "boolean",
    "reference": "reference",
    "date": "glide_date",
    "date_time": "glide_date_time",
    "choice": "string",
    "guid": "GUID",
}

NUMERIC_KINDS = frozenset({"integer", "decimal", "currency"})
REFERENCE_KINDS = frozenset({"reference", "currency2"})

SYS_ID = re.compile(r"[0-9a-f]{32}")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
CURRENCY_CODE = re.compile(r"[A-Za-z]{3}")


class Column(msgspec.Struct, frozen=True):
    """A column of a table, as sys_dictionary would describe it."""

    name: str
    label: str
    kind: Kind = "string"
    max_length: int = 100
    reference: str = ""
    """Table that a reference points to."""
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    """Data policy: an insert or update that leaves it empty answers 403."""
    read_only: bool = False
    """Sent values are dropped without an error."""
    default: str = ""
    indexed: bool = False
    """Whether equality is answered from an index; speed only, nothing a client sees."""


Coercion = Callable[[str], str]


def coercion(column: Column, switches: Switches) -> Coercion:
    """Returns what turns a sent text into the text that the column stores."""
    match column.kind:
        case "integer":
            return to_integer
        case "decimal":
            places = switches.decimal_places
            return lambda text: to_decimal(text, places)
        case "currency" | "currency2":
            code, places = switches.session_currency, switches.decimal_places
            return lambda text: to_currency(text, code, places)
        case "boolean":
            return to_boolean
        case "date":
            return to_date
        case "date_time":
            return to_date_time
        case "choice" if not switches.allow_non_existing_choice:
            known = frozenset(column.choices)
            return lambda text: text if text in known else ""
    length = 32 if column.kind in ("reference", "guid") else column.max_length
    return lambda text: text if len(text) <= length else text[:length]


def text_of(value: Any) -> str:
    """Returns a JSON value as the text that the instance works with; nested values are mangled into text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "f" if isinstance(value, Decimal) else "d")
    return exact_json.dump(value).decode()


def plain(number: Decimal) -> str:
    """Returns a number without exponent and trailing zeros: 494.00 reads 494."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parsed(text: str) -> Decimal | None:
    """Returns the number that a text holds in an English locale, or None."""
    try:
        number = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def to_integer(text: str) -> str:
    """Cuts the decimals off without an error; what is no number is stored empty."""
    if text.isdecimal() and text.isascii():
        return text.lstrip("0") or "0"
    number = parsed(text)
    return "" if number is None else str(int(number))


def to_decimal(text: str, places: int | None) -> str:
    """Keeps the number, rounded where the instance limits decimals; what is no number is stored empty."""
    number = parsed(text)
    if number is None:
        return ""
    return plain(number if places is None else round(number, places))


def to_currency(text: str, session_currency: str, places: int | None) -> str:
    """Reads `EUR;12.35`; a bare amount is taken to be in the user's currency."""
    if not text:
        return ""
    code, divider, amount = text.rpartition(";")
    if divider and not CURRENCY_CODE.fullmatch(code):
        return ""
    number = to_decimal(amount, places)
    return f"{code.upper() if divider else session_currency};{number}" if number else ""


def to_boolean(text: str) -> str:
    """Stores true for `true` and `1`, else false."""
    return "true" if text.lower() in ("true", "1") else "false"


def to_date_time(text: str) -> str:
    """Stores `YYYY-MM-DD HH:MM:SS`; an ISO form with T or Z is stored empty."""
    if DATE.fullmatch(text):
        text += " 00:00:00"
    if not DATE_TIME.fullmatch(text):
        return ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text


def to_date(text: str) -> str:
    """Stores `YYYY-MM-DD`, also out of a date-time in the instance's form; an ISO form is stored empty."""
    day = text[:10]
    if not (DATE.fullmatch(text) or DATE_TIME.fullmatch(text)):
        return ""
    try:
        date.fromisoformat(day)
    except ValueError:
        return ""
    return day


def amount_of(money: str) -> Decimal:
    """Returns the amount of a stored `EUR;12.35`; nothing counts as zero."""
    return Decimal(money.rpartition(";")[2] or 0)


def currency_of(money: str) -> str:
    """Returns the currency code of a stored `EUR;12.35`."""
    return money.rpartition(";")[0]


def display_of_money(money: str) -> str:
    """Returns money in the user's display form, which no client should parse: `€1,234.50`."""
    if not money:
        return ""
    symbol = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(currency_of(money), currency_of(money) + " ")
    amount = amount_of(money)
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{symbol}{amount:,.{places}f}"
