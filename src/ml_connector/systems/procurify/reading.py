"""Streams of rows that have a date: what was changed since the last time, in pieces of time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.procurify.api import Api, RowDict
from ml_connector.systems.procurify.cursors import (
    MOST_RECENT,
    OVERLAP,
    TimeCursor,
    moment_of,
    read_cursor,
    window_since,
    write_moment,
)
from ml_connector.systems.procurify.documents import Documents
from ml_connector.systems.procurify.spans import EPOCH, SHORTEST, Span, spans
from ml_connector.systems.procurify.visibility import believe_nothing, hidden

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Dated:
    """A list that is read by the date of the last change."""

    path: str
    filter: str
    suffixes: tuple[str, str]
    stamp: str
    """Column of the date."""


class TimedStream:
    """As `systems.base.Stream` wants it."""

    def __init__(self, documents: Documents, dated: Dated) -> None:
        self.documents = documents
        self.dated = dated
        self.api: Api = documents.api
        self.entity: Entity = documents.entity
        self.mapping_version: str = documents.mapping.version
        self.normalize = documents.normalize

    # Windows -----------------------------------------------------------------------------------------------------

    async def window(self, cursor: Json | None) -> Window:
        """What to read now: the changes since `cursor`, or everything."""
        now = await self.api.server_now()
        return window_since(cursor, TimeCursor, self.documents.domain(), now)

    def _span(self, start: datetime, until: datetime) -> Span:
        dated = self.dated
        return Span(dated.filter, dated.suffixes, start.replace(microsecond=0), None, until)

    def _stamp(self, row: RowDict) -> datetime:
        return moment_of(row.get(self.dated.stamp)) or EPOCH

    # Reading -----------------------------------------------------------------------------------------------------

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on, oldest changes first."""
        bounds = window.bounds
        domain = await self.documents.learn_domain()
        cursor = read_cursor(bounds["cursor"], TimeCursor, domain) if "cursor" in bounds else None
        until = moment_of(bounds["until"]) or EPOCH
        begin = EPOCH if cursor is None else (moment_of(cursor.until) or EPOCH) - OVERLAP
        start = (position and moment_of(position["from"])) or begin
        reading = _Reading(self, until, cursor, position)
        async with aclosing(spans(self.api, self.dated.path, self._span(start, until))) as pieces:
            async for piece, rows in pieces:
                changed = reading.changed(rows)
                for at in range(0, len(changed), PER_PAGE):
                    records = await self.documents.records(changed[at : at + PER_PAGE])
                    reading.note(records)
                    yield Page(records, reading.position(piece.start))
        if not reading.seen:
            await self._believe_nothing(cursor, until)
        yield Page([], None, reading.cursor(domain))

    async def _believe_nothing(self, cursor: TimeCursor | None, until: datetime) -> None:
        """No row came at all, not even one that was there before."""
        newest = moment_of(cursor.newest) if cursor is not None else None
        if newest is None:
            await believe_nothing(self.api, self.dated.path)
            return
        floor = newest.replace(microsecond=0)
        dated = self.dated
        witness = Span(dated.filter, dated.suffixes, floor, floor + SHORTEST, until)
        if not await self.api.listed(dated.path, {}, witness):
            raise hidden(dated.path, f"does not show what was last changed on {newest:%Y-%m-%d %H:%M} UTC any more")

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        await self.documents.learn_domain()
        if self.documents.has_details:
            return await self.documents.fetch(keys)
        until, wanted, found = await self.api.server_now(), set(keys), []
        async with aclosing(spans(self.api, self.dated.path, self._span(EPOCH, until))) as pieces:
            async for _, rows in pieces:
                some = [row for row in rows if self.documents.wanted(row) and self.documents.key(row) in wanted]
                wanted -= {self.documents.key(row) for row in some}
                found += await self.documents.records(some)
                if not wanted:
                    break
        return found

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record."""
        until = await self.api.server_now()
        reading = _Reading(self, until, None, None)
        async with aclosing(spans(self.api, self.dated.path, self._span(EPOCH, until))) as pieces:
            async for _, rows in pieces:
                changed = reading.changed(rows)
                if changed:
                    yield [(self.documents.key(row), self.documents.version(row)) for row in changed]
        if not reading.seen:
            await self._believe_nothing(None, until)


class _Position(msgspec.Struct):
    """Where a window goes on: at the beginning of a piece of time, which is read again."""

    from_: str = msgspec.field(name="from", default="")
    seen: bool = False
    newest: str = ""


class _Reading:
    """One pass: what is worth passing on, and what the cursor has to remember."""

    def __init__(self, stream: TimedStream, until: datetime, cursor: TimeCursor | None, position: Json | None) -> None:
        at = msgspec.convert(position or {}, _Position)
        self._stream = stream
        self._until = until
        self._handled = dict(cursor.recent) if cursor else {}
        """Key -> version of what needs no second look."""
        self._neighbour: dict[str, str] = {}
        """The piece before: the two show what was changed on their edge."""
        self._recent: dict[str, str] = {}
        self._newest = moment_of(at.newest) or moment_of(cursor.newest if cursor else "") or EPOCH
        self.seen = at.seen

    def changed(self, rows: Sequence[RowDict]) -> list[RowDict]:
        """The rows of a piece of time that are new or different, by (stamp, key)."""
        documents, here, found = self._stream.documents, dict[str, str](), []
        for row in rows:
            self.seen = True
            stamp = self._stream._stamp(row)
            if self._newest < stamp <= self._until:
                self._newest = stamp
            if not documents.wanted(row):
                continue
            key, version = documents.key(row), documents.version(row)
            if version in (self._handled.get(key), self._neighbour.get(key)):
                self._remember(key, version, stamp)
            else:
                found.append((stamp, key, row))
            here[key] = version
        self._neighbour = here
        return [row for _, _, row in sorted(found, key=lambda each: each[:2])]

    def note(self, records: Sequence[RawRecord]) -> None:
        """These are about to be passed on."""
        for raw in records:
            self._remember(raw.key, raw.version, moment_of(raw.modified) or EPOCH)

    def _remember(self, key: str, version: str, stamp: datetime) -> None:
        if stamp >= self._until - OVERLAP and len(self._recent) < MOST_RECENT:
            self._recent[key] = version

    def position(self, start: datetime) -> Json:
        made: Json = msgspec.to_builtins(_Position(write_moment(start), self.seen, write_moment(self._newest)))
        return made

    def cursor(self, domain: str) -> Json:
        newest = write_moment(self._newest) if self._newest > EPOCH else ""
        made: Json = msgspec.to_builtins(TimeCursor(domain, write_moment(self._until), newest, self._recent))
        return made
