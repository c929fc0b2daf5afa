"""Single values of SYSPRO rows, however OData or e.net writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector.mappings import decimal
from ml_connector.records.base import minor_unit
from ml_connector.systems.syspro.reading import key_text

Values = Mapping[str, Any]
NONE = Decimal(0)


def amount(row: Values, name: str) -> Decimal:
    """A number, 0 where there is none; e.net pads numbers with blanks."""
    value = row.get(name)
    if isinstance(value, str):
        value = value.strip()
    return NONE if value is None or value == "" else decimal(value)


def words(row: Values, name: str) -> str:
    """Text for people: without blanks around it."""
    value = row.get(name)
    return "" if value is None else key_text(value).strip()


def day(value: Any) -> date | None:
    """A calendar day; its time and zone mean nothing (FACTS 13), and 0000-00-00 is none."""
    if value is None or not isinstance(value, str):
        return None
    text = value.strip()[:10]
    return None if not text or text.startswith("0000") else date.fromisoformat(text)


def is_set(row: Values, name: str) -> bool:
    """A flag Y or N."""
    return words(row, name).upper() == "Y"


def rounded(value: Decimal, currency: str) -> Decimal:
    """To the smallest unit of the currency."""
    return value.quantize(minor_unit(currency), ROUND_HALF_UP)


def in_document_currency(value: Decimal, rate: Decimal, mul_div: str) -> Decimal:
    """An amount in the company's currency as one of the document: `M` multiplies to get local, `D` divides."""
    if not rate or rate == 1:
        return value
    return value * rate if mul_div == "D" else value / rate


def in_local_currency(value: Decimal, rate: Decimal, mul_div: str) -> Decimal:
    """The other way round."""
    if not rate or rate == 1:
        return value
    return value / rate if mul_div == "D" else value * rate


def local_per_unit(rate: Decimal, mul_div: str) -> Decimal | None:
    """What one unit of the document's currency is worth in the company's."""
    if not rate:
        return None
    return (1 / rate).quantize(Decimal("0.000000001")) if mul_div == "D" and rate != 1 else rate
