"""A declaration per collection read, and the stream that carries them out."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.mappings import Mapping as FieldMapping
from ml_connector.records import Entity, Record, join_key, split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.cursors import Unbelievable, check_future
from ml_connector.systems.sage_x3 import quirks
from ml_connector.systems.sage_x3.api1 import ROW, Row, RowPage, all_of, quoted
from ml_connector.systems.sage_x3.assembly import Assembly, believe_empty
from ml_connector.systems.sage_x3.classes import CLASSES
from ml_connector.systems.sage_x3.mapping import (
    TO_COST_CENTER,
    TO_GL_ACCOUNT,
    TO_GL_POSTING,
    TO_INVOICE,
    TO_PURCHASE_ORDER,
    TO_SUPPLIER,
)
from ml_connector.systems.sage_x3.marks import (
    TOLERANCE,
    Cursor,
    Mark,
    Progress,
    digest,
    is_stamp,
    read_cursor,
    read_stamp,
    stamp_of,
)
from ml_connector.systems.sage_x3.quirks import invoices, orders, postings, suppliers
from ml_connector.systems.sage_x3.quirks.rows import Knowledge, menu
from ml_connector.systems.stored import readable_rows

if TYPE_CHECKING:
    from ml_connector.systems.sage_x3.connection import SageX3


def _head_alone(document: Row, knowledge: Knowledge) -> Row:
    head: Row = document["head"]
    return head


@dataclass(frozen=True, slots=True)
class Declared:
    """One stream: its class, the classes whose changes move it without moving its stamp, and its mapping."""

    entity: Entity
    head: str
    mapping: FieldMapping
    prepare: Callable[[Row, Knowledge], Row] = _head_alone
    """The row that is mapped, from the document that is kept."""
    satellites: tuple[str, ...] = ()
    """Classes of lines and addresses (FACTS 31)."""
    arrays: tuple[str, ...] = ()
    """Line arrays; a stream that has some is read through `$details`."""
    renamed: tuple[str, ...] = ()
    """Collections whose renamed properties the rows may carry, beside the head's."""


SUPPLIERS = Declared(
    Entity.SUPPLIERS,
    "suppliers",
    TO_SUPPLIER,
    suppliers.prepared_supplier,
    satellites=("supplier_addresses", "business_partners"),
    arrays=("BPAADDRESS",),
    renamed=("supplier_addresses", "business_partners"),
)
PURCHASE_ORDERS = Declared(
    Entity.PURCHASE_ORDERS,
    "purchase_orders",
    TO_PURCHASE_ORDER,
    orders.prepared_order,
    satellites=("purchase_order_lines", "purchase_order_prices"),
    arrays=("PORDERQ", "PORDERP"),
    renamed=("purchase_order_lines", "purchase_order_prices"),
)
INVOICES = Declared(
    Entity.INVOICES,
    "invoices",
    TO_INVOICE,
    invoices.prepared_invoice,
    satellites=("invoice_purchase_lines", "invoice_partner_lines", "invoice_splits"),
    arrays=("PINVOICED", "BPSINVLIG", "BPSINVLIGA"),
    renamed=("invoice_purchase_lines", "invoice_partner_lines", "invoice_splits"),
)
GL_ACCOUNTS = Declared(Entity.GL_ACCOUNTS, "gl_accounts", TO_GL_ACCOUNT)
COST_CENTERS = Declared(Entity.COST_CENTERS, "cost_centers", TO_COST_CENTER)
GL_POSTINGS = Declared(
    Entity.GL_POSTINGS,
    "gl_entries",
    TO_GL_POSTING,
    postings.prepared_posting,
    satellites=("gl_entry_lines", "gl_entry_splits"),
    arrays=("GACCENTRYD", "GACCENTRYA"),
    renamed=("gl_entry_lines", "gl_entry_splits"),
)

STREAMS: Mapping[Entity, Declared] = {
    each.entity: each for each in (SUPPLIERS, PURCHASE_ORDERS, INVOICES, GL_ACCOUNTS, COST_CENTERS, GL_POSTINGS)
}

_DOCUMENT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class X3Stream:
    """A collection of one folder, as `systems.base.Stream` wants it."""

    def __init__(self, system: SageX3, declared: Declared) -> None:
        self.system = system
        self.declared = declared
        self.settings = system.settings
        self.assembly = Assembly(self)
        settings = self.settings
        self.knowledge: dict[str, Any] = {
            "chart": settings.chart_code,
            "dimension": settings.cost_center_dimension,
            "folder": settings.folder,
            "sites": settings.site_companies,
            "need_approval": settings.orders_need_approval,
        }
        collections = (declared.head, *declared.renamed)
        self._aliases = tuple(
            (name.partition(".")[2], here)
            for name, here in settings.fields.items()
            if name.partition(".")[0] in collections
        )
        self._arrays = tuple((name, here) for name, here in settings.arrays.items() if name != here)

    @property
    def entity(self) -> Entity:
        return self.declared.entity

    @property
    def head(self) -> str:
        return self.declared.head

    @cached_property
    def mapping_version(self) -> str:
        values = (self.declared.mapping.version, quirks.VERSION, self.knowledge, self._aliases, self._arrays)
        return hashlib.blake2b(repr(values).encode(), digest_size=6).hexdigest()

    # Windows -----------------------------------------------------------------------------------------------------

    async def window(self, cursor: Json | None) -> Window:
        """What to read now: the changes since `cursor`, or everything."""
        remark = ""
        if cursor is not None:
            try:
                await self._believed(cursor)
                return Window({"kind": "changes", "cursor": cursor}, first_load=False)
            except Unbelievable as reason:
                remark = f"Everything is read again: {reason}."
        marks = await self._marks_now()
        return Window({"kind": "full", "marks": msgspec.to_builtins(marks)}, first_load=True, remark=remark)

    async def _believed(self, document: Json) -> Cursor:
        cursor = read_cursor(document)
        if cursor.folder != self.settings.folder:
            raise Unbelievable(f"the folder is {self.settings.folder} from now on")
        if self.head not in cursor.marks:
            raise Unbelievable("nothing tells changes by their time")
        now = await self.system.server_now(self.head)
        for collection in await self._polled():
            facet = await self.system.facet(collection)
            mark = cursor.marks.get(collection)
            if mark is None:
                raise Unbelievable(f"changes of {collection} can be asked for from now on")
            if mark.change != facet.change:
                raise Unbelievable(f"changes of {collection} are found by {facet.change or 'nothing'} from now on")
            ahead = timedelta(days=1) if facet.by_day else TOLERANCE
            if now is not None:
                check_future(mark.stamp, read_stamp(mark.stamp), now + ahead)
        return cursor

    async def _polled(self) -> list[str]:
        """The classes that are asked for changes: the satellites that X3 exposes, then the head."""
        satellites = [each for each in self.declared.satellites if await self.system.exposes(each)]
        return [*satellites, self.head]

    async def _marks_now(self) -> dict[str, Mark]:
        """A mark per class at the server's present moment; none where there is nothing to find changes by."""
        facet = await self.system.facet(self.head)
        now = self.system.server_date
        if now is None or not facet.change:
            return {}
        marks = {}
        for collection in await self._polled():
            facet = await self.system.facet(collection)
            marks[collection] = Mark(facet.change, stamp_of(now, facet.by_day))
        return marks

    # Reading -----------------------------------------------------------------------------------------------------

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on."""
        bounds = window.bounds
        pages = self._everything(bounds, position) if bounds["kind"] == "full" else self._changes(bounds, position)
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def _progress(
        self, marks: Mapping[str, Mark], *, fixed: bool, stamps: Mapping[str, str]
    ) -> dict[str, Progress]:
        found = {}
        for collection, mark in marks.items():
            by_day = (await self.system.facet(collection)).by_day
            settings = self.settings
            overlap = timedelta(days=settings.overlap_days) if by_day else timedelta(seconds=settings.overlap_s)
            found[collection] = Progress(mark, by_day, overlap, fixed, stamps.get(collection, ""))
        return found

    async def _everything(self, bounds: Json, position: Json | None) -> AsyncGenerator[Page, None]:
        """All records in the order of the main key; the marks are those of the beginning."""
        marks = msgspec.convert(bounds["marks"], dict[str, Mark])
        progress = await self._progress(marks, fixed=True, stamps={})
        touched: set[tuple[str, ...]] = set()
        if position is None:
            touched = await self._parents(progress)
        address = position["next"] if position else self.system.api.first_page(self.head, await self.scope())
        versions: dict[str, str] = {}
        rows = 0
        async for page in self.system.api.pages(self.head, address):
            heads = [self.row(self.head, raw) for raw in page.rows]
            rows += len(heads)
            found = await self.assembly.records(heads)
            self._remember(progress, heads, found, touched, versions)
            records = [each for some in found.values() for each in some]
            if page.next is not None:
                yield Page(records, {"next": page.next})
        if not rows and position is None:
            await believe_empty(self)
        yield Page(records, None, self._cursor(progress, versions))

    def _remember(
        self,
        progress: Mapping[str, Progress],
        heads: Sequence[HeadRow],
        records: Mapping[tuple[str, ...], Sequence[RawRecord]],
        touched: set[tuple[str, ...]],
        versions: dict[str, str],
    ) -> None:
        """Note what the next reading will meet again."""
        mine = progress.get(self.head)
        if mine is None:
            return
        for head in heads:
            mine.note(head.text, head.stamp, head.digest, self.system.server_date)
            if head.key in touched or mine.in_overlap(head.stamp):
                versions.update((each.key, each.version) for each in records.get(head.key, ()))

    async def _parents(self, progress: Mapping[str, Progress]) -> set[tuple[str, ...]]:
        """Keys of the records of which a line or an address moved."""
        touched: set[tuple[str, ...]] = set()
        for collection in [each for each in progress if each != self.head]:
            mine = progress[collection]
            parent = [self.settings.property_name(collection, each) for each in CLASSES[collection].parent]
            async for page in self._moved(collection, mine):
                for raw in page.rows:
                    row = self.row(collection, raw)
                    if mine.is_new(row.text, row.stamp, row.digest, self.system.server_date):
                        touched.add(tuple(str(row.values.get(each, "")) for each in parent))
        return touched

    async def _moved(
        self, collection: str, mine: Progress, address: str | None = None
    ) -> AsyncGenerator[RowPage, None]:
        """The rows of a class whose stamp is not older than the mark less the overlap, from `address` on."""
        api, known = self.system.api, (await self.system.facet(collection)).properties
        if address is None:
            condition = f"{mine.old.change} ge {api.date_literal(mine.floor)}"
            key = (self.settings.property_name(collection, each) for each in CLASSES[collection].key)
            names = [mine.old.change, *(each for each in key if each in known)]
            address = api.first_page(collection, condition, ",".join(f"{each} asc" for each in names))
        async for page in api.pages(collection, address):
            yield page

    async def _changes(self, bounds: Json, position: Json | None) -> AsyncGenerator[Page, None]:
        """Changed heads with their lines, then records of which only a line moved."""
        cursor = read_cursor(bounds["cursor"])
        place = position or {"next": None, "stamps": {}}
        marks = {each: cursor.marks[each] for each in await self._polled() if each in cursor.marks}
        progress = await self._progress(marks, fixed=False, stamps=place["stamps"])
        pending = await self._parents(progress)
        mine, met = progress[self.head], 0
        versions: dict[str, str] = {}
        given = self._by_head(cursor.versions)
        if not place.get("heads_done"):
            async for page in self._moved(self.head, mine, place["next"]):
                heads = [self.row(self.head, raw) for raw in page.rows]
                met += len(heads)
                new = [each for each in heads if self._is_new(mine, each, pending, given, versions)]
                pending.difference_update(each.key for each in new)
                records = self._unlike(await self.assembly.records(new), cursor, versions)
                yield Page(records, self._place(progress, page.next, heads_done=page.next is None))
        keys = sorted(pending)
        for at in range(0, len(keys), self.settings.count):
            found = await self.assembly.by_keys(keys[at : at + self.settings.count])
            yield Page(self._unlike(found, cursor, versions), self._place(progress, None, heads_done=True))
        if not met and position is None:
            await believe_empty(self)
        yield Page([], None, self._cursor(progress, versions))

    def _by_head(self, versions: Mapping[str, str]) -> dict[tuple[str, ...], dict[str, str]]:
        """Versions of records by the row they came from: an entry gives a record per line."""
        size = len(CLASSES[self.head].key)
        found: dict[tuple[str, ...], dict[str, str]] = {}
        for key, version in versions.items():
            found.setdefault(split_key(key)[:size], {})[key] = version
        return found

    def _is_new(
        self,
        mine: Progress,
        head: HeadRow,
        pending: set[tuple[str, ...]],
        given: Mapping[tuple[str, ...], Mapping[str, str]],
        versions: dict[str, str],
    ) -> bool:
        """Whether a record has to be read; what was handled by the last reading keeps its version."""
        if mine.is_new(head.text, head.stamp, head.digest, self.system.server_date) or head.key in pending:
            return True
        versions.update(given.get(head.key, {}))
        return False

    @staticmethod
    def _unlike(
        found: Mapping[tuple[str, ...], Sequence[RawRecord]], cursor: Cursor, versions: dict[str, str]
    ) -> list[RawRecord]:
        """The records that are not as they were given before."""
        records = [each for some in found.values() for each in some]
        versions.update((each.key, each.version) for each in records)
        return [each for each in records if cursor.versions.get(each.key) != each.version]

    def _place(self, progress: Mapping[str, Progress], address: str | None, *, heads_done: bool) -> Json:
        """Where reading goes on; lines are looked through again."""
        return {"next": address, "heads_done": heads_done, "stamps": {self.head: progress[self.head].stamp}}

    def _cursor(self, progress: Mapping[str, Progress], versions: Mapping[str, str]) -> Json:
        kept = dict(list(versions.items())[-10_000:])
        marks = {name: each.mark() for name, each in progress.items()}
        found: Json = msgspec.to_builtins(Cursor(self.settings.folder, marks, kept))
        return found

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        size = len(CLASSES[self.head].key)
        wanted = {parts[:size]: None for text in keys if len(parts := split_key(text)) >= size and all(parts[:size])}
        found = await self.assembly.by_keys(list(wanted))
        asked = set(keys)
        return [each for some in found.values() for each in some if each.key in asked]

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record; lines show their changes in `$details` only."""
        address = self.system.api.first_page(self.head, await self.scope())
        async for page in self.system.api.pages(self.head, address):
            found = await self.assembly.records([self.row(self.head, raw) for raw in page.rows])
            yield [(each.key, each.version) for some in found.values() for each in some]

    # Rows --------------------------------------------------------------------------------------------------------

    async def scope(self) -> str:
        """The condition that keeps out what is not read, as far as the facet has its properties."""
        known = (await self.system.facet(self.head)).properties
        return all_of(*(text for name, text in self._conditions() if name in known))

    def _conditions(self) -> list[tuple[str, str]]:
        settings = self.settings
        name = {each: settings.property_name(self.head, each) for each in ("COA", "DIE", "STA", "CAT")}
        match self.entity:
            case Entity.GL_ACCOUNTS:
                return [(name["COA"], f"{name['COA']} eq {quoted(settings.chart_code)}")]
            case Entity.COST_CENTERS:
                return [(name["DIE"], f"{name['DIE']} eq {quoted(settings.cost_center_dimension)}")]
            case Entity.INVOICES:
                return [(name["STA"], f"{name['STA']} ge {settings.invoice_min_status}")]
            case Entity.GL_POSTINGS:
                return [(name["CAT"], f"{name['CAT']} eq 1"), (name["STA"], f"{name['STA']} eq 2")]
        return []

    def in_scope(self, row: Row) -> bool:
        """The same, looking at a row."""
        settings, name = self.settings, self.settings.property_name
        match self.entity:
            case Entity.GL_ACCOUNTS:
                return bool(row.get(name(self.head, "COA")) == settings.chart_code)
            case Entity.COST_CENTERS:
                return bool(row.get(name(self.head, "DIE")) == settings.cost_center_dimension)
            case Entity.INVOICES:
                return menu(row.get(name(self.head, "STA"))) >= settings.invoice_min_status
            case Entity.GL_POSTINGS:
                category, state = (menu(row.get(name(self.head, each))) for each in ("CAT", "STA"))
                return category == 1 and state == 2
        return True

    def row(self, collection: str, raw: msgspec.Raw) -> HeadRow:
        """A row of a `$query`, with what is needed of it."""
        values = ROW.decode(raw)
        mark = self.system.known_change(collection)
        names = (self.settings.property_name(collection, each) for each in CLASSES[collection].key)
        key = tuple("" if values.get(each) is None else str(values[each]) for each in names)
        if not all(key) and values.get("$key"):
            key = tuple(str(values["$key"]).split("~"))
        stamp = str(values.get(mark) or "") if mark else ""
        return HeadRow(key, stamp if is_stamp(stamp) else "", digest(bytes(raw)), bytes(raw), values)

    # Mapping -----------------------------------------------------------------------------------------------------

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure."""
        with readable_rows(raw):
            document = _DOCUMENT.decode(raw.payload)
        row = self.declared.prepare(self.renamed(document), self.knowledge)
        record: Record = self.declared.mapping.apply(row, self.knowledge)
        return record

    def renamed(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with the names of the fact sheet."""
        _rename(document, self._aliases + self._arrays)
        return document


class HeadRow(msgspec.Struct, frozen=True):
    """A row of a `$query`."""

    key: tuple[str, ...]
    stamp: str
    digest: str
    raw: bytes
    values: Row

    @property
    def text(self) -> str:
        return join_key(*self.key)


def _rename(value: Any, aliases: tuple[tuple[str, str], ...]) -> None:
    """Give every row the names of the fact sheet."""
    if not aliases:
        return
    if isinstance(value, dict):
        for name, here in aliases:
            if here in value:
                value[name] = value[here]
        for each in value.values():
            _rename(each, aliases)
    elif isinstance(value, list):
        for each in value:
            _rename(each, aliases)
