"""A declaration per collection read, and the stream that carries them out."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from ml_connector.errors import ModuleMissingError
from ml_connector.mappings import Mapping as FieldMapping
from ml_connector.records import Entity, Record, split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.cursors import Unbelievable
from ml_connector.systems.ifs_cloud import changes, full_load, sweeping
from ml_connector.systems.ifs_cloud.assembly import Assembly
from ml_connector.systems.ifs_cloud.cursors import (
    Cursor,
    FieldCursor,
    SweepCursor,
    check_cursor,
    read_cursor,
)
from ml_connector.systems.ifs_cloud.documents import Shape
from ml_connector.systems.ifs_cloud.mapping import (
    TO_COST_CENTER,
    TO_GL_ACCOUNT,
    TO_INVOICE,
    TO_PURCHASE_ORDER,
    TO_SUPPLIER,
)
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues
from ml_connector.systems.stored import readable_rows

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.connection import IfsCloud


@dataclass(frozen=True, slots=True)
class Declared:
    """One stream: its head collection, its lines, and how its rows are mapped."""

    entity: Entity
    head: str
    mapping: FieldMapping
    lines: tuple[str, ...] = ()
    coded: bool = False
    """Its lines carry code parts, of which one is the cost center."""


SUPPLIERS = Declared(Entity.SUPPLIERS, "suppliers", TO_SUPPLIER, ("supplier_addresses",))
PURCHASE_ORDERS = Declared(
    Entity.PURCHASE_ORDERS,
    "purchase_orders",
    TO_PURCHASE_ORDER,
    ("purchase_order_part_lines", "purchase_order_nopart_lines"),  # or purchase_order_lines_int: `po_line_source`
    coded=True,
)
INVOICES = Declared(Entity.INVOICES, "invoices", TO_INVOICE, ("invoice_lines",), coded=True)
GL_ACCOUNTS = Declared(Entity.GL_ACCOUNTS, "gl_accounts", TO_GL_ACCOUNT)
COST_CENTERS = Declared(Entity.COST_CENTERS, "cost_centers", TO_COST_CENTER, coded=True)

STREAMS: Mapping[Entity, Declared] = {
    each.entity: each for each in (SUPPLIERS, PURCHASE_ORDERS, INVOICES, GL_ACCOUNTS, COST_CENTERS)
}


class _Document(msgspec.Struct):
    """A raw record's payload."""

    head: dict[str, Any]
    context: dict[str, Any] = {}
    lines: list[dict[str, Any]] = []
    coding: list[dict[str, Any]] = []


_DOCUMENT = msgspec.json.Decoder(_Document, float_hook=Decimal)


class IfsStream:
    """A collection of one tenant, as `systems.base.Stream` wants it."""

    def __init__(self, system: IfsCloud, declared: Declared) -> None:
        self.system = system
        self.declared = declared
        self.settings = system.settings
        zone = self.settings.server_time_zone
        self._knowledge: dict[str, Any] = {
            "stage_from": self.settings.stage_from,
            "zone": None if zone == "UTC" else ZoneInfo(zone),
        }
        self._aliases = self._renamed()

    @property
    def entity(self) -> Entity:
        return self.declared.entity

    @cached_property
    def mapping_version(self) -> str:
        settings = self.settings
        values = (self.declared.mapping.version, settings.stage_from, settings.server_time_zone, self._aliases)
        return hashlib.blake2b(repr(values).encode(), digest_size=6).hexdigest()

    # Windows -----------------------------------------------------------------------------------------------------

    async def window(self, cursor: Json | None) -> Window:
        """What to read now: the changes since `cursor`, or everything."""
        if cursor is None:
            return Window(await self._full_bounds(), first_load=True)
        try:
            return Window(await self._change_bounds(cursor), first_load=False)
        except Unbelievable as reason:
            return Window(await self._full_bounds(), first_load=True, remark=f"Everything is read again: {reason}.")

    async def _change_bounds(self, cursor: Json) -> Json:
        believed = read_cursor(cursor)
        check_cursor(believed, self.settings.companies, self.system.clock, await self.system.server_now())
        await self._check_strategy(believed)
        return {"kind": "changes", "cursor": cursor}

    async def _check_strategy(self, cursor: Cursor) -> None:
        """Raises Unbelievable for a cursor of another strategy than the one in force."""
        strategy = self.settings.change_strategy
        if isinstance(cursor, FieldCursor):
            if strategy == "sweep":
                raise Unbelievable("changes are found by sweep from now on")
            if cursor.change_field != self.settings.change_field:
                raise Unbelievable(f"changes are found by {self.settings.change_field} from now on")
        elif strategy == "field" or (strategy == "auto" and await self._has_change_field(await self.shape())):
            raise Unbelievable(f"changes can be found by {self.settings.change_field} from now on")

    async def _full_bounds(self) -> Json:
        """The watermarks are taken before reading begins, so that nothing changed meanwhile is missed."""
        shape = await self.shape()
        names = [each.collection.name for each in shape.lines]
        bounds: Json = {"kind": "full", "lines": names}
        if await self._strategy(shape) == "field":
            stamps = {each.name: await self.system.reader.newest(each) for each in shape.sets}
            return {**bounds, "strategy": "field", "stamps": stamps}
        now = await self.system.server_now()
        since = self.system.clock.today(now).isoformat() if now else ""
        return {**bounds, "strategy": "sweep", "since": since}

    async def _strategy(self, shape: Shape) -> str:
        wanted = self.settings.change_strategy
        if wanted == "sweep":
            return "sweep"
        if await self._has_change_field(shape):
            return "field"
        if wanted == "auto":
            return "sweep"
        raise ModuleMissingError(
            f"{self.declared.head}: change_strategy is `field`, but the metadata has no {self.settings.change_field}.",
            fix="Name the right property in change_field, or set change_strategy to auto.",
            who="IFS administrator",
        )

    async def _has_change_field(self, shape: Shape) -> bool:
        return all([each.change.name in await self.system.properties(each) for each in shape.sets])

    # Sets --------------------------------------------------------------------------------------------------------

    async def shape(self, lines: Sequence[str] | None = None) -> Shape:
        """The sets of this stream; `lines` as an earlier run found them saves looking."""
        return Shape(self.entity, await self._heads(), await self._lines(lines))

    async def _heads(self) -> tuple[EntitySet, ...]:
        if self.declared is COST_CENTERS:
            return await self._cost_center_sets()
        manual = self.declared is INVOICES and self.settings.invoice_source == "manual"
        return (self.system.entity_set("manual_invoices" if manual else self.declared.head),)

    async def _cost_center_sets(self) -> tuple[EntitySet, ...]:
        """A set per code part, for the companies that keep their cost centers in it."""
        companies: dict[str, list[str]] = {}
        parts = await self.system.cost_center_parts()
        for company in self.settings.companies:
            companies.setdefault(parts[company], []).append(company)
        return tuple(
            self.system.entity_set("cost_centers", part, tuple(sorted(some)))
            for part, some in sorted(companies.items())
        )

    async def _lines(self, lines: Sequence[str] | None) -> tuple[EntitySet, ...]:
        if lines is None:
            lines = self.declared.lines
            if self.declared is PURCHASE_ORDERS and not await self._part_lines_in_main():
                lines = ("purchase_order_lines_int",)
        return tuple(self.system.entity_set(name) for name in lines)

    async def _part_lines_in_main(self) -> bool:
        source = self.settings.po_line_source
        if source == "auto":
            return await self.system.lists(self.system.entity_set("purchase_order_part_lines"))
        return source == "main"

    async def context(self, company: str, head: EntitySet) -> Mapping[str, str]:
        """What `normalize` has to know of a company beside the rows."""
        if not self.declared.coded:
            return {}
        part = head.part or (await self.system.cost_center_parts()).get(company, self.settings.cost_center_code_part)
        return {"company": company, "cost_center_column": f"Code{part}"}

    # Reading -----------------------------------------------------------------------------------------------------

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on."""
        bounds = window.bounds
        pages: AsyncGenerator[Page, None]
        if bounds["kind"] == "full":
            pages = full_load.pages(self, await self.shape(bounds["lines"]), bounds, position)
        else:
            pages = await self._changes(bounds, position)
        try:
            async with aclosing(pages):
                async for page in pages:
                    yield page
        except changes.ChangeFieldGoneError:
            async with aclosing(await self._everything(None)) as pages:
                async for page in pages:
                    yield page

    async def _changes(self, bounds: Json, position: Json | None) -> AsyncGenerator[Page, None]:
        cursor = read_cursor(bounds["cursor"])
        if isinstance(cursor, SweepCursor):
            return sweeping.pages(self, await self.shape(), cursor)
        if position is not None and "stamps" not in position:
            return await self._everything(position)
        return changes.pages(self, await self.shape(self._known_lines(cursor)), cursor, position)

    async def _everything(self, position: Json | None) -> AsyncGenerator[Page, None]:
        """A full load after all: the property by which changes were found is gone."""
        bounds = await self._full_bounds()
        return full_load.pages(self, await self.shape(bounds["lines"]), bounds, position)

    def _known_lines(self, cursor: FieldCursor) -> list[str] | None:
        """Line sets as the last run found them; the settings may have changed their mind since."""
        source = self.settings.po_line_source
        if self.declared is not PURCHASE_ORDERS or source != "auto":
            return None
        int_lines = "purchase_order_lines_int"
        return [int_lines] if int_lines in cursor.sets else list(self.declared.lines)

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        shape = await self.shape()
        assembly = Assembly(self, shape)
        records: list[RawRecord] = []
        for head in shape.heads:
            wanted = [key for text in keys if (key := _key_of(head, text)) is not None]
            records += await assembly.by_keys(head, wanted)
        return records

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record."""
        shape = await self.shape()
        for head in shape.heads:
            async for some in sweeping.versions(self, shape, head):
                yield [(row.text_key, version) for row, version in some]

    # Mapping -----------------------------------------------------------------------------------------------------

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure."""
        with readable_rows(raw):
            document = _DOCUMENT.decode(raw.payload)
        head, lines = document.head, document.lines
        if self._aliases:
            _rename((head,), self._aliases["head"])
            _rename(lines, self._aliases["lines"])
        if document.coding:
            _put_coding(lines, document.coding)
        head["lines"] = lines
        record: Record = self.declared.mapping.apply(head, self._knowledge | document.context)
        return record

    def _renamed(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """(name of the fact sheet, name here) of the renamed properties of heads and lines."""
        heads = {"invoices": ("invoices", "manual_invoices")}.get(self.declared.head, (self.declared.head,))
        lines = self.declared.lines
        if self.declared is PURCHASE_ORDERS:
            lines = (*lines, "purchase_order_lines_int")
        found = {
            "head": tuple(pair for name in heads for pair in self.system.entity_set(name).aliases),
            "lines": tuple(pair for name in lines for pair in self.system.entity_set(name).aliases),
        }
        return found if any(found.values()) else {}


def _key_of(head: EntitySet, text: str) -> KeyValues | None:
    """An external id as the values of a key; None for one that no row of this set can have."""
    parts = split_key(text)
    if len(parts) != len(head.key) or (head.companies and parts[0] not in head.companies):
        return None
    numbers = head.collection.numbers
    values: list[str | int] = []
    for name, part in zip(head.collection.key, parts, strict=True):
        if name in numbers and not part.isdecimal():
            return None
        values.append(int(part) if name in numbers else part)
    return tuple(values)


def _rename(rows: Sequence[dict[str, Any]], aliases: tuple[tuple[str, str], ...]) -> None:
    for row in rows:
        for name, here in aliases:
            if here in row:
                row[name] = row[here]


def _put_coding(lines: Sequence[dict[str, Any]], coding: Sequence[dict[str, Any]]) -> None:
    """Order lines coded elsewhere get their codes from the pre-accounting (FACTS 23)."""
    by_id = {str(each.get("PreAccountingId")): each for each in coding}
    for line in lines:
        codes = by_id.get(str(line.get("PreAccountingId")))
        if codes is not None:
            line["CodeA"] = codes.get("AccountNo")
            line.update({f"Code{part}": codes.get(f"Codeno{part}") for part in "BCDEFGHIJ"})
