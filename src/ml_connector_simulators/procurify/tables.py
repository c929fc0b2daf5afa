"""Rows in memory: by key, by indexed column, and by a part of their text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .schema import TableDefinition

Row = dict[str, Any]
_CHUNK = 512  # rows searched by one look


class Table:
    """`version` goes up with every change, so that a sorted list can be kept until then."""

    def __init__(self, definition: TableDefinition) -> None:
        self.definition = definition
        self.rows: dict[int, Row] = {}
        self.version = 0
        self.next_id = 1
        self._index: dict[str, dict[Any, dict[int, None]]] = {
            column: defaultdict(dict) for column in definition.indexed
        }
        self._chunks: dict[int, dict[int, str]] = defaultdict(dict)
        self._joined: dict[int, str] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, row: Row) -> int:
        """The row's key."""
        return int(row[self.definition.key])

    def get(self, key: int | None) -> Row | None:
        """The row with that key."""
        return None if key is None else self.rows.get(key)

    def add(self, row: Row) -> None:
        """Takes up a complete row."""
        key = self.key(row)
        self.rows[key] = row
        self.next_id = max(self.next_id, key + 1)
        self._enter(row)

    def change(self, row: Row, values: Row) -> None:
        """Changes columns of a row of this table."""
        self._leave(row)
        row.update(values)
        self._enter(row)

    def remove(self, row: Row) -> None:
        """Takes the row out."""
        self._leave(row)
        del self.rows[self.key(row)]

    def find(self, **values: Any) -> list[Row]:
        """The rows whose columns equal `values`, lowest key first; by an index where there is one."""
        column = next((name for name in values if name in self._index), None)
        if self.definition.key in values:
            found = self.rows.get(values[self.definition.key])
            rows = [found] if found else []
        elif column:
            rows = self.indexed(column, values[column])
        else:
            rows = list(self.rows.values())
        matching = [row for row in rows if all(row[name] == value for name, value in values.items())]
        return sorted(matching, key=self.key)

    def has_index(self, column: str) -> bool:
        """Whether `indexed` answers for that column."""
        return column in self._index

    def indexed(self, column: str, value: Any) -> list[Row]:
        """The rows in which an indexed column equals `value`."""
        return [self.rows[key] for key in self._index[column].get(value, ())]

    def search(self, text: str) -> list[Row]:
        """The rows whose searched columns hold `text`, letter case ignored."""
        wanted = text.casefold()
        keys: list[int] = []
        for number, chunk in self._chunks.items():
            if number not in self._joined:
                self._joined[number] = "\0".join(chunk.values())
            if wanted in self._joined[number]:
                keys += [key for key, words in chunk.items() if wanted in words]
        return [self.rows[key] for key in keys]

    def _enter(self, row: Row) -> None:
        key = self.key(row)
        for column, index in self._index.items():
            index[row[column]][key] = None
        words = "\n".join(str(row[column]) for column in self.definition.searched if row[column] is not None)
        self._chunks[key // _CHUNK][key] = words.casefold()
        self._joined.pop(key // _CHUNK, None)
        self.version += 1

    def _leave(self, row: Row) -> None:
        key = self.key(row)
        for column, index in self._index.items():
            index[row[column]].pop(key, None)
        self._chunks[key // _CHUNK].pop(key, None)
        self._joined.pop(key // _CHUNK, None)
        self.version += 1
