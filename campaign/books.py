"""Reads the product's database without the product, and holds it against what the source really has.

Of what reading on from the cursor would not bring, the newest version has to be stored and judged; of what reading on
from the read mark would not bring, it has to be in the inbox at least; a page counts as settled only as far as its
records are.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
import zstandard

from campaign.promises import Outlook, Place, Promises, same

SQLITE_FILE = "ml-connector.sqlite3"
DETAIL_RAW = 5
"""Position of (page, index) in the column `detail` of a record."""
Raw = list[Any]
"""key, scope, version, modified, payload."""


class Problem(NamedTuple):
    """Where the store claims to be further than it is."""

    entity: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.entity} {self.key}: {self.text}"


class Books:
    """What the store says, by plain SQL."""

    def __init__(self, home: Path, database_url: str) -> None:
        self._home, self._url = home, database_url

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if self._url:
            with psycopg.connect(self._url) as connection:
                return connection.execute(sql.encode()).fetchall()
        with closing(sqlite3.connect(self._home / SQLITE_FILE, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def let_locks_expire(self) -> None:
        """As if the quarter of a minute had passed after which a dead process's locks are free."""
        with suppress(sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            if self._url:
                with psycopg.connect(self._url) as connection:
                    connection.execute("UPDATE store_lock SET expires_at = 0")
            elif (file := self._home / SQLITE_FILE).exists():
                with closing(sqlite3.connect(file, timeout=30)) as database, database:
                    database.execute("UPDATE store_lock SET expires_at = 0")

    def is_kept_busy(self) -> bool:
        """Whether somebody is amid a transaction that keeps all other writers out; in PostgreSQL nobody does."""
        if self._url:
            return False
        with closing(sqlite3.connect(self._home / SQLITE_FILE, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False

    def states(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(entity, key) -> (state, reason code)."""
        sql = "SELECT t.entity, r.key, r.state, r.code FROM store_record r JOIN store_route t ON t.id = r.route_id"
        return {(entity, key): (state, code) for entity, key, state, code in self.query(sql)}

    def problems(self, promises: Promises) -> list[Problem]:
        """Where the store claims to be further than it is; [] before anything was configured."""
        try:
            routes = self.query("SELECT id, entity, cursor, read_mark FROM store_route ORDER BY id")
        except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return []
        pages = _Pages(self)
        places = [Place(entity, _plain(cursor), _plain(mark)) for _, entity, cursor, mark in routes]
        outlooks = {found.place.entity: found for found in promises.outlooks(places)}
        return [
            problem
            for number, entity, _, _ in routes
            for problem in _Route(self, pages, number, entity).problems(outlooks.get(entity))
        ]


def _plain(text: str | None) -> Any:
    return None if text is None else json.loads(text)


class _Pages:
    """The raw store."""

    def __init__(self, books: Books) -> None:
        sql = "SELECT id, route_id, records, settled, open, body FROM store_rawpage ORDER BY id"
        rows = books.query(sql)
        self.rows = {number: (route, count, settled, bool(open_)) for number, route, count, settled, open_, _ in rows}
        self._bodies = {row[0]: row[5] for row in rows}
        self._decoded: dict[int, list[Raw]] = {}

    def records(self, page: int) -> list[Raw]:
        """Raw records; none where retention erased them."""
        if self._bodies[page] is None:
            return []
        if page not in self._decoded:
            plain = zstandard.ZstdDecompressor().decompress(bytes(self._bodies[page]))
            self._decoded[page] = msgspec.msgpack.decode(plain)
        return self._decoded[page]

    def of(self, route: int) -> Iterator[tuple[int, int, list[Raw]]]:
        """Page, how many of its records are settled, the records."""
        for page, (owner, count, settled, open_) in self.rows.items():
            if owner == route:
                yield page, settled if open_ else count, self.records(page)


class _Route:
    """One route, held against the source."""

    def __init__(self, books: Books, pages: _Pages, number: int, entity: str) -> None:
        self.pages, self.number, self.entity = pages, number, entity
        sql = f"SELECT key, state, released, version, detail FROM store_record WHERE route_id = {number}"
        self.rows = {
            key: ("released" if state == "received" and released else state, version, detail)
            for key, state, released, version, detail in books.query(sql)
        }

    def problems(self, outlook: Outlook | None) -> Iterator[Problem]:
        yield from self._pages_settled()
        if outlook is not None and outlook.place.cursor is not None:
            yield from self._behind_cursor(outlook)
        if outlook is not None and outlook.place.mark is not None:
            yield from self._behind_mark(outlook)

    def _pages_settled(self) -> Iterator[Problem]:
        for page, settled, records in self.pages.of(self.number):
            for raw in records[:settled]:
                if raw[0] not in self.rows:
                    yield Problem(self.entity, raw[0], f"page {page} is settled past it, and it has no state")

    def _behind_cursor(self, outlook: Outlook) -> Iterator[Problem]:
        for key, raw in outlook.everything.items():
            if key in outlook.after_cursor:
                continue
            if key not in self.rows:
                yield Problem(self.entity, key, "the cursor is past it, and it is not there")
                continue
            state, version, detail = self.rows[key]
            if state == "received":
                yield Problem(self.entity, key, "the cursor is past it, and nobody has judged it")
            stored = self._stored(detail)
            if stored is not None and (stored[0] != key or (version and stored[2] != version)):
                text = f"its stored form is that of {stored[0]} version {stored[2]}, not {version}"
                yield Problem(self.entity, key, text)
            elif stored is not None and not same(raw, stored):
                yield Problem(self.entity, key, "the cursor is past a version that is not stored")

    def _stored(self, detail: bytes) -> Raw | None:
        """The raw record that was judged last; None where retention erased it."""
        page, index = msgspec.msgpack.decode(bytes(detail))[DETAIL_RAW]
        records = self.pages.records(page)
        return records[index] if records else None

    def _behind_mark(self, outlook: Outlook) -> Iterator[Problem]:
        kept: dict[str, list[Raw]] = defaultdict(list)
        for _, _, records in self.pages.of(self.number):
            for stored in records:
                kept[stored[0]].append(stored)
        for key, raw in outlook.everything.items():
            if key in outlook.after_mark:
                continue
            if key not in kept and key not in self.rows:
                yield Problem(self.entity, key, "the read mark is past it, and it is not in the inbox")
            elif kept[key] and not any(same(raw, each) for each in kept[key]):
                yield Problem(self.entity, key, "the read mark is past a version that is not in the inbox")
