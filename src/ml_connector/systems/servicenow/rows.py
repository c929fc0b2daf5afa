"""Rows that are on the target: by id, by key, and what amounts behind FX references say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ml_connector.systems.base import Row
from ml_connector.systems.servicenow.columns import Kind, stored
from ml_connector.systems.servicenow.dictionary import HIDDEN, Dictionary, Proof
from ml_connector.systems.servicenow.form import Form
from ml_connector.systems.servicenow.instance import Instance, RowDict

SYS_ID = re.compile(r"[0-9a-f]{32}")
FX_TABLE = "fx_currency2_instance"
"""Amounts of sn_shop_ tables refer to it (FACTS 10)."""


class TableRow(Row, frozen=True):
    """A row that remembers its table, since header and lines share names of columns."""

    table: str = ""


class RowReader:
    """Reads rows of one connection."""

    def __init__(self, instance: Instance, dictionary: Dictionary) -> None:
        self._instance = instance
        self._dictionary = dictionary

    async def read(self, form: Form, ids: Iterable[str]) -> dict[str, RowDict]:
        """The rows with these ids; absent: not there, or hidden."""
        wanted = [one for one in dict.fromkeys(ids) if SYS_ID.fullmatch(one)]
        rows = await self._instance.by_values(form.name, ["sys_id"], wanted, form.row_columns)
        by_id = {stored(row.get("sys_id")) or "": row for row in rows}
        found = {one: by_id[one] for one in wanted if one in by_id}
        return await self._with_amounts(form, found)

    async def by_keys(self, form: Form, columns: Sequence[str], values: Iterable[str]) -> list[RowDict]:
        """Rows in which one of the columns may hold one of the values; columns that are not proved are not asked for.

        The caller compares: conditions may have been dropped (FACTS 13).
        """
        proved = [c for c in columns if self._proved(form, c)]
        if not proved:
            return []
        rows = await self._instance.by_values(form.name, proved, values, [*form.row_columns, *columns])
        found = await self._with_amounts(form, {stored(row.get("sys_id")) or "": row for row in rows})
        return list(found.values())

    def _proved(self, form: Form, column: str) -> bool:
        return column == "sys_id" or self._dictionary.proof(form.name, column) is Proof.PROVED

    async def _with_amounts(self, form: Form, rows: dict[str, RowDict]) -> dict[str, RowDict]:
        """Amounts that are references to FX rows, as `EUR;12.35`."""
        columns = [c for c, column in form.shown_kinds.items() if column is Kind.AMOUNT]
        ids = {
            text
            for row in rows.values()
            for column in columns
            if SYS_ID.fullmatch(text := stored(row.get(column)) or "")
        }
        if not ids:
            return rows
        try:
            found = await self._instance.by_values(FX_TABLE, ["sys_id"], sorted(ids), ["amount", "currency"])
        except HIDDEN:
            found = []
        amounts = {
            stored(row.get("sys_id")) or "": f"{stored(row.get('currency')) or ''};{stored(row.get('amount')) or ''}"
            for row in found
        }
        for row in rows.values():
            for column in columns:
                text = stored(row.get(column)) or ""
                if text in ids:
                    row[column] = amounts.get(text)
        return rows


def as_row(form: Form, row: RowDict) -> TableRow:
    """What sync sees of a row."""
    columns: dict[str, Any] = {name: stored(value) for name, value in row.items() if value is not None}
    sys_id = (stored(row.get("sys_id")) or "").lower()
    return TableRow(sys_id, columns, stored(row.get("sys_mod_count")) or "", table=form.table.name)
