"""What columns there are: proved by the dictionary, else by a row that was read, else by the echo of a write.

The dictionary is often hidden from those who are no administrators (FACTS 16): what it does not show is then
"unverified", not missing. Inherited columns stand under the parent table's name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from ml_connector.errors import ConfigurationError, ContractError, RefusedError
from ml_connector.systems.servicenow.columns import UNKNOWN, ColumnType, stored
from ml_connector.systems.servicenow.instance import Instance, RowDict

_PARENTS = ("super_class.name", "super_class.super_class.name", "super_class.super_class.super_class.name")
_FIELDS = ("name", "element", "internal_type", "max_length", "reference", "mandatory")
SYS_ID = re.compile(r"[0-9a-f]{32}")
HIDDEN = (ConfigurationError, ContractError, RefusedError)
"""What a table that is not for us answers with."""


class Proof(StrEnum):
    """How sure we are of a column."""

    PROVED = "proved"
    MISSING = "missing"
    UNVERIFIED = "unverified"


class Dictionary:
    """The columns of the tables that a connection is concerned with; learnt once."""

    def __init__(self, instance: Instance, types: dict[str, dict[str, str]]) -> None:
        self._instance = instance
        self._types = types
        self._columns: dict[str, dict[str, ColumnType]] = {}
        self._complete: set[str] = set()
        """Tables of which the dictionary shows all columns, parents' included."""
        self._seen: dict[str, set[str]] = defaultdict(set)
        """Columns seen in a row or an echo."""
        self._choices: dict[tuple[str, str], set[str]] = {}
        self.readable = True

    async def learn(self, tables: Iterable[str]) -> None:
        """Ask for what is not known yet of these tables; never raises for what is hidden."""
        new = sorted(set(tables) - self._columns.keys())
        if not new:
            return
        lineage, certain = await self._lineage(new)
        names = sorted({name for line in lineage.values() for name in line})
        rows = await self._visible("sys_dictionary", f"nameIN{','.join(names)}", _FIELDS)
        by_table: dict[str, dict[str, ColumnType]] = defaultdict(dict)
        for row in rows:
            name, element = stored(row.get("name")) or "", stored(row.get("element")) or ""
            if name in names and element:
                by_table[name][element] = _type_of(row)
        for table in new:
            line = lineage[table]
            self._columns[table] = {c: t for name in reversed(line) for c, t in by_table.get(name, {}).items()}
            inherits_nothing = table not in certain and "sys_created_on" in by_table.get(table, {})
            if inherits_nothing or (table in certain and all(by_table.get(name) for name in line)):
                self._complete.add(table)
        self.readable = bool(rows)

    async def _lineage(self, tables: Sequence[str]) -> tuple[dict[str, list[str]], set[str]]:
        """Each table with its parents, and the tables of which the parents are certain.

        Where sys_db_object is hidden, only a table that has its own sys_created_on surely inherits nothing.
        """
        fields = ("name", "super_class", *_PARENTS)
        rows = await self._visible("sys_db_object", f"nameIN{','.join(tables)}", fields)
        lineage = {table: [table] for table in tables}
        certain = set()
        for row in rows:
            table = stored(row.get("name")) or ""
            if table not in lineage:
                continue
            parents = [name for path in _PARENTS if (name := stored(row.get(path)))]
            if not parents and (above := stored(row.get("super_class"))):
                parents = await self._climb(above) if SYS_ID.fullmatch(above) else [above]
            lineage[table] += parents
            if parents or not stored(row.get("super_class")):
                certain.add(table)
        return lineage, certain

    async def _climb(self, sys_id: str) -> list[str]:
        """Names of a table and its parents, by sys_id, where dot-walking did not give them."""
        names: list[str] = []
        while sys_id and len(names) < 8:
            rows = await self._visible("sys_db_object", f"sys_id={sys_id}", ("name", "super_class"))
            row = next((row for row in rows if stored(row.get("sys_id")) == sys_id), {})
            name = stored(row.get("name"))
            if not name or name in names:
                break
            names.append(name)
            sys_id = stored(row.get("super_class")) or ""
        return names

    async def learn_choices(self, table: str, column: str) -> set[str]:
        """The values of a choice list; empty where it is hidden or not a list."""
        if (table, column) not in self._choices:
            query = f"nameIN{','.join([table, 'task'])}^element={column}"
            rows = await self._visible("sys_choice", query, ("name", "element", "value", "inactive"))
            self._choices[table, column] = {
                stored(row.get("value")) or ""
                for row in rows
                if stored(row.get("name")) == table and stored(row.get("element")) == column
            }
        return self._choices[table, column]

    async def _visible(self, table: str, query: str, fields: Sequence[str]) -> list[RowDict]:
        try:
            return await self._instance.rows(table, query, fields)
        except HIDDEN:
            return []

    def see(self, table: str, row: RowDict) -> None:
        """A row of the table came: its columns exist."""
        seen = self._seen[table]
        if len(row) > len(seen):
            seen.update(row)

    def covers(self, table: str) -> bool:
        """Whether the dictionary shows the table completely."""
        return table in self._complete

    def proof(self, table: str, column: str) -> Proof:
        """Whether the column exists; of a dot-walked one its first step."""
        name = column.partition(".")[0]
        if name in self._columns.get(table, {}) or name in self._seen[table] or name in self._types.get(table, {}):
            return Proof.PROVED
        return Proof.MISSING if table in self._complete else Proof.UNVERIFIED

    def type_of(self, table: str, column: str) -> ColumnType:
        """The column's type; settings come first."""
        found = self._columns.get(table, {}).get(column, UNKNOWN)
        told = self._types.get(table, {}).get(column)
        return ColumnType(told, found.max_length) if told else found


def _type_of(row: RowDict) -> ColumnType:
    length = stored(row.get("max_length")) or ""
    return ColumnType((stored(row.get("internal_type")) or "").lower(), int(length) if length.isdecimal() else 0)
