"""What any row may hold: texts, bits, amounts of a double's precision, days of the plant's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Context, Decimal
from typing import Any

from ml_connector.mappings import boolean, day_of_moment, decimal, moment, text
from ml_connector.mappings.words import Env, MissingError

ZERO = Decimal(0)
DECIMALS = 8
FIFTEEN_DIGITS = Context(prec=15)
"""What a double holds surely."""


def text_of(row: Mapping[str, Any], *names: str) -> str:
    """The first of these values that is there."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return text(exact(value) if isinstance(value, Decimal) else value)
    return ""


def flag_of(row: Mapping[str, Any], name: str) -> bool:
    """A bit, given as true, 1 or "True"; none is no."""
    value = row.get(name)
    return value is not None and value != "" and boolean(value)


def number_of(row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None or value == "" else exact(value)


def exact(value: Any) -> Decimal:
    """An amount; the wrong last bit of a double (12.340000000000002) is taken off (FACTS 21)."""
    number = decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS:
        number = FIFTEEN_DIGITS.create_decimal(number).normalize()
        exponent = -1
    if exponent == -1 and number == number.to_integral_value():  # a double writes 25 as 25.0
        return number.quantize(Decimal(1))
    return number


def day_of(*names: str) -> Any:
    """The day of the first of these times, in the plant's own calendar (FACTS 22)."""

    def read(row: Any, env: Env) -> date | None:
        value = text_of(row, *names)
        if not value:
            return None
        where = env.knowledge["zone"]
        return day_of_moment(value) if where is None else moment(value).astimezone(where).date()

    return read


def pcn(row: Any, env: Env) -> str:
    return str(env.knowledge["pcn"])


def currency(row: Any, env: Env) -> str:
    """The document's currency, else the plant's."""
    found = text_of(row, "currencyCode") or env.knowledge["settings"].plant_currency
    if not found:
        raise MissingError(
            "currencyCode is empty.", fix="Fill it in in Plex, or give the plant's currency in plant_currency."
        )
    return str(found)
