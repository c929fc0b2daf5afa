"""What a stream remembers between runs, and why it may not be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import msgspec

from ml_connector.systems.base import Json, Window
from ml_connector.systems.cursors import Unbelievable, check_future, readable

OVERLAP = timedelta(days=1)
"""So far changes are read again (FACTS 36)."""
MOST_RECENT = 5000
"""Records of the overlap that are remembered; the others are read again and found unchanged."""


class TimeCursor(msgspec.Struct, tag_field="kind", tag="time"):
    """Changes are found by time."""

    domain: str
    until: str
    """The server's clock when reading began."""
    newest: str = ""
    """The latest stamp that was seen, the future left aside: a row that has to be visible still."""
    recent: dict[str, str] = {}
    """Key -> version of the records of the overlap, and of the future, that were handled."""


class ListCursor(msgspec.Struct, tag_field="kind", tag="list"):
    """Changes are found by comparing a whole list."""

    domain: str
    until: str
    known: dict[str, str]
    """Key -> version."""


C = TypeVar("C", TimeCursor, ListCursor)


def read_cursor(cursor: Json, kind: type[C], domain: str) -> C:
    """The stored cursor. Raises Unbelievable when it cannot be read or belongs to another domain."""
    with readable():
        found = msgspec.convert(cursor, kind)
    if moment_of(found.until) is None:
        raise Unbelievable(f"the cursor's time {found.until!r} is none")
    if found.domain != domain:
        raise Unbelievable(f"the cursor is of domain {found.domain}")
    return found


def window_since(cursor: Json | None, kind: type[C], domain: str, now: datetime) -> Window:
    """What to read now: the changes since `cursor`, or everything where there is none to believe."""
    bounds: Json = {"until": write_moment(now)}
    if cursor is None:
        return Window(bounds, first_load=True)
    try:
        until = read_cursor(cursor, kind, domain).until
        check_future(until, moment_of(until), now + OVERLAP)
    except Unbelievable as reason:
        return Window(bounds, first_load=True, remark=f"Everything is read again: {reason}.")
    return Window({**bounds, "cursor": cursor}, first_load=False)


@lru_cache(maxsize=10_000)
def moment_of(stamp: object) -> datetime | None:
    """A time stamp as a moment in UTC; None where it is none."""
    try:
        parsed = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
        return parsed and (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """In UTC with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
