"""Where the instance keeps its rows: a dictionary per table, with indexes for equality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .columns import REFERENCE_KINDS, Column
from .schema import TableDefinition

Row = dict[str, str]
"""A row as stored: column -> text; an empty value may be left out."""


class Table:
    """The rows of one table by sys_id, in the order in which they were inserted."""

    def __init__(self, definition: TableDefinition, columns: Mapping[str, Column]) -> None:
        self.definition = definition
        self.rows: dict[str, Row] = {}
        self.hidden: set[str] = set()
        """Rows that access rules hide from everybody but admins."""
        self.hidden_columns: set[str] = set()
        """Columns that are left out of every answer."""
        self.locked_columns: set[str] = set()
        """Columns whose sent values are dropped."""
        self.next_number = definition.first_number
        self._indexes: dict[str, dict[str, tuple[str, ...]]] = {}
        self.reshape(columns)

    @property
    def name(self) -> str:
        """The table's name in the API."""
        return self.definition.name

    def reshape(self, columns: Mapping[str, Column]) -> None:
        """Takes a new set of columns; values of a column taken away are kept but no longer seen."""
        self.columns = dict(columns)
        self.references = {name: one.reference for name, one in columns.items() if one.kind in REFERENCE_KINDS}
        self.monies = tuple(name for name, one in columns.items() if one.kind == "currency")
        self.defaults = {name: one.default for name, one in columns.items() if one.default}
        self.mandatory = tuple(one for one in columns.values() if one.mandatory)
        for name in [one.name for one in columns.values() if one.indexed and one.name not in self._indexes]:
            self._indexes[name] = {}
            for sys_id, row in self.rows.items():
                self._enter(name, row.get(name, ""), sys_id)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __getitem__(self, sys_id: str) -> Row:
        return self.rows[sys_id]

    def take_number(self) -> str:
        """Returns the next automatic number; numbers of refused inserts are lost, as on a real instance."""
        number, self.next_number = self.next_number, self.next_number + 1
        return f"{self.definition.prefix}{number:07d}"

    def display(self, row: Row) -> str:
        """Returns what stands for a row where it is referenced."""
        return row.get(self.definition.display, "")

    def add(self, row: Row) -> None:
        """Enters a complete row."""
        sys_id = row["sys_id"]
        self.rows[sys_id] = row
        for name, index in self._indexes.items():
            if value := row.get(name):
                key = value.casefold()
                index[key] = (*index[key], sys_id) if key in index else (sys_id,)

    def replace(self, rows: Iterable[Row]) -> None:
        """Enters complete rows in place of all that were there."""
        self.rows.clear()
        for index in self._indexes.values():
            index.clear()
        for row in rows:
            self.add(row)

    def change(self, row: Row, values: Row) -> None:
        """Overwrites values of a row."""
        for name, value in values.items():
            if name in self._indexes:
                self._leave(name, row.get(name, ""), row["sys_id"])
                self._enter(name, value, row["sys_id"])
            row[name] = value

    def remove(self, sys_id: str) -> None:
        """Deletes a row for good; nothing tells a poller (section 7.7)."""
        row = self.rows.pop(sys_id)
        for name in self._indexes:
            self._leave(name, row.get(name, ""), sys_id)

    def _enter(self, name: str, value: str, sys_id: str) -> None:
        if value:
            index, key = self._indexes[name], value.casefold()
            index[key] = (*index.get(key, ()), sys_id)

    def _leave(self, name: str, value: str, sys_id: str) -> None:
        if value:
            index, key = self._indexes[name], value.casefold()
            rest = tuple(one for one in index.get(key, ()) if one != sys_id)
            if rest:
                index[key] = rest
            else:
                index.pop(key, None)

    def is_indexed(self, name: str) -> bool:
        """Whether `having` answers for a column without reading every row."""
        return name == "sys_id" or name in self._indexes

    def having(self, name: str, value: str) -> Iterable[Row]:
        """Returns the rows whose indexed column equals a non-empty value, letter case ignored."""
        if name == "sys_id":
            row = self.rows.get(value.casefold())
            return () if row is None else (row,)
        return [self.rows[one] for one in self._indexes[name].get(value.casefold(), ())]

    def find(self, **values: str) -> list[Row]:
        """Returns the rows that have all these values, letter case respected."""
        indexed = next((name for name, value in values.items() if value and self.is_indexed(name)), None)
        rows = self.having(indexed, values[indexed]) if indexed else self.rows.values()
        return [row for row in rows if all(row.get(name, "") == value for name, value in values.items())]


Tables = Mapping[str, Table]
Predicate = Callable[[Row], bool]
