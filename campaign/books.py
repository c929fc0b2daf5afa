"""Reads the product's database without the product, and holds it against what the source really has.

The cursor may only be past rows whose newest version is stored and judged; the read mark only past rows that are at
least in the inbox; a page counts as settled only as far as its records are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import zstandard

Row = dict[str, Any]
Records = dict[str, Row]
SQLITE_FILE = "ml-connector.sqlite3"
DETAIL_RAW = 5
"""Position of (page, index) in the column `detail` of a record."""

PARTS = {
    "suppliers": ("SupplierInfoGeneralSet", ("SupplierId",)),
    "supplier_addresses": ("SupplierInfoAddresses", ("SupplierId", "AddressId")),
    "purchase_orders": ("PurchaseOrderSet", ("OrderNo",)),
    "purchase_order_part_lines": ("PurchaseOrderLineSet", ("OrderNo", "LineNo", "ReleaseNo")),
    "purchase_order_nopart_lines": ("PurchaseOrderLineSet", ("OrderNo", "LineNo", "ReleaseNo")),
    "invoices": ("PostingProposalHeadSet", ("Company", "InvoiceId")),
    "invoice_lines": ("PostingProposalLineSet", ("Company", "InvoiceId", "RowId")),
    "gl_accounts": ("AccountSet", ("Company", "Account")),
}
"""The cursor's names for the source's sets, and their keys; cost centers are `cost_centers:B:10`."""


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

    def states(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(entity, key) -> (state, reason code)."""
        sql = "SELECT t.entity, r.key, r.state, r.code FROM store_record r JOIN store_route t ON t.id = r.route_id"
        return {(entity, key): (state, code) for entity, key, state, code in self.query(sql)}

    def problems(self, truth: Mapping[str, list[Row]]) -> list[str]:
        """Where the store claims to be further than it is; [] before anything was configured."""
        try:
            routes = self.query("SELECT id, entity, cursor, read_mark FROM store_route")
        except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return []
        pages = _Pages(self)
        return [
            problem
            for number, entity, cursor, mark in routes
            for problem in _Route(self, pages, number, entity, truth).problems(cursor, mark)
        ]


class _Pages:
    """The raw store."""

    def __init__(self, books: Books) -> None:
        sql = "SELECT id, route_id, records, settled, open, body FROM store_rawpage"
        rows = books.query(sql)
        self.rows = {number: (route, count, settled, bool(open_)) for number, route, count, settled, open_, _ in rows}
        self._bodies = {row[0]: row[5] for row in rows}
        self._decoded: dict[int, list[list[Any]]] = {}

    def records(self, page: int) -> list[list[Any]]:
        """Raw records: key, scope, version, modified, payload; none where retention erased them."""
        if self._bodies[page] is None:
            return []
        if page not in self._decoded:
            plain = zstandard.ZstdDecompressor().decompress(bytes(self._bodies[page]))
            self._decoded[page] = msgspec.msgpack.decode(plain)
        return self._decoded[page]


class _Route:
    """One route, held against the source."""

    def __init__(self, books: Books, pages: _Pages, number: int, entity: str, truth: Mapping[str, list[Row]]) -> None:
        self.pages, self.number, self.entity, self.truth = pages, number, entity, truth
        sql = f"SELECT key, state, released, version, detail FROM store_record WHERE route_id = {number}"
        self.rows = {
            key: ("released" if state == "received" and released else state, version, detail)
            for key, state, released, version, detail in books.query(sql)
        }

    def problems(self, cursor: str | None, mark: str | None) -> Iterator[str]:
        yield from self._pages_settled()
        if cursor is not None:
            yield from self._behind_cursor(json.loads(cursor))
        if mark is not None:
            yield from self._behind_mark(json.loads(mark))

    def _pages_settled(self) -> Iterator[str]:
        for page, (route, count, settled, open_) in self.pages.rows.items():
            if route != self.number:
                continue
            for raw in self.pages.records(page)[: settled if open_ else count]:
                if raw[0] not in self.rows:
                    yield f"{self.entity} {raw[0]}: page {page} is settled past it, and it has no state"

    def _behind_cursor(self, cursor: Row) -> Iterator[str]:
        for name, mark in cursor["sets"].items():
            for row, key in self._rows_of(name, set(cursor["companies"])):
                if mark.get("stamp") and row["Rowversion"] <= mark["stamp"]:
                    yield from self._judge(name, key, row)

    def _rows_of(self, name: str, companies: set[str]) -> Iterator[tuple[Row, tuple[str, ...]]]:
        collection, _, part = name.partition(":")
        letter, _, of_part = part.partition(":")
        table, key = (f"Code{letter}Set", ("Company", f"Code{letter}")) if part else PARTS[collection]
        wanted = set(of_part.split(",")) if part else companies
        orders = {row["OrderNo"]: row["Company"] for row in self.truth["PurchaseOrderSet"]}
        for row in self.truth.get(table, ()):
            company = row.get("Company") or orders.get(row.get("OrderNo"), "")
            if company and company not in wanted:
                continue
            if "part_lines" in collection and bool(row["PartNo"]) != (collection == "purchase_order_part_lines"):
                continue
            yield row, tuple(_quoted(str(row[column])) for column in key)

    def _judge(self, name: str, key: tuple[str, ...], row: Row) -> Iterator[str]:
        """A row that the cursor is past has to be in the stored form of a record that was judged, be it long ago."""
        is_line = name in ("supplier_addresses", "invoice_lines") or "order_" in name
        length = {"supplier_addresses": 1, "invoice_lines": 2}.get(name, 1) if is_line else len(key)
        document = "/".join(key[:length])
        if document not in self.rows:
            yield f"{self.entity} {document}: the cursor of {name} is past it, and it is not there"
            return
        state, version, detail = self.rows[document]
        page, index = msgspec.msgpack.decode(bytes(detail))[DETAIL_RAW]
        if state == "received":
            yield f"{self.entity} {document}: the cursor is past it, and nobody has judged it"
        records = self.pages.records(page)
        if not records:
            return
        raw = records[index]
        if raw[0] != document or (version and raw[2] != version):
            yield f"{self.entity} {document}: its stored form is that of {raw[0]} version {raw[2]}, not {version}"
        stored = json.loads(raw[4], parse_float=Decimal)
        candidates = stored.get("lines", []) if is_line else [stored["head"]]
        if not any(_equal(row, each) for each in candidates):
            yield f"{self.entity} {'/'.join(key)}: the cursor of {name} is past a version that is not stored"

    def _behind_mark(self, mark: Row) -> Iterator[str]:
        """While a first load is being read in key order, what lies before its position is at least in the inbox."""
        position = mark["position"]
        if not mark["first_load"] or position.get("by_key") or self.entity == "cost_centers":
            return
        kept = set(self.rows)
        for page, (route, *_) in self.pages.rows.items():
            if route == self.number:
                kept.update(raw[0] for raw in self.pages.records(page))
        name = self.entity
        behind = tuple(position["behind"])
        for row, key in self._rows_of(name, set(_companies(mark, self.truth))):
            values = tuple(row[column] for column in PARTS[name][1])
            known = row["Rowversion"] <= mark["window"]["stamps"].get(name, "")  # later ones come with the next window
            if known and behind and values <= behind and "/".join(key) not in kept:
                yield f"{self.entity} {'/'.join(key)}: the read mark is past it, and it is not in the inbox"


def _quoted(part: str) -> str:
    """Part of a record's key: quoted where blanks or slashes would mislead."""
    return json.dumps(part, ensure_ascii=False) if part != part.strip() or "/" in part or '"' in part else part


def _companies(mark: Row, truth: Mapping[str, list[Row]]) -> list[str]:
    named = mark["position"].get("companies") or []
    return list(named) or [row["Company"] for row in truth["CompanySet"]]


def _equal(row: Row, stored: Row) -> bool:
    return all(_plain(stored.get(name)) == _plain(value) for name, value in row.items() if name in stored)


def _plain(value: Any) -> Any:
    """Numbers by value, everything else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    text = str(value)
    try:
        return Decimal(text).normalize()
    except ArithmeticError:
        return text
