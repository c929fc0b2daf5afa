"""What a stream remembers between runs, and why it may not be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import msgspec

from ml_connector.systems.base import Json

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


class Unbelievable(Exception):  # noqa: N818 - never leaves this package; the word says what it is
    """A cursor that must not be used; the text says why."""


C = TypeVar("C", TimeCursor, ListCursor)


def read_cursor(cursor: Json, kind: type[C], domain: str) -> C:
    """The stored cursor. Raises Unbelievable when it cannot be read or belongs to another domain."""
    try:
        found = msgspec.convert(cursor, kind)
    except msgspec.ValidationError as error:
        raise Unbelievable(f"the cursor could not be read ({error})") from None
    if moment_of(found.until) is None:
        raise Unbelievable(f"the cursor's time {found.until!r} is none")
    if found.domain != domain:
        raise Unbelievable(f"the cursor is of domain {found.domain}")
    return found


def check_future(until: str, now: datetime, overlap: timedelta) -> None:
    """Raises Unbelievable for a time that the server's clock has not reached."""
    moment = moment_of(until)
    if moment is not None and moment > now + overlap:
        raise Unbelievable(f"the cursor ({until}) lies in the future of the server's clock")


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
