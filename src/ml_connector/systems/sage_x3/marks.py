"""What a stream remembers between runs: how far each class was read, and what was handled within the overlap."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from ml_connector.systems.base import Json
from ml_connector.systems.cursors import readable

MOST_SEEN = 5000
"""Rows of the overlap that are remembered; the others are read again and found unchanged."""
FRESH = timedelta(seconds=2)
"""A row that was stamped so short a time ago may change again under the same stamp."""
TOLERANCE = timedelta(minutes=5)
"""How far the clock of the database may be ahead of the web server's."""


class Mark(msgspec.Struct):
    """How far one class was read."""

    change: str
    """Property by which its changes are found."""
    stamp: str
    """Largest stamp received that was not in the future, or the server's clock when a full reading began."""
    seen: dict[str, str] = {}
    """Key -> digest of the rows of the overlap that were handled."""


class Cursor(msgspec.Struct):
    """The whole of it."""

    folder: str
    marks: dict[str, Mark]
    versions: dict[str, str] = {}
    """Record's key -> its version, of the records that were given within the overlap."""


def read_cursor(document: Json) -> Cursor:
    """Raises Unbelievable when it cannot be read."""
    with readable():
        cursor = msgspec.convert(document, Cursor)
        for mark in cursor.marks.values():
            read_stamp(mark.stamp)
    return cursor


def read_stamp(text: str) -> datetime:
    """A stamp or a day as X3 writes it; UTC where it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_stamp(text: str) -> bool:
    """An empty day may be written as zeros."""
    try:
        read_stamp(text)
    except ValueError:
        return False
    return True


def stamp_of(moment: datetime, by_day: bool) -> str:
    """A moment of the server's clock as a stamp, in whole seconds."""
    return f"{moment:%Y-%m-%d}" if by_day else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def digest(row: bytes) -> str:
    return hashlib.blake2b(row, digest_size=9).hexdigest()


@dataclass
class Progress:
    """Collects what becomes the new mark of one class while its rows pass."""

    old: Mark
    by_day: bool
    overlap: timedelta
    fixed: bool = False
    """A full reading: the mark is the moment at which it began."""
    stamp: str = ""
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key -> (stamp, digest) of the rows handled now."""

    def __post_init__(self) -> None:
        self.stamp = self.stamp or self.old.stamp

    @property
    def floor(self) -> str:
        """The lowest stamp to ask for, by what the last reading left."""
        return stamp_of(read_stamp(self.old.stamp) - self.overlap, self.by_day)

    def in_overlap(self, stamp: str) -> bool:
        """Whether the next reading will meet this row again."""
        return bool(stamp) and read_stamp(stamp) >= read_stamp(self.stamp) - self.overlap - timedelta(seconds=1)

    def is_new(self, key: str, stamp: str, of_row: str, server_date: datetime | None) -> bool:
        """Whether the row has to be looked at; notes it in any case."""
        fresh = self.is_fresh(stamp, server_date)
        known = self.old.seen.get(key)
        self.note(key, stamp, of_row, server_date)
        return fresh or known != of_row

    def note(self, key: str, stamp: str, of_row: str, server_date: datetime | None) -> None:
        """This row is handled by this run."""
        if not stamp:
            return
        if not self.fixed and not self._is_future(stamp, server_date) and read_stamp(stamp) > read_stamp(self.stamp):
            self.stamp = stamp
        if self.in_overlap(stamp) and not self.is_fresh(stamp, server_date):
            self.seen[key] = (stamp, of_row)
            if len(self.seen) > 2 * MOST_SEEN:
                self._prune()

    def is_fresh(self, stamp: str, server_date: datetime | None) -> bool:
        """Whether it may change again without another stamp."""
        if not stamp or server_date is None:
            return True
        if self.by_day:
            return read_stamp(stamp).date() >= (server_date - timedelta(days=1)).date()
        return read_stamp(stamp) > server_date - FRESH

    def _is_future(self, stamp: str, server_date: datetime | None) -> bool:
        if server_date is None:
            return True
        ahead = timedelta(days=1) if self.by_day else TOLERANCE
        return read_stamp(stamp) > server_date + ahead

    def _prune(self) -> None:
        kept = {key: each for key, each in self.seen.items() if self.in_overlap(each[0])}
        self.seen = dict(list(kept.items())[-MOST_SEEN:])

    def mark(self) -> Mark:
        self._prune()
        return Mark(self.old.change, self.stamp, {key: each for key, (_, each) in self.seen.items()})
