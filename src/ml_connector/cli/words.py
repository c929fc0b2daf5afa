"""Numbers, amounts, moments and durations as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

OUTCOMES = {
    "complete": "complete",
    "complete_with_exceptions": "complete, with exceptions",
    "incomplete": "not finished",
    "cancelled": "cancelled",
    "parked": "parked",
    "failed": "failed",
    "": "running",
}
COLOURS = {
    "complete": "green",
    "complete_with_exceptions": "yellow",
    "incomplete": "yellow",
    "cancelled": "yellow",
    "parked": "red",
    "failed": "red",
    "": "cyan",
}
STATE_COLOURS = {"landed": "green", "delivered": "green", "rejected": "red", "held": "yellow", "in_doubt": "yellow"}


def outcome(name: str, *, short: bool = False) -> str:
    """An outcome in words, coloured; `short` for tables."""
    text = OUTCOMES.get(name, name)
    return f"[{COLOURS.get(name, 'default')}]{text.rpartition('with ')[2] if short else text}[/]"


def state(state: str) -> str:
    """A state in words, coloured."""
    return f"[{STATE_COLOURS.get(state, 'default')}]{state.replace('_', ' ')}[/]"


def entity(name: str) -> str:
    """`gl_accounts` as `GL accounts`."""
    text = name.replace("_", " ")
    return "GL" + text[2:] if text.startswith("gl ") else text


def number(value: int) -> str:
    """1234567 as 1,234,567."""
    return f"{value:,}"


def count(value: int, one: str, many: str = "") -> str:
    """`1 record`, `1,200 records`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def amount(value: Decimal, currency: str = "") -> str:
    """1234.5 as 1,234.50 EUR: at least the currency's own digits, and never fewer than are there."""
    from ml_connector.records.base import minor_unit

    digits = max(_digits(value.normalize()), _digits(minor_unit(currency)) if currency else 0)
    return f"{value:,.{digits}f} {currency}".rstrip()


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 days`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min" if whole % 3600 >= 60 else f"{whole // 3600} h"
    return f"{whole // 86400} days"


def moment(text: str | None) -> str:
    """An ISO time as local time with its zone: `2026-01-31 08:00:00 UTC`."""
    if not text:
        return ""
    local = parse(text).astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S ") + (local.tzname() or "")


def distance(text: str | None, now: datetime) -> str:
    """How long ago, or until: `3 min ago`, `in 25 min`, `now`."""
    if not text:
        return ""
    seconds = (now - parse(text)).total_seconds()
    size = _roughly(abs(seconds))
    if not size:
        return "just now" if seconds >= 0 else "now"
    return f"{size} ago" if seconds >= 0 else f"in {size}"


def _roughly(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else ""
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def parse(text: str) -> datetime:
    """An ISO time; one without a zone is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
