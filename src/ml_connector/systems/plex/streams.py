"""A declaration per collection read, and the streams that carry them out."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from ml_connector.mappings import Mapping as FieldMapping
from ml_connector.records import Entity, Record, split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.cursors import Unbelievable, check_future
from ml_connector.systems.plex.api import digest
from ml_connector.systems.plex.cursors import (
    MOST_RECENT,
    WITNESSES,
    C,
    TimeCursor,
    read_cursor,
)
from ml_connector.systems.plex.documents import Documents, Invoices, Orders, Payments, Suppliers
from ml_connector.systems.plex.emptiness import believe_no_changes, believe_nothing
from ml_connector.systems.plex.mapping import TO_INVOICE, TO_PAYMENT, TO_PURCHASE_ORDER, TO_SUPPLIER
from ml_connector.systems.plex.rows import EPOCH, Row, moment_of, order
from ml_connector.systems.plex.settings import zone
from ml_connector.systems.plex.slices import ACTIVE, Listing, Place, slices, write_moment
from ml_connector.systems.stored import readable_rows

if TYPE_CHECKING:
    from ml_connector.systems.plex.connection import Plex

PER_PAGE = 100
"""Documents a page: each may take a call for its lines, and a page is what is stored at a time."""
PER_SWEEP = 500


@dataclass(frozen=True, slots=True)
class Declared:
    """A collection that is read by time."""

    entity: Entity
    collection: str
    mapping: FieldMapping
    documents: type[Documents]
    actives: bool = False
    modified: bool = True
    """It has a filter by date of change; else it is read by date of creation alone."""


STREAMS: Mapping[Entity, Declared] = {
    each.entity: each
    for each in (
        Declared(Entity.SUPPLIERS, "suppliers", TO_SUPPLIER, Suppliers),
        Declared(Entity.PURCHASE_ORDERS, "purchase_orders", TO_PURCHASE_ORDER, Orders, actives=True),
        Declared(Entity.INVOICES, "ap_invoices", TO_INVOICE, Invoices),
        Declared(Entity.PAYMENTS, "ap_payments", TO_PAYMENT, Payments, modified=False),
    )
}


@dataclass(frozen=True, slots=True)
class Phase:
    """One list read by one date."""

    listing: Listing
    by: str
    begin: datetime
    unmodified_only: bool = False
    """Rows that have a date of change come with another phase."""
    releases: bool = False
    """Its rows are releases, which stand for their orders."""


class _Position(msgspec.Struct, omit_defaults=True):
    """Where a window goes on."""

    phase: int = 0
    upper: str = ""
    width_s: float = 0.0
    after: tuple[str, str] | None = None
    """(time stamp, id) of the last head of the slice that was given."""
    seen: bool = False
    """There were rows before."""


_DOCUMENT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class PlexStream(Generic[C]):
    """What the streams share: the window and the mapping."""

    def __init__(self, system: Plex, entity: Entity, mapping: FieldMapping, remembers: type[C]) -> None:
        self.system = system
        self.api = system.api
        self.settings = system.api.settings
        self.entity = entity
        self.mapping = mapping
        self.remembers = remembers

    async def window(self, cursor: Json | None) -> Window:
        """What to read now: the changes since `cursor`, or everything."""
        now = await self.api.server_now()
        if cursor is None:
            return Window({"kind": "full", "until": write_moment(now)}, first_load=True)
        try:
            believed = self.believed(cursor)
            until = moment_of(believed.until)
            now = await self.api.server_now(at_least=until)
            check_future(believed.until, until, now + self.settings.overlap)
            await self.check_source(believed)
        except Unbelievable as reason:
            bounds = {"kind": "full", "until": write_moment(now)}
            return Window(bounds, first_load=True, remark=f"Everything is read again: {reason}.")
        return Window({"kind": "changes", "until": write_moment(now), "cursor": cursor}, first_load=False)

    def believed(self, cursor: Json) -> C:
        """The stored cursor. Raises Unbelievable when it is none of this stream."""
        return read_cursor(cursor, self.remembers, self.settings.pcn)

    async def check_source(self, cursor: C) -> None:
        """Raises Unbelievable when the cursor is about what is read elsewhere now."""

    @cached_property
    def mapping_version(self) -> str:
        settings = self.settings
        values = (
            self.mapping.version,
            settings.cost_center_source,
            settings.cost_center_separator,
            settings.cost_center_position,
            sorted(settings.cancelled_statuses),
            sorted(settings.inactive_supplier_statuses),
            sorted(settings.order_statuses.items()),
            settings.plant_currency,
            settings.payment_amounts,
            settings.time_zone,
        )
        return hashlib.blake2b(repr(values).encode(), digest_size=6).hexdigest()

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure."""
        with readable_rows(raw):
            document = _DOCUMENT.decode(raw.payload)
            head = document["head"]
        for detail in document.get("detail", ()):
            head |= detail
        knowledge = {
            "settings": self.settings,
            "zone": None if self.settings.time_zone == "UTC" else zone(self.settings.time_zone),
            **document.get("context", {}),
            "pcn": raw.scope,
        }
        rows = {name: rows for name, rows in document.items() if name not in ("head", "context", "detail")}
        record: Record = self.mapping.apply({**head, **rows, "key": raw.key}, knowledge)
        return record


class TimedStream(PlexStream[TimeCursor]):
    """A collection that is read by time, as `systems.base.Stream` wants it."""

    def __init__(self, system: Plex, declared: Declared) -> None:
        super().__init__(system, declared.entity, declared.mapping, TimeCursor)
        self.declared = declared
        self.documents = declared.documents(system.api, system.knowledge)
        aim = self.settings.invoice_rows if declared.entity is Entity.INVOICES else 5000
        by = "modifiedDate" if declared.modified else "createdDate"
        self.listing = Listing(self.settings.path(declared.collection), declared.actives, aim, by)

    def _phases(self, begin: datetime, *, changes: bool) -> list[Phase]:
        """The lists and dates that together give every row; releases only tell of changes."""
        if not self.declared.modified:
            return [Phase(self.listing, "createdDate", begin)]
        listings = [(self.listing, False)]
        if changes and self.declared.entity is Entity.PURCHASE_ORDERS:
            listings.append((Listing(self.settings.path("releases")), True))
        phases = [Phase(listing, "modifiedDate", begin, releases=flag) for listing, flag in listings]
        if self.settings.ask_by_creation:
            phases += [Phase(listing, "createdDate", begin, True, flag) for listing, flag in listings]
        return phases

    def _begin(self, cursor: TimeCursor | None) -> datetime:
        if cursor is None:
            return datetime.combine(self.settings.first_load_from, time(), UTC)
        return (moment_of(cursor.until) or EPOCH) - self.back

    @property
    def back(self) -> timedelta:
        """How far changes are read again."""
        further = 0 if self.declared.modified else self.settings.payment_days
        return self.settings.overlap + timedelta(days=further)

    # Reading -----------------------------------------------------------------------------------------------------

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on, newest slices first."""
        bounds = window.bounds
        cursor = self.believed(bounds["cursor"]) if "cursor" in bounds else None
        until = moment_of(bounds["until"]) or EPOCH
        reading = _Reading(self, until, cursor)
        at = msgspec.convert(position or {}, _Position)
        phases = self._phases(self._begin(cursor), changes=cursor is not None)
        if cursor is None:
            await self.documents.prepare_load(until)
        for number in range(at.phase, len(phases)):
            place = Place(at.upper, at.width_s)
            async with aclosing(slices(self.api, phases[number].listing, phases[number].by, phases[number].begin,
                                       until, place)) as found:  # fmt: skip
                async for each in found:
                    at.seen = at.seen or bool(each.rows)
                    heads = await self._heads(phases[number], each.rows)
                    async for records, last in reading.pages(heads, at.after):
                        here = _Position(number, each.place.upper, each.place.width_s, last, at.seen)
                        yield Page(records, msgspec.to_builtins(here))
                    at.after = None
            at = _Position(number + 1, seen=at.seen)
        if not at.seen:
            await self._believe_empty(cursor, until)
        yield Page([], None, reading.cursor())

    async def _believe_empty(self, cursor: TimeCursor | None, until: datetime) -> None:
        collection = self.declared.collection
        if cursor is not None and cursor.witnesses:
            ids = [split_key(key)[0] for key in cursor.witnesses]
            await believe_no_changes(self.api, collection, ids, actives=self.declared.actives)
        else:
            await believe_nothing(self.api, collection, until)

    async def _heads(self, phase: Phase, rows: Sequence[Row]) -> list[Row]:
        """The heads that the rows of a phase stand for, in order."""
        if phase.unmodified_only:
            rows = [row for row in rows if not row.modified]
        if phase.releases:
            ids = [ident for row in rows if (ident := row.text("poId"))]
            rows = list((await self._by_ids(ids)).values())
        return sorted((row for row in rows if self.documents.wanted(row)), key=order)

    async def _by_ids(self, ids: Sequence[str]) -> dict[str, Row]:
        return await self.api.by_ids(self.listing.path, ids, ACTIVE if self.declared.actives else ((),))

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        ids = [parts[0] for key in keys if len(parts := split_key(key)) == 1]
        rows = await self._by_ids(ids)
        return await self.documents.records([row for row in rows.values() if self.documents.wanted(row)])

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record."""
        until = await self.api.server_now()
        seen = False
        await self.documents.prepare_sweep(until)
        for phase in self._phases(self._begin(None), changes=False):
            async with aclosing(slices(self.api, phase.listing, phase.by, phase.begin, until, Place())) as found:
                async for each in found:
                    seen = seen or bool(each.rows)
                    heads = await self._heads(phase, each.rows)
                    for at in range(0, len(heads), PER_SWEEP):
                        yield await self.documents.versions(heads[at : at + PER_SWEEP])
        if not seen:
            await self._believe_empty(None, until)


class _Reading:
    """One pass: what is worth passing on, and what the cursor has to remember."""

    def __init__(self, stream: TimedStream, until: datetime, cursor: TimeCursor | None) -> None:
        self.stream = stream
        self.until = until
        self.fresh_from = until - stream.back
        self.handled = dict(cursor.recent) if cursor else None
        """Key -> digest of what needs no second pass; None in a full load, which gives each record once anyway."""
        self.recent: dict[str, str] = {}
        self.witnesses: list[str] = []
        self.older_witnesses = list(cursor.witnesses) if cursor else []

    async def pages(
        self, heads: Sequence[Row], after: tuple[str, str] | None
    ) -> AsyncGenerator[tuple[list[RawRecord], tuple[str, str]], None]:
        """Records that are new or different, with the head up to which they go."""
        if after is not None:
            reached = (moment_of(after[0]) or EPOCH, after[1])
            heads = [head for head in heads if order(head) > reached]
        for at in range(0, len(heads), PER_PAGE):
            some = heads[at : at + PER_PAGE]
            records = [raw for raw in await self.stream.documents.records(some) if self._note(raw)]
            if records:
                yield records, (some[-1].modified or some[-1].created, some[-1].id)

    def _note(self, raw: RawRecord) -> bool:
        content = digest(raw.payload)
        moment = moment_of(raw.modified)
        if moment is not None and moment >= self.fresh_from and len(self.recent) < MOST_RECENT:
            self.recent[raw.key] = content
        if len(self.witnesses) < WITNESSES:
            self.witnesses.append(raw.key)
        if self.handled is None:
            return True
        if self.handled.get(raw.key) == content:
            return False
        self.handled[raw.key] = content
        return True

    def cursor(self) -> Json:
        made: Json = msgspec.to_builtins(
            TimeCursor(
                self.stream.settings.pcn,
                write_moment(self.until),
                self.recent,
                list(dict.fromkeys((*self.witnesses, *self.older_witnesses)))[:WITNESSES],
            )
        )
        return made
