"""The rows of one set: kept values, found by GUID, by plant or by the row they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from . import values as kinds
from .schema import Table


class Record:
    """One row. Fields that the sheet does not name are kept in `extra` and shown as they are."""

    __slots__ = ("extra", "key", "pcn", "values", "wires")

    def __init__(self, key: str, pcn: str, values: dict[str, Any], extra: dict[str, Any]) -> None:
        self.key = key
        self.pcn = pcn
        self.values = values
        self.extra = extra
        self.wires: dict[str, msgspec.Raw] = {}  # prepared bodies, by view

    def get(self, name: str) -> Any:
        return self.values.get(name)


class Rows:
    """All rows of a set, of every plant."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._records: dict[str, Record] = {}
        self._of_plant: dict[str, dict[str, Record]] = {}
        self._indexes: dict[str, dict[Any, dict[str, Record]]] = {name: {} for name in table.indexes}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: object) -> Record | None:
        return self._records.get(str(key))

    def of_plant(self, pcn: str) -> Iterable[Record]:
        return self._of_plant.get(pcn, {}).values()

    def indexed(self, name: str, value: object) -> list[Record]:
        """The rows whose indexed field `name` has that value, in the order of entry."""
        return list(self._indexes[name].get(value, {}).values())

    def find(self, fields: Mapping[str, Any]) -> Record:
        """The row whose fields (`pcn` among them) equal `fields`. Raises KeyError for none or several."""
        wanted = dict(fields)
        pcn = wanted.pop("pcn", None)
        found = [
            record
            for record in self._candidates(wanted, pcn)
            if (pcn is None or record.pcn == str(pcn))
            and all(str(record.get(name)) == str(value) for name, value in wanted.items())
        ]
        if len(found) != 1:
            raise KeyError(f"{len(found)} rows of {self.table.name} have {dict(fields)}")
        return found[0]

    def _candidates(self, wanted: Mapping[str, Any], pcn: object) -> Iterable[Record]:
        if self.table.key in wanted:
            record = self.get(wanted[self.table.key])
            return [record] if record else []
        for name in self._indexes:
            if name in wanted:
                return self.indexed(name, str(wanted[name]))
        return self if pcn is None else self.of_plant(str(pcn))

    def add(self, pcn: str, given: Mapping[str, Any]) -> Record:
        """Adds a row. Raises ValueError without a key or when there is such a row."""
        values, extra = self._split(given)
        key = values.get(self.table.key)
        if key is None or key in self._records:
            raise ValueError(f"{self.table.name} already has {key}" if key else f"{self.table.name} needs a key")
        record = Record(key, pcn, {name: values.get(name) for name in self.table.fields}, extra)
        self._records[key] = record
        self._of_plant.setdefault(pcn, {})[key] = record
        for name, index in self._indexes.items():
            index.setdefault(record.get(name), {})[key] = record
        return record

    def change(self, record: Record, given: Mapping[str, Any]) -> None:
        """Changes values; what a row is found by stays. Raises ValueError if that would change."""
        values, extra = self._split(given)
        if any(values.get(n, record.get(n)) != record.get(n) for n in (self.table.key, *self._indexes)):
            raise ValueError(f"the key of {self.table.name} cannot be changed")
        record.values.update(values)
        record.extra.update(extra)
        record.wires.clear()

    def remove(self, record: Record) -> None:
        del self._records[record.key]
        del self._of_plant[record.pcn][record.key]
        for name, index in self._indexes.items():
            del index[record.get(name)][record.key]

    def _split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in given.items():
            kind = self.table.fields.get(name)
            if kind is None:
                extra[name] = value
            else:
                values[name] = kinds.stored(kind, value)
        if values.get("status") in kinds.CANCELLED_WORDS:  # shown in the word of the plant
            values["status"] = kinds.CANCELLED_WORDS[0]
        return values, extra
