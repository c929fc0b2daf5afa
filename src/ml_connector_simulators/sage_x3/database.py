"""The rows of every table in the very form in which they go over the wire, and edits with their stamps (§5, §6).

Texts, whole numbers and Decimals are kept as they are, dates as `YYYY-MM-DD`, stamps as `YYYY-MM-DDTHH:MM:SSZ`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from ..story import Story
from .schema import TABLES, Column, Table
from .story_rows import name_lines, story_rows

Key = tuple[Any, ...]
By = Literal["class", "classic", "import"]
"""How a row is edited: through its class; by an old program, which sets the day only; by an import in SQL."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "BPSUPPLIER": {"BPSTYP": 1, "ENAFLG": 2, "PAYLOKFLG": 1, "DOUFLG": 1, "BPAADD": "1", "BSGCOD": "RAW"},
    "BPARTNER": {"ENAFLG": 2, "LAN": "ENG"},
    "BPADDRESS": {"BPATYP": 1},
    "PORDER": {"POHTYP": 1, "CHGTYP": 1, "CHGCOE": 1, "CLEFLG": 1, "APPFLG": 3, "RCPFLG": 1, "INVFLG": 1},
    "PORDERQ": {"POQSEQ": 1, "POPSEQ": 1, "LINCLEFLG": 1, "LININVFLG": 1, "LINSTA": 1},
    "PINVOICE": {"INVTYP": 1, "SNS": 1, "PAZ": 4, "STA": 3, "TWMSTA": 1, "CURTYP": 1, "ORIMOD": 1},
    "PINVOICED": {"TYPORI": 5},
    "GACCOUNT": {"ENAFLG": 2},
    "CACCE": {"ENAFLG": 2},
    "GACCENTRY": {"STA": 2, "CAT": 1},
    "GACCENTRYD": {"LEDTYP": 1, "SNS": 1},
    "GACCENTRYA": {"LEDTYP": 1, "ANALIN": 1},
    "BPSINVLIGA": {"ANALIG": 1},
}
_EMPTY: dict[str, Any] = {"A": "", "M": 1, "I": 0, "N": Decimal(0), "D": None, "T": None}


class Record:
    """One row; `extra` holds custom fields, which no facet announces."""

    __slots__ = ("changes", "extra", "values", "wires")

    def __init__(self, values: dict[str, Any], extra: dict[str, Any]) -> None:
        self.values = values
        self.extra = extra
        self.changes = 0  # those that moved a stamp
        self.wires: dict[str, msgspec.Raw] = {}  # by facet, until the row or a switch changes


class Rows:
    """All rows of one table. `version` grows with every change, so that prepared results know their age."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.version = 0
        self._records: dict[Key, Record] = {}
        self._of_parent: dict[Key, dict[Key, Record]] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def key(self, record: Record) -> Key:
        return tuple(record.values[name] for name in self.table.key)

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def of_parent(self, parent: Key) -> list[Record]:
        """The lines of a header, in the order of their keys."""
        found = self._of_parent.get(parent, {})
        return [found[key] for key in sorted(found)]

    def find(self, fields: Mapping[str, Any]) -> Record:
        """The row whose fields equal `fields`, the whole key or less. Raises KeyError."""
        wanted = {name: _kept(self.table.by_name[name], value) for name, value in fields.items()}
        if set(self.table.key) <= set(wanted):
            exact = self._records.get(tuple(wanted[name] for name in self.table.key))
            candidates: Iterable[Record] = [exact] if exact else []
        elif self.table.link and set(self.table.link) <= set(wanted):
            candidates = self.of_parent(tuple(wanted[name] for name in self.table.link))
        else:
            candidates = self
        for record in candidates:
            if all(record.values[name] == value for name, value in wanted.items()):
                return record
        raise KeyError(f"{self.table.name} {dict(fields)}")

    def add(self, given: Mapping[str, Any]) -> Record:
        """Puts a row in; what is not given is empty. Raises ValueError for a missing or a taken key."""
        values, extra = self._split({**_DEFAULTS.get(self.table.name, {}), **given})
        for column in self.table.columns:
            if column.name not in values:
                values[column.name] = _blank(column)
        record = Record(values, extra)
        key = self.key(record)
        if any(part in ("", None) for part in key):
            raise ValueError(f"{self.table.name} needs {', '.join(self.table.key)}")
        if key in self._records:
            raise ValueError(f"{self.table.name} already has {'~'.join(map(str, key))}")
        self._records[key] = record
        if self.table.link:
            self._of_parent.setdefault(self.link(record), {})[key] = record
        self.version += 1
        return record

    def change(self, record: Record, given: Mapping[str, Any]) -> None:
        """Changes values of a row. Raises ValueError if its key would change."""
        values, extra = self._split(given)
        if any(record.values[name] != values[name] for name in self.table.key if name in values):
            raise ValueError(f"the key of {self.table.name} cannot be changed")
        record.values.update(values)
        record.extra.update(extra)
        self.refresh(record)

    def refresh(self, record: Record) -> None:
        """To be called after every change of a row or of what is shown inside it."""
        record.wires.clear()
        self.version += 1

    def remove(self, record: Record) -> None:
        key = self.key(record)
        del self._records[key]
        if self.table.link:
            del self._of_parent[self.link(record)][key]
        self.version += 1

    def link(self, record: Record) -> Key:
        """The key of the header that a line belongs to."""
        return tuple(record.values[name] for name in self.table.link)

    def truth(self, record: Record) -> dict[str, Any]:
        return {**record.values, **record.extra}

    def forget(self) -> None:
        """Drops all prepared forms, after a change of switches."""
        self.version += 1
        for record in self:
            record.wires.clear()

    def _split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in given.items():
            column = self.table.by_name.get(name)
            if column is None:
                extra[name] = value
            else:
                values[name] = _kept(column, value)
        return values, extra


class Database:
    """All tables of the folder."""

    def __init__(self, story: Story) -> None:
        self.tables = {name: Rows(table) for name, table in TABLES.items()}
        for number, row in enumerate(story_rows(story)):
            rows = self.tables[row.table]
            record = rows.add(row.values)
            # AUUID may be empty, so it identifies nothing (§6)
            record.values["AUUID"] = "" if number % 7 == 3 else _uuid(rows, record)
            record.values["CREDATTIM"] = utc(row.created)
            _stamp(record, row.stamp, "class")

    def rows(self, name: str) -> Rows:
        """Raises KeyError for a name that is no table."""
        return self.tables[name]

    def forget(self) -> None:
        for rows in self.tables.values():
            rows.forget()

    def insert(self, name: str, given: Mapping[str, Any], moment: datetime, by: By, touch_header: bool) -> Record:
        """Enters a row. A supplier gets its business partner with it, as the supplier class does it."""
        rows = self.rows(name)
        record = rows.add(given)
        if by == "class":
            record.values["CREDATTIM"] = utc(moment)
            record.values["AUUID"] = _uuid(rows, record)
        _stamp(record, moment, by)
        if name == "BPSUPPLIER" and by == "class":
            self._keep_partner(record, moment, given.get("CRY", ""))
        self._touch_header(rows, record, moment, by, touch_header)
        return record

    def change(
        self, name: str, key: Mapping[str, Any], given: Mapping[str, Any], moment: datetime, by: By, touch_header: bool
    ) -> Record:
        """Changes a row."""
        rows = self.rows(name)
        record = rows.find(key)
        rows.change(record, given)
        _stamp(record, moment, by)
        if name == "BPSUPPLIER" and by == "class" and "BPSNAM" in given:
            self._keep_partner(record, moment, "")
        supplier = self.tables["BPSUPPLIER"].get(rows.key(record)) if name == "BPARTNER" else None
        if supplier is not None:  # which may show its partner's columns
            self.tables["BPSUPPLIER"].refresh(supplier)
        self._touch_header(rows, record, moment, by, touch_header)
        return record

    def remove(self, name: str, key: Mapping[str, Any], moment: datetime, touch_header: bool) -> None:
        """Deletes a row; a document goes with its lines, a supplier leaves its partner and addresses."""
        rows = self.rows(name)
        record = rows.find(key)
        rows.remove(record)
        self._touch_header(rows, record, moment, "class", touch_header)
        for lines in self.tables.values():
            if lines.table.parent == name and not lines.table.own_class:
                for line in lines.of_parent(rows.key(record)):
                    lines.remove(line)

    def _touch_header(self, rows: Rows, line: Record, moment: datetime, by: By, wanted: bool) -> None:
        """An address never moves its supplier's stamp; a line moves its document's, where that is the habit."""
        if not rows.table.parent:
            return
        heads = self.tables[rows.table.parent]
        head = heads.get(rows.link(line))
        if head is None:
            return
        if wanted and by == "class" and not rows.table.own_class:
            _stamp(head, moment, by)
        heads.refresh(head)

    def _keep_partner(self, supplier: Record, moment: datetime, country: str) -> None:
        partners = self.tables["BPARTNER"]
        partner = partners.get((supplier.values["BPSNUM"],))
        name = name_lines(supplier.values["BPSNAM"])
        if partner is None:
            values = {"BPRNUM": supplier.values["BPSNUM"], "BPRNAM": name, "CUR": supplier.values["CUR"]}
            partner = partners.add({**values, "CRY": country})
            partner.values["CREDATTIM"] = utc(moment)
        else:
            partners.change(partner, {"BPRNAM": name})
        _stamp(partner, moment, "class")


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stamp(record: Record, moment: datetime, by: By) -> None:
    if by == "import":
        return
    record.changes += 1
    record.values["UPDDAT"] = moment.astimezone(UTC).date().isoformat()
    if by == "class":
        record.values["UPDDATTIM"] = record.values["updatedDate"] = utc(moment)
        record.values["UPDUSR"] = "ADMIN"


def _uuid(rows: Rows, record: Record) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{rows.table.name} {rows.key(record)}"))


def _blank(column: Column) -> Any:
    if column.size:
        return [_EMPTY[column.kind]] * column.size
    return _EMPTY[column.kind]


def _kept(column: Column, value: Any) -> Any:
    """A value given by the story or the control surface in the form it is kept in. Raises ValueError."""
    if column.size:
        given = list(value) if isinstance(value, (list, tuple)) else [value]
        if len(given) > column.size:
            raise ValueError(f"{column.name} has {column.size} places")
        padding = [_EMPTY[column.kind]] * (column.size - len(given))
        return [_kept_one(column, each) for each in given] + padding
    return _kept_one(column, value)


def _kept_one(column: Column, value: Any) -> Any:
    if value is None:
        return "" if column.kind == "A" else None
    if column.kind == "A":
        return str(value)
    if column.kind in ("M", "I"):
        return int(value)
    if column.kind == "N":
        return Decimal(str(value))
    if column.kind == "D":
        return value.isoformat()[:10] if isinstance(value, date) else date.fromisoformat(str(value)[:10]).isoformat()
    return utc(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
