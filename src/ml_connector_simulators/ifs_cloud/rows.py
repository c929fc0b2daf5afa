"""The rows behind the sets: kept values, stamps, ETags, and the dictionaries that go over the wire."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from . import values as literals
from .schema import Table

Key = tuple[Any, ...]
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_UTC = ZoneInfo("UTC")


class Record:
    """One row: typed values, when it changed last, and whose company it belongs to ("" for nobody's)."""

    __slots__ = ("changes", "company", "etag", "extra", "plain", "row_id", "stamp", "truth", "values", "wires")

    def __init__(self, values: dict[str, Any], extra: dict[str, Any], row_id: str, company: str) -> None:
        self.values = values
        self.extra = extra  # custom fields, which $metadata does not announce
        self.row_id = row_id
        self.company = company
        self.stamp = datetime.min.replace(tzinfo=UTC)
        self.changes = 0
        self.etag = ""
        self.forget()

    def forget(self) -> None:
        """Drops the prepared forms after a change of the row or of a switch."""
        self.plain: dict[str, Any] | None = None
        self.truth: dict[str, Any] | None = None
        self.wires: dict[str, msgspec.Raw] = {}  # by set name


class Rows:
    """All rows of one table. `version` grows with every change, so that prepared results know their age."""

    def __init__(self, table: Table, number: int) -> None:
        self.table = table
        self.version = 0
        self._number = number
        self._made = 0
        self._records: dict[Key, Record] = {}
        self._of_parent: dict[Key, dict[Key, Record]] = {}  # by the key's first properties, then the whole key
        self._columns = {name: _CAPITAL.sub("_", name).upper() for name in table.keys}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def find(self, fields: Mapping[str, Any]) -> Record:
        """The row whose fields equal `fields`, the whole key or less. Raises KeyError."""
        for record in self._candidates(fields):
            if all(str(record.values.get(n)) == str(v) for n, v in fields.items()):
                return record
        raise KeyError(f"{self.table.name} {dict(fields)}")

    def children(self, parent: Key) -> Iterable[Record]:
        """The rows whose key begins with the parent's key."""
        return self._of_parent.get(parent, {}).values()

    def insert(self, given: Mapping[str, Any], company: str, moment: datetime) -> Record:
        """Adds a row; fields that the table does not have become custom fields. Raises ValueError if it exists."""
        values, extra = self._split(given)
        for prop in self.table.properties:
            values.setdefault(prop.name, None)
        key = self.key(values)
        if None in key:
            raise ValueError(f"{self.table.name} needs {', '.join(self.table.keys)}")
        if key in self._records:
            raise ValueError(f"{self.table.name} already has {key}")
        self._made += 1
        row_id = f"AAA{self._number:03X}AAHAA{self._made:07X}"
        record = Record(values, extra, row_id, company)
        self.put_back(key, record)
        self.touch(record, moment)
        return record

    def change(self, record: Record, given: Mapping[str, Any], moment: datetime) -> None:
        """Changes values of a row; the key stays. Raises ValueError if it would change."""
        values, extra = self._split(given)
        if any(record.values[name] != values[name] for name in self.table.keys if name in values):
            raise ValueError(f"the key of {self.table.name} cannot be changed")
        record.values.update(values)
        record.extra.update(extra)
        self.touch(record, moment)

    def remove(self, key: Key) -> Record:
        record = self._records.pop(key)
        del self._of_parent[self._parent(key)][key]
        self.version += 1
        return record

    def put_back(self, key: Key, record: Record) -> None:
        """Stores a record under its key as it is (also to undo a removal)."""
        self._records[key] = record
        self._of_parent.setdefault(self._parent(key), {})[key] = record
        self.version += 1

    def touch(self, record: Record, moment: datetime) -> None:
        """Moves the stamp and with it the ETag; two changes in one second share a tag (§3)."""
        record.stamp = moment.astimezone(UTC).replace(microsecond=0)
        record.changes += 1
        record.values["Rowversion"] = record.stamp
        objversion = record.changes if self.table.counter_version else f"{record.stamp:%Y%m%d%H%M%S}"
        inner = f'W/"{record.row_id}:{objversion}"'
        record.etag = f'W/"{base64.b64encode(inner.encode()).decode()}"'
        record.forget()
        self.version += 1

    def forget(self) -> None:
        """Drops all prepared forms, after a change of switches."""
        self.version += 1
        for record in self:
            record.forget()

    def key(self, values: Mapping[str, Any]) -> Key:
        return tuple(values.get(name) for name in self.table.keys)

    def key_reference(self, record: Record) -> str:
        """`COMPANY=10^INVOICE_ID=55^`."""
        return "".join(f"{column}={record.values[name]}^" for name, column in self._columns.items())

    def plain(self, record: Record, zone: ZoneInfo, booleans: str) -> dict[str, Any]:
        """The row's properties as JSON values, which filters and orders compare."""
        if record.plain is None:
            record.plain = self.rendered(record, zone, booleans)
        return record.plain

    def truth(self, record: Record) -> dict[str, Any]:
        """The row for the control surface: stamps really in UTC, custom fields included."""
        if record.truth is None:
            record.truth = {**self.rendered(record, _UTC, "boolean"), **record.extra}
        return record.truth

    def rendered(self, record: Record, zone: ZoneInfo, booleans: str) -> dict[str, Any]:
        """The row's properties as JSON values of that zone, not kept."""
        values = record.values
        return {p.name: literals.rendered(p, values[p.name], zone, booleans) for p in self.table.properties}

    def _candidates(self, fields: Mapping[str, Any]) -> Iterable[Record]:
        named = self._parent(self.table.keys)
        if not all(name in fields for name in named):
            return self
        parent = tuple(literals.stored(p, fields[p.name]) for p in self.table.properties if p.name in named)
        return list(self.children(parent))

    def _parent(self, key: Key) -> Key:
        return key[: self.table.parent_keys]

    def _split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in given.items():
            prop = self.table.property(name)
            if prop is None:
                extra[name] = value
            elif name != "Rowversion":
                values[name] = literals.stored(prop, value)
        return values, extra
