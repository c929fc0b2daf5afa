"""What a stream remembers between runs: how far each set was read, and what was handled within the overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ml_connector.systems.base import Json
from ml_connector.systems.cursors import Unbelievable, readable
from ml_connector.systems.ifs_cloud.sets import Row, ServerClock, read_stamp, write_stamp

MOST_SEEN = 5000
"""Rows of the overlap that are remembered; the others are read again and found unchanged."""
QUIET = timedelta(days=1)
"""After so long without a change nothing that was committed late can turn up behind the watermark any more."""


class Watermark(msgspec.Struct, omit_defaults=True):
    """How far one set was read."""

    stamp: str = ""
    """The largest time stamp received that was not in the future; "" when there was none: all is read."""
    seen: dict[str, str] = {}
    """Key -> digest of the rows from `stamp` - overlap on that were handled."""
    page: int = 0
    """Rows of the largest page: what is shorter was not cut off."""
    closed: bool = False
    """More rows carry the last stamps than can be remembered, and all were read: go on strictly behind `stamp`."""


class FieldCursor(msgspec.Struct, tag_field="strategy", tag="field"):
    """Changes are found by a time stamp."""

    sets: dict[str, Watermark]
    companies: list[str]
    change_field: str


class SweepCursor(msgspec.Struct, tag_field="strategy", tag="sweep"):
    """Changes are found by comparing versions."""

    since: str
    """Day up to which new rows were read, as the server's clock had it; "" when it has none."""
    known: dict[str, str]
    """Key -> version of the documents that may still change."""
    companies: list[str]


Cursor = FieldCursor | SweepCursor


def read_cursor(cursor: Json) -> Cursor:
    """The stored cursor. Raises Unbelievable when it cannot be read."""
    with readable():
        return msgspec.convert(cursor, FieldCursor | SweepCursor)


def check_cursor(cursor: Cursor, companies: Sequence[str], clock: ServerClock, now: datetime | None) -> None:
    """Raises Unbelievable for one from the future, or from before a company was added."""
    if added := sorted(set(companies) - set(cursor.companies)):
        raise Unbelievable(f"company {', '.join(added)} is new")
    marks = cursor.sets if isinstance(cursor, FieldCursor) else {}
    for name, mark in marks.items():
        if mark.stamp:
            _check_stamp(name, mark.stamp, clock, now)
    if isinstance(cursor, SweepCursor) and cursor.since and now is not None:
        try:
            future = datetime.fromisoformat(cursor.since).date() > clock.today(now)
        except ValueError:
            raise Unbelievable(f"the cursor's day {cursor.since!r} is none") from None
        if future:
            raise Unbelievable(f"the cursor's day {cursor.since} lies in the future of the server")


def _check_stamp(name: str, stamp: str, clock: ServerClock, now: datetime | None) -> None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise Unbelievable(f"the cursor's time stamp {stamp!r} is none") from None
    if now is not None and moment.tzinfo and moment > clock.latest(now) + timedelta(seconds=60):
        raise Unbelievable(f"the cursor of {name} ({stamp}) lies in the future of the server's clock")


class Progress:
    """Collects what becomes the new watermark of one set while its rows pass."""

    def __init__(self, clock: ServerClock, overlap: timedelta, start: str, *, fixed: bool = False) -> None:
        """`fixed`: rows come in key order, the watermark was taken before reading and stays `start`."""
        self._clock = clock
        self._overlap = overlap
        self._fixed = fixed
        self.stamp = start
        self._seen: dict[str, tuple[str, str]] = {}
        self._overflow = False
        self._pruned_to: str | None = None
        self._floor = self._lowest()

    def _lowest(self) -> str:
        return lower_bound(self.stamp, self._overlap) if self.stamp else ""

    def note(self, rows: Sequence[Row], server_date: datetime | None) -> None:
        """These rows are handled by this run."""
        if not rows:
            return
        if not self._fixed:
            self._raise_to(rows, server_date)
        floor = self._floor
        for row in rows:
            if row.stamp and (not floor or row.stamp[:19] >= floor[:19]):
                self._remember(row)

    def _raise_to(self, rows: Sequence[Row], server_date: datetime | None) -> None:
        for row in reversed(rows):
            if row.stamp and not self._clock.is_future(row.stamp, server_date):
                if not self.stamp or read_stamp(row.stamp) > read_stamp(self.stamp):
                    self.stamp = row.stamp
                    self._floor = self._lowest()
                return

    def _remember(self, row: Row) -> None:
        if len(self._seen) >= 2 * MOST_SEEN and self._pruned_to != self._floor:
            self._prune()
        if len(self._seen) >= 2 * MOST_SEEN:
            self._overflow = True
            return
        self._seen[row.text_key] = (row.stamp, row.digest())

    def _prune(self) -> None:
        floor = self._floor[:19]
        self._pruned_to = self._floor
        self._seen = {key: value for key, value in self._seen.items() if value[0][:19] >= floor}

    def watermark(self, page: int, server_date: datetime | None) -> Watermark:
        """The set's new watermark."""
        self._prune()
        if len(self._seen) > MOST_SEEN or self._overflow:
            if self._is_quiet(server_date):
                return Watermark(self.stamp, {}, page, True)
            self._seen = dict(list(self._seen.items())[-MOST_SEEN:])
        return Watermark(self.stamp, {key: digest for key, (_, digest) in self._seen.items()}, page)

    def _is_quiet(self, server_date: datetime | None) -> bool:
        if server_date is None or not self.stamp:
            return False
        return self._clock.wall(server_date) > read_stamp(self.stamp) + self._overlap + QUIET


def lower_bound(stamp: str, overlap: timedelta) -> str:
    """`stamp` less the overlap, in whole seconds."""
    return write_stamp(read_stamp(stamp) - overlap)


def to_json(value: Any) -> Json:
    """A cursor or bounds as plain JSON."""
    found: Json = msgspec.to_builtins(value)
    return found


def marks_of(document: Mapping[str, Any]) -> dict[str, Watermark]:
    """The watermarks in a window's bounds."""
    return msgspec.convert(document, dict[str, Watermark])
