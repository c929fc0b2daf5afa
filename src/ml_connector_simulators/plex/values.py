"""How a field's value is kept, how it goes over the wire, and how a filter's text is read (fact sheet §2, §3).

Types are one letter as in the sheet: s string, g GUID, n double, i int, b bool, t timestamp. A timestamp is kept as a
text of fixed width, `2026-03-01T09:41:07.1234567Z`, whose order is that of time.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from math import inf, nextafter
from typing import Any
from uuid import UUID, uuid5

from .refusals import bad_argument

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?Z")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GUIDS = UUID("7b0d0c3e-0a5c-5b7e-9c55-91044551044f")
MONEY = frozenset(
    {
        "unitPrice",
        "lineItemTotal",
        "discount",
        "amount",
        "balance",
        "totalControlAmount",
        "foreignCurrencyAmount",
        "foreignCurrencyBalance",
        "discountableAmount",
        "debit",
        "credit",
        "currencyDebit",
        "currencyCredit",
        "taxAmount",
        "taxableAmount",
        "clearedAmount",
    }
)
CANCELLED_WORDS = ("Cancelled", "Canceled")


@lru_cache(maxsize=1 << 17)
def guid(pcn: str, entity: str, number: object) -> str:
    """The GUID of a thing; the same in every process."""
    return str(uuid5(_GUIDS, f"{pcn} {entity} {number}"))


@lru_cache(maxsize=1 << 16)
def stamp(moment: datetime, ticks: int = 0) -> str:
    """A moment as it is kept; `ticks` are the further 100 ns that Plex tells (below 10)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}{ticks}Z"


@lru_cache(maxsize=1 << 16)
def read_stamp(text: str) -> str | None:
    """`YYYY-MM-DDThh:mm[:ss[.f{1,7}]]Z` as it is kept; None for any other text, a bare date above all (§3)."""
    found = _STAMP.fullmatch(text)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}:{found[2] or '00'}")
    except ValueError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{(found[3] or '').ljust(7, '0')}Z"


def stored(kind: str, value: Any) -> Any:
    """A value given by the story or the control surface as it is kept. Raises ValueError."""
    if value is None:
        return None
    if kind == "n":
        return Decimal(str(value))
    if kind == "i":
        return int(value)
    if kind == "b":
        return value in (True, "true", "True")
    if kind == "t":
        return _stored_stamp(value)
    if kind == "g":
        return value if isinstance(value, str) and _GUID.fullmatch(value) else str(UUID(str(value)))
    return str(value)


def _stored_stamp(value: Any) -> str:
    if isinstance(value, str):
        value = read_stamp(value) or datetime.fromisoformat(value)
    if isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else value
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return stamp(value)


def plain(kind: str, value: Any) -> Any:
    """A kept value as the control surface tells it: numbers as Decimal, stamps as on the wire."""
    return _shown_stamp(value) if kind == "t" and value is not None else value


def wired(name: str, kind: str, value: Any, noise: bool) -> Any:
    """A kept value as it goes into JSON; numbers are doubles."""
    if value is None:
        return None
    if kind == "t":
        return _shown_stamp(value)
    if kind == "n":
        number = float(value)
        return nextafter(number, inf) if noise and name in MONEY and number else number
    return value


def _shown_stamp(value: str) -> str:
    """Without zeros at the end of the fraction."""
    return value[:-1].rstrip("0").rstrip(".") + "Z"


def argument(name: str, kind: str, text: str) -> Any:
    """A filter's text as it compares with kept values. Raises RefusedError 400."""
    try:
        if kind == "t":
            value = read_stamp(text)
            if value is None:
                raise ValueError(text)
            return value
        if kind == "b":
            return {"true": True, "false": False}[text.lower()]
        if kind == "g":
            return str(UUID(text))
        return stored(kind, text)
    except (ValueError, KeyError, ArithmeticError) as error:
        raise bad_argument(name, text) from error
