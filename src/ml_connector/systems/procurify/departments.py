"""Cost centers and departments -> departments of the configured location (FACTS 25, 27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import RefusedError
from ml_connector.mappings import Refs
from ml_connector.records import CostCenter, Department, Entity, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Answer, Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify.api import RowDict
from ml_connector.systems.procurify.surroundings import DEPARTMENTS, branch_of, text_id
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget, external_id

NAME_CHARACTERS, ID_CHARACTERS = 150, 100


class Departments(ProcurifyTarget):
    """Departments of the configured location; cost centers become departments, too."""

    table = "departments"
    watched = (DEPARTMENTS,)
    shares_rows = True
    essential: ClassVar[frozenset[str]] = frozenset({"name", "external_id"})
    _location: RowDict
    _rows: dict[str, Row] | None = None
    """As read for this call of `write`."""

    async def prepare(self) -> None:
        await super().prepare()
        self._location = await self.surroundings.location()

    @property
    def mapping_version(self) -> str:  # type: ignore[override]
        return f"departments-1-{self.settings.department_names}"

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, Department | CostCenter)
        fit = Fitting()
        name = record.name or record.code
        if self.settings.department_names != "name":
            company = (record.company or identity.scope) if self.settings.department_names == "company_and_name" else ""
            name = " ".join(filter(None, (company, record.code, record.name)))
        name = fit.key("name", fit.trimmed("the name", name), NAME_CHARACTERS)
        kind = "cost_center" if self.entity is Entity.COST_CENTERS else ""
        key = fit.key("external_id", external_id(identity, kind), ID_CHARACTERS)
        payload = {"name": name, "external_id": key, "active": record.active}
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"external_id": key}))

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        rows = await self._read_all() if ids else {}
        return {each: rows[each] for each in ids if each in rows}

    async def _read_all(self) -> dict[str, Row]:
        return {text_id(row): named_row(row) for row in await self.surroundings.departments()}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        rows = list((await self._read_all()).values())
        found = []
        for payload in (each.shaped.parts[0].payload for each in candidates):
            mine = [row for row in rows if row.columns["external_id"] == payload["external_id"]]
            found.append(mine or [row for row in rows if self._is_here(row) and row.columns["name"] == payload["name"]])
        return found

    def _is_here(self, row: Row) -> bool:
        return bool(branch_of(row.columns) == text_id(self._location))

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        rows = list((await self._read_all()).values())
        keys = [part.lookup["external_id"] for part in parts]
        return [[row for row in rows if row.columns["external_id"] == key] for key in keys]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """By their name in the configured location, else anywhere, or by the last part of our external id."""
        rows = list((await self._read_all()).values())
        found = {}
        for code in codes:
            named = [r for r in rows if code in (r.columns["name"], r.columns["external_id"].rpartition(":")[2])]
            chosen = [row for row in named if self._is_here(row)] or named
            if chosen:
                found[code] = sorted(row.external_id for row in chosen)
        return found

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        self._rows = None
        return await super().write(writes)

    async def _known(self) -> dict[str, Row]:
        if self._rows is None:
            self._rows = await self._read_all()
        return self._rows

    async def _post(self, write: Write) -> Receipt:
        known = await self._known()
        payload = write.payload
        twins = [row for row in known.values() if self._is_here(row) and row.columns["name"] == payload["name"]]
        if len(twins) > 1:
            raise RefusedError(
                f"Location {self._location.get('name')} has {len(twins)} departments named {payload['name']!r}, and "
                "requisitions address departments by name.",
                fix="Rename all but one in Procurify, or set department_names to code_and_name or company_and_name; "
                "then replay.",
            )
        if twins:
            return await self._bring_up(write, twins[0])
        body = {**payload, "branch": self._location["id"]}
        row = await self.api.write("POST", DEPARTMENTS, body, f"department {payload['name']}")
        return self._remembered(payload, {**body, **row})

    async def _change(self, write: Write) -> Receipt:
        row = (await self._known()).get(write.external_id)
        if row is None:
            raise RefusedError(
                f"Department {write.payload['name']!r} (row {write.external_id}) is not in Procurify any more.",
                fix="Create it there again, or have it sent anew.",
            )
        return await self._bring_up(write, row)

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """PUT replaces the whole; the location stays what people made it."""
        differing = self.differences(write.payload, row)
        if not differing:
            return Receipt(row.external_id, existed=True)
        if row.columns["external_id"] and "external_id" in differing:
            return self._shared(write, row)
        branch = branch_of(row.columns) or text_id(self._location)
        body = {**write.payload, "branch": int(branch)}
        path = f"{DEPARTMENTS}{row.external_id}/"
        echo = await self.api.write("PUT", path, body, f"department {write.payload['name']}")
        return self._remembered(write.payload, {**row.columns, **body, **echo})

    def _shared(self, write: Write, row: Row) -> Receipt:
        """The row is another record's, too: it is left as that one has it."""
        if row.columns["name"] == write.payload["name"]:
            return Receipt(row.external_id, existed=True, answer="another record has the same name, and this row")
        raise RefusedError(
            f"Department {row.columns['name']!r} (row {row.external_id}) stands for {row.columns['external_id']}, too, "
            f"and cannot become {write.payload['name']!r}.",
            fix="Make a department of that name in Procurify by hand, or give both the same name in the ERP.",
        )

    def _remembered(self, payload: Mapping[str, Any], stored: RowDict) -> Receipt:
        row = named_row(stored)
        if self._rows is not None:
            self._rows[row.external_id] = row
        return self._receipt(payload, row)


def named_row(row: RowDict) -> Row:
    return Row(text_id(row), {**row, "name": str(row.get("name") or ""), "external_id": row.get("external_id") or ""})
