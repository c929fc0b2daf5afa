"""What belongs together: a head row with the rows that hang on it and what it refers to by a code alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import msgspec

from ml_connector.errors import ModuleMissingError
from ml_connector.protocols.together import together
from ml_connector.records import join_key
from ml_connector.systems.base import RawRecord
from ml_connector.systems.plex.api import IDS_PER_CALL, PlexApi, digest
from ml_connector.systems.plex.emptiness import nothing_visible, shows_releases
from ml_connector.systems.plex.knowledge import Knowledge
from ml_connector.systems.plex.rows import Row, latest, row_of
from ml_connector.systems.plex.slices import Listing, Place, slices

MOST_HELD = 100_000
"""Releases that are held in memory during a full load, some 80 MB; with more there is a call an order."""
DELIVERED = frozenset({"received", "fully received", "partially received", "partly received", "partial"})
"""Statuses of orders that had releases for certain."""
Context = Mapping[str, Any]
Version = tuple[str, str]
"""(key, version)."""


def raw_record(
    scope: str,
    head: Row,
    version: str,
    parts: Mapping[str, Sequence[Row]] = {},
    context: Context | None = None,
) -> RawRecord:
    """The document `{"context", "head", "<part>": [rows]}`; context is kept in it so that replay is pure."""
    pieces = [b'{"head":', head.raw]
    for name, rows in parts.items():
        pieces += [f',"{name}":['.encode(), b",".join(row.raw for row in rows), b"]"]
    if context:
        pieces += [b',"context":', msgspec.json.encode(context)]
    pieces.append(b"}")
    stamps = [row.modified or row.created for row in (head, *(row for rows in parts.values() for row in rows))]
    return RawRecord(join_key(head.id), scope, version, latest([stamp for stamp in stamps if stamp]), b"".join(pieces))


def sorted_by_id(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.text("id"))


@dataclass
class Documents:
    """Turns heads into raw records, and into versions alone; heads that vanished meanwhile are absent."""

    api: PlexApi
    knowledge: Knowledge

    @property
    def scope(self) -> str:
        return self.api.settings.pcn

    def wanted(self, head: Row) -> bool:
        """Whether the record is read at all."""
        return True

    async def records(self, heads: Sequence[Row]) -> list[RawRecord]:
        return [raw_record(self.scope, head, digest(head.raw)) for head in heads]

    async def prepare_load(self, until: datetime) -> None:
        """Read what `records` of all heads needs and lists give at once."""

    async def prepare_sweep(self, until: datetime) -> None:
        """The same for `versions`."""

    async def versions(self, heads: Sequence[Row]) -> list[Version]:
        """The versions that `records` would give, with as few calls as that takes."""
        return [(join_key(head.id), digest(head.raw)) for head in heads]

    async def _rows_below(self, collection: str, head: Row, name: str) -> list[Row] | None:
        """The rows that hang on a head, None when it vanished meanwhile."""
        path = self.api.settings.path(collection)
        try:
            return sorted_by_id(await self.api.rows(f"{path}/{head.id}/{name}"))
        except ModuleMissingError as error:
            if error.fields.get("status") == 404 and await self.api.row(path, head.id) is None:
                return None
            raise


class Suppliers(Documents):
    """Suppliers with their addresses: one call a supplier (FACTS 30)."""

    def wanted(self, head: Row) -> bool:
        excluded = {kind.casefold() for kind in self.api.settings.supplier_type_exclude}
        return head.text("type").strip().casefold() not in excluded

    async def _addresses(self, heads: Sequence[Row]) -> list[tuple[Row, list[Row]]]:
        found = await together(self._rows_below("suppliers", head, "addresses") for head in heads)
        return [(head, rows) for head, rows in zip(heads, found, strict=True) if rows is not None]

    async def records(self, heads: Sequence[Row]) -> list[RawRecord]:
        return [
            raw_record(self.scope, head, _version(head, rows), {"addresses": rows})
            for head, rows in await self._addresses(heads)
        ]

    async def versions(self, heads: Sequence[Row]) -> list[Version]:
        return [(join_key(head.id), _version(head, rows)) for head, rows in await self._addresses(heads)]


def _version(head: Row, *parts: Sequence[Row]) -> str:
    return digest(head.raw, *(row.raw for rows in parts for row in rows))


@dataclass
class Orders(Documents):
    """Purchase orders with lines (one call an order) and releases (some dozens of orders a call)."""

    _several: bool | None = field(default=None, init=False)
    """Whether the filter pOId may be repeated; None: not seen yet."""
    _release_digests: dict[str, list[tuple[str, str]]] = field(default_factory=dict, init=False)
    """By order (id, digest) of its releases; of a sweep only."""
    _held: dict[str, dict[str, bytes]] | None = field(default=None, init=False)
    """By order its releases; of a full load only, and only where there are not too many to be held."""

    async def records(self, heads: Sequence[Row]) -> list[RawRecord]:
        lines = await self._lines(heads)
        heads = [head for head in heads if lines[head.id] is not None]
        releases = await self._releases([head.id for head in heads])
        self._believe_lines([(head, lines[head.id] or []) for head in heads])
        await self._believe_releases([(head, releases[head.id]) for head in heads])
        await self.knowledge.suppliers([supplier for head in heads if (supplier := head.text("supplierId"))])
        found = []
        for head in heads:
            own = lines[head.id] or []
            parts = {"lines": own, "releases": releases[head.id]}
            context = await self._context(head, own, releases[head.id])
            version = _order_version(head, [(row.id, digest(row.raw)) for row in releases[head.id]], own)
            found.append(raw_record(self.scope, head, version, parts, context))
        return found

    async def versions(self, heads: Sequence[Row]) -> list[Version]:
        """Lines of an order that is not active any more are not looked at: they do not change by themselves."""
        lines = await self._lines([head for head in heads if is_open_order(head)])
        heads = [head for head in heads if not is_open_order(head) or lines[head.id] is not None]
        releases = self._release_digests
        return [
            (join_key(head.id), _order_version(head, releases.get(head.id, []), lines.get(head.id) or []))
            for head in heads
        ]

    def _believe_lines(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> None:
        """Orders that count their lines and show none: a role is missing (FACTS 6)."""
        counting = [lines for head, lines in orders if head.data.get("lineItemCount")]
        if counting and not any(counting):
            raise nothing_visible(self.api, "line-items")

    async def _believe_releases(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> None:
        """Orders of which goods came in were released; when nobody sees any release, a role is missing (FACTS 6)."""
        delivered = [releases for head, releases in orders if head.text("status").strip().casefold() in DELIVERED]
        if delivered and not any(releases for _, releases in orders) and not await shows_releases(self.api):
            raise nothing_visible(self.api, "releases")

    async def prepare_load(self, until: datetime) -> None:
        """All releases in some calls instead of a call an order; what changes meanwhile comes with the next reading."""
        held: dict[str, dict[str, bytes]] = defaultdict(dict)
        count = 0
        async with aclosing(self._all_releases(until)) as read:
            async for rows in read:
                count += len(rows)
                if count > MOST_HELD:
                    return
                for row in rows:
                    held[row.text("poId")][row.id] = row.raw
        self._held = held

    async def prepare_sweep(self, until: datetime) -> None:
        """All releases, of which only digests are kept: cheaper than a call an order."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        async with aclosing(self._all_releases(until)) as read:
            async for rows in read:
                for row in rows:
                    found[row.text("poId")][row.id] = digest(row.raw)
        self._release_digests = {order: list(releases.items()) for order, releases in found.items()}

    async def _all_releases(self, until: datetime) -> AsyncGenerator[list[Row], None]:
        settings = self.api.settings
        begin = datetime.combine(settings.first_load_from, time(), UTC)
        listing = Listing(settings.path("releases"))
        for by in ("modifiedDate", "createdDate") if settings.ask_by_creation else ("modifiedDate",):
            async with aclosing(slices(self.api, listing, by, begin, until, Place())) as read:
                async for each in read:
                    yield [row for row in each.rows if by == "modifiedDate" or not row.modified]

    async def _lines(self, heads: Sequence[Row]) -> dict[str, list[Row] | None]:
        found = await together(self._rows_below("purchase_orders", head, "line-items") for head in heads)
        return {head.id: rows for head, rows in zip(heads, found, strict=True)}

    async def _releases(self, ids: Sequence[str]) -> dict[str, list[Row]]:
        """Those held by a full load, once; an order that is read again, or has none there, is asked for."""
        held = self._held or {}
        found: dict[str, list[Row]] = defaultdict(list)
        found |= {ident: list(map(row_of, held.pop(ident).values())) for ident in ids if ident in held}
        asked = [ident for ident in ids if ident not in found]
        for at in range(0, len(asked), IDS_PER_CALL):
            some = asked[at : at + IDS_PER_CALL]
            missing = list(some)
            if self._several is not False and len(some) > 1:
                missing = await self._releases_of_several(some, found)
            for ident, rows in zip(missing, await together(map(self._releases_of, missing)), strict=True):
                found[ident] = rows
        return {ident: sorted_by_id(found[ident]) for ident in ids}

    async def _releases_of_several(self, ids: Sequence[str], found: dict[str, list[Row]]) -> list[str]:
        """One call for some orders; returns those for which it proves nothing.

        Only `id` is documented as repeatable: an answer that holds releases of two orders shows that pOId is, too.
        """
        rows = await self.api.rows(self.api.settings.path("releases"), [("pOId", ident) for ident in ids])
        orders = {row.text("poId") for row in rows}
        if orders - set(ids):  # the filter was ignored
            self._several = False
            return list(ids)
        if len(orders) > 1:
            self._several = True
        for row in rows:
            found[row.text("poId")].append(row)
        return [] if self._several else [ident for ident in ids if ident not in orders]

    async def _releases_of(self, ident: str) -> list[Row]:
        rows = await self.api.rows(self.api.settings.path("releases"), [("pOId", ident)])
        return [row for row in rows if row.text("poId") in (ident, "")]

    async def _context(self, head: Row, lines: Sequence[Row], releases: Sequence[Row]) -> Context:
        know = self.knowledge
        buildings = await know.buildings()
        sites = {row.text(name) for row in (head, *lines) for name in ("building",)}
        sites |= {row.text(name) for row in releases for name in ("buildingId", "buildingCode")}
        departments = {}
        for row in (head, *lines):
            building = row.text("building") or head.text("building")
            if (found := await know.department_of(row.data.get("department"), building)) is not None:
                departments[department_at(row.data["department"], building)] = found
        supplier = head.text("supplierId")
        return {
            "pcn": self.scope,
            "suppliers": await know.suppliers([supplier]) if supplier else {},
            "accounts": await know.accounts([ident for line in lines if (ident := line.text("accountId"))], []),
            "buildings": {site: buildings[site] for site in sites if site in buildings},
            "departments": departments,
        }


def is_open_order(head: Row) -> bool:
    """Whether lines may still change (FACTS 27)."""
    return head.data.get("active") is not False


def _order_version(head: Row, releases: Sequence[tuple[str, str]], lines: Sequence[Row]) -> str:
    """Made of digests of releases, so that a sweep need not keep their rows."""
    parts = [f"{ident} {content}".encode() for ident, content in sorted(releases)]
    return digest(head.raw, *parts, *(row.raw for row in lines if is_open_order(head)))


def department_at(code: object, building: str) -> str:
    """Under what a document's context keeps a department: the same code may mean another one in another building."""
    return f"{code}@{building}"


class Invoices(Documents):
    """AP invoices; lines stand in the list, or one call an invoice fetches them (FACTS 33)."""

    async def records(self, heads: Sequence[Row]) -> list[RawRecord]:
        details = await self.details(heads)
        found = []
        for head in heads:
            detail = details.get(head.id)
            if detail is None and not has_lines(head):
                continue  # it vanished meanwhile
            parts = {"detail": [detail]} if detail else {}
            context = await self._context({**head.data, **(detail.data if detail else {})})
            found.append(raw_record(self.scope, head, self._version(head, detail), parts, context))
        return found

    async def versions(self, heads: Sequence[Row]) -> list[Version]:
        """Lines of an invoice that is paid or cancelled are not looked at, where the list does not hold them."""
        details = await self.details([head for head in heads if self._is_open(head)])
        return [(join_key(head.id), self._version(head, details.get(head.id))) for head in heads]

    def _version(self, head: Row, detail: Row | None) -> str:
        return _version(head, [detail] if detail and self._is_open(head) else [])

    def _is_open(self, head: Row) -> bool:
        return head.data.get("paid") is not True and not self.api.settings.is_cancelled(head.data.get("status"))

    async def details(self, heads: Sequence[Row]) -> dict[str, Row]:
        lacking = [head for head in heads if not has_lines(head)]
        path = self.api.settings.path("ap_invoices")
        found = await together(self.api.row(path, head.id) for head in lacking)
        return {head.id: row for head, row in zip(lacking, found, strict=True) if row is not None}

    async def _context(self, invoice: Mapping[str, Any]) -> Context:
        know, supplier, code = self.knowledge, invoice.get("supplierId") or "", invoice.get("supplierCode") or ""
        coded = coded_rows(invoice)
        building = str(invoice.get("buildingCode") or "")
        buildings = await know.buildings()
        number = invoice.get("poNumber") or ""
        department = await know.department_of(invoice.get("department"), building)
        if not supplier and code:
            supplier = (await know.supplier_ids([code])).get(code, "")
        return {
            "pcn": self.scope,
            "supplier": supplier,
            "suppliers": await know.suppliers([supplier]) if supplier and not code else {},
            "orders": await know.order_ids([(number, supplier)]) if number and not invoice.get("poId") else {},
            "accounts": await know.accounts(
                [str(each["accountId"]) for each in coded if each.get("accountId")],
                [
                    str(each["accountNumber"])
                    for each in coded
                    if not each.get("accountId") and each.get("accountNumber")
                ],
            ),
            "buildings": {building: buildings[building]} if building in buildings else {},
            "departments": {department_at(invoice["department"], building): department} if department else {},
        }


def has_lines(head: Row) -> bool:
    """Whether the list gave the lines along; an empty list beside an amount does not count."""
    lines = head.data.get("lines")
    return isinstance(lines, list) and (bool(lines) or not head.data.get("amount"))


def coded_rows(invoice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Lines and tax rows, wherever the taxes stand."""
    lines = [line for line in invoice.get("lines") or () if isinstance(line, dict)]
    taxes = [*(invoice.get("taxes") or ()), *(tax for line in lines for tax in line.get("taxes") or ())]
    return [*lines, *taxes]


class Payments(Documents):
    """AP payments; the supplier's code stands in the row."""
