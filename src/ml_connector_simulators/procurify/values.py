"""How values are kept and how the API gives them: decimals as strings, time stamps with the tenant's offset."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .schema import Kind

_PLACES = {"price": Decimal("1e-8"), "quantity": Decimal("1e-5")}
_CENT = Decimal("0.01")


def kept(kind: Kind, value: Any) -> Any:
    """A person's value in the form in which it is stored. Raises ValueError if it is none of that kind."""
    if value is None:
        return None
    try:
        return _KEEPERS[kind](value)
    except (InvalidOperation, TypeError, AttributeError) as error:
        raise ValueError(f"{value!r} is no {kind}") from error


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is no bool")
    return value


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return moment.astimezone(UTC)


def _day(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(value)


def _json(value: Any) -> Any:
    """Lists and objects are copied, so that two rows never share one."""
    if isinstance(value, Mapping):
        return {name: _json(part) for name, part in value.items()}
    return [_json(part) for part in value] if isinstance(value, list | tuple) else value


_KEEPERS: Mapping[Kind, Callable[[Any], Any]] = {
    "int": int,
    "text": str,
    "bool": _bool,
    "uuid": lambda value: str(UUID(value)),
    "amount": _decimal,
    "price": _decimal,
    "quantity": _decimal,
    "number": _decimal,
    "moment": _moment,
    "midnight": _day,
    "day": _day,
    "json": _json,
}


class Style:
    """How this domain writes values."""

    def __init__(self, time_zone: str, *, bare_uuids: bool) -> None:
        """Raises ZoneInfoNotFoundError for an unknown zone."""
        self.zone = ZoneInfo(time_zone)
        self._bare_uuids = bare_uuids

    def given(self, kind: Kind, value: Any) -> Any:
        """A stored value as the API gives it."""
        if value is None or kind in ("int", "text", "bool", "number"):
            return value
        if kind == "uuid":
            return self.uuid(value)
        if kind == "moment":
            return self.moment(value)
        if kind == "midnight":
            return self.moment(datetime.combine(value, time(), self.zone))
        if kind == "day":
            return value.isoformat()
        if kind == "json":
            return self._json(value)
        return decimal_text(kind, value)

    def uuid(self, value: str) -> str:
        """Hyphenated or bare hex."""
        return value.replace("-", "") if self._bare_uuids else value

    def moment(self, value: datetime) -> str:
        """ISO 8601 with the tenant's offset, `Z` for UTC."""
        return value.astimezone(self.zone).isoformat().replace("+00:00", "Z")

    def _json(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._json(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._json(part) for part in value]
        return self.moment(value) if isinstance(value, datetime) else value


def day_of(text: str) -> date:
    """A date written `YYYY-MM-DD`, and in no other way that ISO 8601 knows. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def plain(value: Decimal) -> Decimal:
    """An amount without the zeros that a multiplication leaves behind, but with at least two places."""
    rounded = value.quantize(_CENT)
    return rounded if rounded == value else value.normalize()


def decimal_text(kind: Kind, value: Decimal) -> str:
    """`12.50000000` for a price, `40.00000` for a quantity, at least two places for an amount."""
    if kind in _PLACES:
        return f"{value.quantize(_PLACES[kind]):f}"
    exponent = value.as_tuple().exponent
    return f"{value:f}" if isinstance(exponent, int) and exponent <= -2 else f"{value.quantize(_CENT):f}"
