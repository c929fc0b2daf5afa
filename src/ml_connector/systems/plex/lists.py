"""Collections without dates: read in full and compared with the last time; and dimensions that no list names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import msgspec

from ml_connector.errors import ModuleMissingError
from ml_connector.mappings import Mapping as FieldMapping
from ml_connector.records import Entity, join_key, split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.cursors import Unbelievable
from ml_connector.systems.plex.api import digest
from ml_connector.systems.plex.cursors import ListCursor
from ml_connector.systems.plex.documents import Invoices, raw_record
from ml_connector.systems.plex.emptiness import believe_missing, believe_nothing
from ml_connector.systems.plex.mapping import TO_COST_CENTER, TO_DEPARTMENT, TO_GL_ACCOUNT, TO_LOCATION
from ml_connector.systems.plex.quirks.references import segment_of
from ml_connector.systems.plex.rows import EPOCH, Row, moment_of
from ml_connector.systems.plex.slices import Listing, Place, slices
from ml_connector.systems.plex.streams import PlexStream

if TYPE_CHECKING:
    from ml_connector.systems.plex.connection import Plex

PER_PAGE = 500
_MAPPINGS: dict[Entity, FieldMapping] = {
    Entity.GL_ACCOUNTS: TO_GL_ACCOUNT,
    Entity.COST_CENTERS: TO_COST_CENTER,
    Entity.DEPARTMENTS: TO_DEPARTMENT,
    Entity.LOCATIONS: TO_LOCATION,
}
LISTED = frozenset(_MAPPINGS)


class ListStream(PlexStream[ListCursor]):
    """A whole list, of which only what is new or different is passed on."""

    def __init__(self, system: Plex, entity: Entity) -> None:
        super().__init__(system, entity, _MAPPINGS[entity], ListCursor)

    async def check_source(self, cursor: ListCursor) -> None:
        """Departments that come from somewhere else all of a sudden would all be there twice."""
        source = await self._source()
        if cursor.source == source:
            return
        if self.settings.departments_source == "auto" and cursor.source == "endpoint":
            path = self.settings.path("departments")
            raise ModuleMissingError(
                f"{path}: the departments were read there before, and it is not available any more.",
                fix="Have it made available again; or set departments_source to derive, which gives the departments "
                "other keys.",
                who="Plex administrator",
            )
        raise Unbelievable(f"it is read from another source from now on ({source})")

    async def _source(self) -> str:
        if self.entity is Entity.COST_CENTERS:
            return self.settings.cost_center_source
        if self.entity is Entity.DEPARTMENTS:
            return "derived" if await self.system.knowledge.departments() is None else "endpoint"
        return "list"

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        bounds = window.bounds
        cursor = self.believed(bounds["cursor"]) if "cursor" in bounds else None
        records = await self._all(cursor)
        await self._believe(records, cursor, moment_of(bounds["until"]) or EPOCH)
        known = cursor.known if cursor else {}
        after = position["after"] if position else ""
        changed = [raw for raw in records if known.get(raw.key) != raw.version and raw.key > after]
        for at in range(0, len(changed), PER_PAGE):
            some = changed[at : at + PER_PAGE]
            yield Page(some, {"after": some[-1].key})
        # Of what was passed on before this reading, another version may have gone: it is given once more next time.
        versions = {raw.key: raw.version for raw in records if raw.key > after or known.get(raw.key) == raw.version}
        if cursor and await self._source() in ("derived", "invoice_lines"):
            versions = cursor.known | versions
        made = ListCursor(self.settings.pcn, bounds["until"], versions, await self._source())
        yield Page([], None, msgspec.to_builtins(made))

    async def _believe(self, records: Sequence[RawRecord], cursor: ListCursor | None, until: datetime) -> None:
        if await self._source() in ("derived", "invoice_lines"):
            return
        collection = self._collection
        if cursor is not None and self.entity is not Entity.COST_CENTERS:
            known = [split_key(key)[0] for key in cursor.known]
            await believe_missing(self.api, collection, known, [split_key(raw.key)[0] for raw in records])
        elif not records:
            await believe_nothing(self.api, collection, until)

    @property
    def _collection(self) -> str:
        return {Entity.DEPARTMENTS: "departments", Entity.LOCATIONS: "buildings"}.get(self.entity, "gl_accounts")

    async def _all(self, cursor: ListCursor | None = None) -> list[RawRecord]:
        """Every record, by key."""
        if self.entity is Entity.COST_CENTERS:
            found = await self._cost_centers(cursor)
        elif self.entity is Entity.DEPARTMENTS and await self._source() == "derived":
            found = [self._derived("departmentCode", code) for code in await self._department_values(cursor)]
        else:
            actives = self.entity is not Entity.DEPARTMENTS
            rows = await self.system.knowledge.all_rows(self._collection, actives=actives)
            found = [raw_record(self.settings.pcn, row, digest(row.raw)) for row in rows]
        return sorted(found, key=lambda raw: raw.key)

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys; a derived department is there because a document names it."""
        if await self._source() in ("derived", "invoice_lines"):
            name = "departmentCode" if self.entity is Entity.DEPARTMENTS else "costCenterSegment"
            return [self._derived(name, parts[0]) for key in keys if len(parts := split_key(key)) == 1]
        wanted = set(keys)
        return [raw for raw in await self._all() if raw.key in wanted]

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        records = await self._all()
        if not records:
            await self._believe(records, None, await self.api.server_now())
        yield [(raw.key, raw.version) for raw in records]

    # Values that no list names -----------------------------------------------------------------------------------

    def _derived(self, name: str, value: str, *, active: bool = True) -> RawRecord:
        payload = msgspec.json.encode({"head": {name: value, "active": active}})
        return RawRecord(join_key(value), self.settings.pcn, digest(payload), "", payload)

    async def _cost_centers(self, cursor: ListCursor | None) -> list[RawRecord]:
        name = "costCenterSegment"
        if self.settings.cost_center_source == "invoice_lines":
            return [self._derived(name, value) for value in await self._invoice_segments(cursor)]
        active: dict[str, bool] = {}
        for row in await self.system.knowledge.all_rows("gl_accounts", actives=True):
            if code := segment_of(row.text("accountNumber"), self.settings):
                active[code] = active.get(code, False) or row.data.get("active") is not False
        return [self._derived(name, code, active=flag) for code, flag in active.items()]

    async def _department_values(self, cursor: ListCursor | None) -> set[str]:
        """The codes on the heads of orders, and the numbers on invoices."""
        found: set[str] = set()
        for collection, actives in (("purchase_orders", True), ("ap_invoices", False)):
            async for rows in self._changed(collection, actives, cursor):
                found |= {row.text("department") for row in rows if row.data.get("department") not in (None, 0)}
        return {value for value in found if value.strip()}

    async def _invoice_segments(self, cursor: ListCursor | None) -> set[str]:
        invoices = Invoices(self.api, self.system.knowledge)
        found: set[str] = set()
        async for rows in self._changed("ap_invoices", False, cursor):
            details = await invoices.details(rows)
            for row in rows:
                lines = details.get(row.id, row).data.get("lines") or ()
                found |= {str(line.get("costCenterSegment") or "") for line in lines}
        return found - {""}

    async def _changed(
        self, collection: str, actives: bool, cursor: ListCursor | None
    ) -> AsyncGenerator[list[Row], None]:
        """Rows of documents since the cursor, or all."""
        until = await self.api.server_now()
        begin = datetime.combine(self.settings.first_load_from, time(), UTC)
        if cursor is not None:
            begin = (moment_of(cursor.until) or EPOCH) - self.settings.overlap
        aim = self.settings.invoice_rows if collection == "ap_invoices" else 5000
        listing = Listing(self.settings.path(collection), actives, aim)
        for by in ("modifiedDate", "createdDate") if self.settings.ask_by_creation else ("modifiedDate",):
            async with aclosing(slices(self.api, listing, by, begin, until, Place())) as found:
                async for each in found:
                    yield each.rows
