"""What a stream remembers between runs, and why it may not be believed."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ml_connector.systems.base import Json
from ml_connector.systems.cursors import Unbelievable, readable
from ml_connector.systems.plex.rows import moment_of

MOST_RECENT = 5000
"""Records of the overlap that are remembered; the others are read again and found unchanged."""
WITNESSES = 5
"""Records that have to be visible before an empty answer counts as nothing new."""


class TimeCursor(msgspec.Struct, tag_field="kind", tag="time"):
    """Changes are found by time."""

    pcn: str
    until: str
    """The server's clock when reading began."""
    recent: dict[str, str] = {}
    """Key -> digest of the records of the overlap, and of the future, that were handled."""
    witnesses: list[str] = []


class ListCursor(msgspec.Struct, tag_field="kind", tag="list"):
    """Changes are found by comparing a whole list."""

    pcn: str
    until: str
    known: dict[str, str]
    """Key -> version."""
    source: str = ""
    """Where the list comes from: another source has other keys."""


C = TypeVar("C", bound=TimeCursor | ListCursor)


def read_cursor(cursor: Json, kind: type[C], pcn: str) -> C:
    """The stored cursor. Raises Unbelievable when it cannot be read or belongs to another PCN."""
    with readable():
        found = msgspec.convert(cursor, kind)
    if moment_of(found.until) is None:
        raise Unbelievable(f"the cursor's time {found.until!r} is none")
    if found.pcn != pcn:
        raise Unbelievable(f"the cursor is of PCN {found.pcn}")
    return found
