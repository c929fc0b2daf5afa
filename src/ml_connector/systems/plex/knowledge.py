"""What documents refer to by a code or an id alone: accounts, suppliers, orders, buildings, departments; asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.protocols.together import together
from ml_connector.records import join_key
from ml_connector.systems.plex.api import PlexApi
from ml_connector.systems.plex.rows import Row

Named = tuple[str, str]
"""Code and name."""


@dataclass(frozen=True)
class Department:
    """A row of the departments' endpoint, as far as references go by it."""

    key: str
    code: str
    number: str
    building: str
    name: str


@dataclass
class Knowledge:
    """Learnt in this connection; safe for many callers at once."""

    api: PlexApi
    _accounts: dict[str, str] | None = None
    _buildings: dict[str, tuple[str, str, str]] | None = None
    _departments: tuple[Department, ...] | None = None
    _departments_known: bool = False
    _suppliers: dict[str, Named | None] = field(default_factory=dict)
    _supplier_ids: dict[str, str] = field(default_factory=dict)
    _orders: dict[str, list[Row]] = field(default_factory=dict)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def all_rows(self, collection: str, *, actives: bool) -> list[Row]:
        """A short list in full, active and inactive rows merged."""
        path = self.api.settings.path(collection)
        if not actives:
            return await self.api.rows(path)
        both = await together(self.api.rows(path, [("active", word)]) for word in ("true", "false"))
        return list({row.id: row for rows in both for row in rows}.values())

    async def accounts(self, ids: Collection[str], numbers: Collection[str]) -> dict[str, str]:
        """id -> number of the accounts with these ids or numbers, as far as the chart has them."""
        async with self._learning:
            if self._accounts is None:
                chart = await self.all_rows("gl_accounts", actives=True)
                self._accounts = {row.id: row.text("accountNumber") for row in chart}
            new = [ident for ident in ids if ident not in self._accounts]
            if new:
                found = await self.api.by_ids(self.api.settings.path("gl_accounts"), new)
                self._accounts |= {ident: found[ident].text("accountNumber") if ident in found else "" for ident in new}
            known = self._accounts
        if not numbers:
            return {ident: known[ident] for ident in ids if known[ident]}
        wanted, named = set(ids), set(numbers)
        return {i: n for i, n in known.items() if n and (i in wanted or n in named)}

    async def suppliers(self, ids: Collection[str]) -> dict[str, Named]:
        """Code and name by id."""
        async with self._learning:
            new = [ident for ident in dict.fromkeys(ids) if ident not in self._suppliers]
            if new:
                found = await self.api.by_ids(self.api.settings.path("suppliers"), new)
                for ident in new:
                    row = found.get(ident)
                    self._suppliers[ident] = (row.text("code"), row.text("name")) if row else None
        return {ident: named for ident in ids if (named := self._suppliers.get(ident)) is not None}

    async def supplier_ids(self, codes: Collection[str]) -> dict[str, str]:
        """Id by code, for documents that name the code alone; codes are unique within a PCN (FACTS 30)."""
        async with self._learning:
            for code in set(codes) - set(self._supplier_ids):
                rows = await self.api.rows(self.api.settings.path("suppliers"), [("code", code)])
                exact = [row.id for row in rows if row.text("code") == code]
                self._supplier_ids[code] = exact[0] if len(exact) == 1 else ""
        return {code: ident for code in codes if (ident := self._supplier_ids.get(code))}

    async def order_ids(self, numbers: Collection[tuple[str, str]]) -> dict[str, str]:
        """Id by order number, of (number, supplier) as invoices name them; what fits several orders is left out."""
        async with self._learning:
            for number in {number for number, _ in numbers} - set(self._orders):
                path = self.api.settings.path("purchase_orders")
                both = await together(
                    self.api.rows(path, [("pONumber", number), ("active", word)]) for word in ("true", "false")
                )
                exact = {row.id: row for rows in both for row in rows if row.text("poNumber") == number}
                self._orders[number] = list(exact.values())
        found: dict[str, str] = {}
        for number, supplier in numbers:
            fitting = [row.id for row in self._orders[number] if row.text("supplierId") == supplier]
            fitting = fitting or [row.id for row in self._orders[number]]
            if len(fitting) == 1:
                found[number] = fitting[0]
        return found

    async def buildings(self) -> dict[str, tuple[str, str, str]]:
        """(id, code, name) by id and by code; none where they may not be read, for no document depends on them."""
        async with self._learning:
            if self._buildings is None:
                rows: list[Row] = []
                with suppress(ModuleMissingError, PermissionMissingError):
                    rows = await self.all_rows("buildings", actives=True)
                named = [(row.id, row.text("buildingCode"), row.text("name")) for row in rows]
                self._buildings = {each[1]: each for each in named if each[1]} | {each[0]: each for each in named}
        return self._buildings

    async def departments(self) -> tuple[Department, ...] | None:
        """The departments of the endpoint; None where they are derived from the values seen."""
        async with self._learning:
            if not self._departments_known:
                self._departments = await self._read_departments()
                self._departments_known = True
        return self._departments

    async def _read_departments(self) -> tuple[Department, ...] | None:
        source = self.api.settings.departments_source
        if source == "derive":
            return None
        try:
            rows = await self.all_rows("departments", actives=False)
        except ModuleMissingError:  # 404, or 401 for a product that is not subscribed (FACTS 35)
            if source == "auto":
                return None
            raise
        return tuple(
            Department(
                row.id, row.text("departmentCode"), row.text("departmentNo"), row.text("buildingCode"), row.text("name")
            )
            for row in rows
        )

    async def department_of(self, code: Any, building: str) -> list[str] | None:
        """Key, code and name of a department as documents name it (a code, or a number); None: it is not known."""
        text = "" if code is None else str(code)
        if not text.strip():
            return None
        try:
            known = await self.departments()
        except PermissionMissingError:
            return None
        if known is None:
            return None if code == 0 else [join_key(text), text, ""]
        fitting = [each for each in known if each.code == text] or [each for each in known if each.number == text]
        if len(fitting) > 1:
            fitting = [each for each in fitting if each.building == building]
        if len(fitting) != 1:
            return None
        return [join_key(fitting[0].key), fitting[0].code or fitting[0].number, fitting[0].name]
