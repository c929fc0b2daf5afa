"""The companies' tables: rows by key, the rowversion, indexes, and what an edit inside the system does besides."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .schema import TABLES, Column, Table

Values = dict[str, Any]
FIRST_VERSION = 0x18F00
FIRST_KEYED_JOURNAL = 500001  # of payables, for what people enter after the story
SMALLEST_INDEXED = 64


def bare(value: Any) -> Any:
    """A text as SQL Server compares it: trailing blanks do not count, leading ones do."""
    return value.rstrip(" ") if isinstance(value, str) else value


def encoded_version(number: int) -> str:
    """Base64url of the eight bytes."""
    return base64.urlsafe_b64encode(number.to_bytes(8, "big")).decode()


class Rows:
    """One table of one company. `version` moves with every change; sorted and indexed views hang on it."""

    def __init__(self, table: Table, next_version: Callable[[], int]) -> None:
        self.table = table
        self.columns: dict[str, Column] = dict(table.columns)  # and those that somebody added later
        self._empty = {name: column.empty() for name, column in self.columns.items()}
        self.version = 0
        self._rows: dict[tuple[Any, ...], Values] = {}
        self._next_version = next_version
        self._indexes: dict[str, dict[Any, list[Values]]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Values]:
        return iter(self._rows.values())

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([bare(values[name]) for name in self.table.keys])

    def get(self, *key: Any) -> Values | None:
        return self._rows.get(tuple([bare(part) for part in key]))

    def insert(self, values: Mapping[str, Any]) -> Values:
        """Adds a row. Raises ValueError for a key that is taken or left out."""
        missing = [name for name in self.table.keys if values.get(name) is None]
        if missing:
            raise ValueError(f"{self.table.name} needs {', '.join(missing)}")
        stored = self._stored(values)  # may add columns
        row = {**self._empty, **stored}
        row["TimeStamp"] = self._next_version()
        key = self.key(row)
        if key in self._rows:
            raise ValueError(f"Cannot insert duplicate key {key} in {self.table.name}")
        self._rows[key] = row
        self._changed()
        return row

    def change(self, row: Values, values: Mapping[str, Any]) -> None:
        """Changes a row and nothing but it: its rowversion moves, no date does."""
        stored = self._stored(values)
        old_key = self.key(row)
        new_key = self.key({**row, **stored})
        if new_key != old_key and new_key in self._rows:
            raise ValueError(f"Cannot insert duplicate key {new_key} in {self.table.name}")
        row.update(stored)
        row["TimeStamp"] = self._next_version()
        if new_key != old_key:
            del self._rows[old_key]
            self._rows[new_key] = row
        self._changed()

    def remove(self, row: Values) -> None:
        del self._rows[self.key(row)]
        self._changed()

    def find(self, key: Mapping[str, Any]) -> list[Values]:
        """The rows whose fields equal `key`. Raises KeyError for an unknown field."""
        wanted = {name: bare(self.columns[name].stored(value)) for name, value in key.items()}
        if set(wanted) == set(self.table.keys):
            row = self._rows.get(tuple([wanted[name] for name in self.table.keys]))
            return [row] if row is not None else []
        return [row for row in self if all(bare(row[n]) == v for n, v in wanted.items())]

    def index(self, name: str) -> Mapping[Any, list[Values]]:
        """The rows by the value of one column."""
        if name not in self._indexes:
            made: dict[Any, list[Values]] = defaultdict(list)
            for row in self:
                made[bare(row[name])].append(row)
            self._indexes[name] = made
        return self._indexes[name]

    def _stored(self, values: Mapping[str, Any]) -> Values:
        """Fields that the table lacks become columns of all rows: somebody has extended it."""
        stored = {}
        for name, value in values.items():
            column = self.columns.get(name)
            if column is None:
                self.columns[name] = Column(name, "text", 4000)
                self._empty[name] = self.columns[name].empty()
                for row in self:
                    row[name] = None
            stored[name] = value if name not in self.table.columns else self.columns[name].stored(value)
        stored.pop("TimeStamp", None)
        return stored

    def _changed(self) -> None:
        self.version += 1
        self._indexes.clear()


class CompanyData:
    """One company: its currency, and every table; a rowversion is unique within the company."""

    def __init__(self, company_id: str, name: str, currency: str) -> None:
        self.company_id = company_id
        self.name = name
        self.currency = currency
        self._version = FIRST_VERSION
        self._journal = FIRST_KEYED_JOURNAL
        self.tables = {table.name: Rows(table, self._next_version) for table in TABLES.values()}

    def fill(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        for table, values in rows:
            self.tables[table].insert(values)

    def next_journal(self) -> int:
        """A payables journal for one more entry."""
        self._journal += 1
        return self._journal - 1

    def _next_version(self) -> int:
        self._version += 1
        return self._version
