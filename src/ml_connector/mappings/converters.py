"""From the values that JSON and vendors give to the types of canonical records; each refuses what it cannot read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0", ""})


def text(value: Any) -> str:
    """Text exactly as it came: leading zeros and blanks belong to it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{value!r} is not a text")


def trimmed(value: Any) -> str:
    """Text for people, without blanks around it."""
    return text(value).strip()


def decimal(value: Any) -> Decimal:
    """An exact number, given as a JSON number or as a text."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is not a number")
    else:
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return abs(number) if number.is_zero() else number  # a credit memo's tax of -0.00 is no debt


def integer(value: Any) -> int:
    """A whole number, given as a number or as a text."""
    number = decimal(value)
    if number != number.to_integral_value():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def boolean(value: Any) -> bool:
    """True or false, also as the enumeration texts "TRUE", "Yes", "1"."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{value!r} is neither yes nor no")


def day(value: Any) -> date:
    """A calendar day `YYYY-MM-DD`; a time after it is refused."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")
    return date.fromisoformat(value)


def moment(value: Any) -> datetime:
    """A point in time, aware; a text without a zone is UTC."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a time")
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def day_of_moment(value: Any) -> date:
    """The calendar day of a point in time, as the source writes it; a plain day passes."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a time")
    return date.fromisoformat(value[:10])
