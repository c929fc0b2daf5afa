"""Everything a domain holds, and how a row is added and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from .schema import CHILDREN, TABLES
from .switches import ProcurifySwitches
from .tables import Row, Table
from .values import Style, kept, plain

PLEX_PO_NUMBER = "Plex PO Number"


class Database:
    """The tables; `switches` and `style` are replaced when a switch is turned."""

    def __init__(self, switches: ProcurifySwitches, now: Callable[[], datetime], seed: int) -> None:
        self.tables = {name: Table(definition) for name, definition in TABLES.items()}
        self.now = now
        self._draw = Random(f"procurify {seed}")
        self.use(switches)

    def use(self, switches: ProcurifySwitches) -> None:
        """Takes over switches."""
        self.switches = switches
        self.style = Style(switches.time_zone, bare_uuids=switches.uuids == "bare")

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def new_uuid(self) -> str:
        """A random uuid, the same for the same seed."""
        return str(UUID(int=self._draw.getrandbits(128), version=4))

    def insert(self, name: str, values: Mapping[str, Any], at: datetime | None = None) -> Row:
        """Adds a row with its children, if `values` has them; stamps say `at` (default: now).

        Raises ValueError for an unknown column or a value of another kind.
        """
        table = self[name]
        definition = table.definition
        at = at or self.now()
        columns = dict(values)
        child, parent_column, typed_as = CHILDREN.get(name, ("", "", ""))
        children = columns.pop(typed_as, ()) if typed_as else ()
        row: Row = dict.fromkeys(definition.columns)
        row |= self._kept(name, definition.defaults) | self._kept(name, columns)
        if row[definition.key] is None:
            row[definition.key] = table.next_id
        if table.get(row[definition.key]) is not None:
            raise ValueError(f"{name} has a row {row[definition.key]} already")
        for column in (*definition.created, definition.stamp):
            if column and row[column] is None:
                row[column] = at
        if "uuid" in definition.columns and row["uuid"] is None:
            row["uuid"] = self.new_uuid()
        self._complete(name, row)
        table.add(row)
        for values_of_child in children:
            self.insert(child, {**self._inherited(name, row), **values_of_child, parent_column: table.key(row)}, at)
        if name == "bills" and children:
            table.change(row, {"items": [line["id"] for line in self[child].find(bill=row["id"])]})
        return row

    def change(self, name: str, row: Row, values: Mapping[str, Any], at: datetime | None = None) -> None:
        """Changes a row, and moves its stamp if its table has one. Raises ValueError as `insert` does."""
        table = self[name]
        changed = self._kept(name, values)
        if table.definition.stamp and table.definition.stamp not in changed:
            changed[table.definition.stamp] = at or self.now()
        if name == "order_items":
            changed.setdefault("updated_at", changed["last_modified"])
        if "version" in table.definition.columns and "version" not in changed:
            changed["version"] = row["version"] + 1
        table.change(row, changed)

    def remove(self, name: str, row: Row) -> None:
        """Takes a row out, with its children."""
        child, column, _ = CHILDREN.get(name, ("", "", ""))
        for part in self[child].find(**{column: self[name].key(row)}) if child else ():
            self[child].remove(part)
        self[name].remove(row)

    def one(self, name: str, key: Mapping[str, Any]) -> Row:
        """The row whose columns equal `key`. Raises KeyError if there is none."""
        found = self[name].find(**self._kept(name, key))
        if not found:
            raise KeyError(f"{name} {dict(key)}")
        return found[0]

    def by_uuid(self, name: str, text: str) -> Row | None:
        """The row of that uuid, hyphenated or bare."""
        try:
            wanted = str(UUID(text))
        except ValueError:
            return None
        return next(iter(self[name].find(uuid=wanted)), None)

    def custom_field(self, name: str) -> Row | None:
        """The active custom field of that name."""
        if name == PLEX_PO_NUMBER and not self.switches.plex_po_number_field:
            return None
        return next(iter(self["custom_fields"].find(name=name, is_active=True)), None)

    def truth(self, name: str) -> list[Row]:
        """The rows of a table, each with its children."""
        if name not in CHILDREN:
            return list(self[name])
        child, column, shown_as = CHILDREN[name]
        table = self[name]
        return [{**row, shown_as: self[child].find(**{column: table.key(row)})} for row in table]

    def _kept(self, name: str, values: Mapping[str, Any]) -> Row:
        columns = self[name].definition.columns
        unknown = sorted(values.keys() - columns.keys())
        if unknown:
            raise ValueError(f"{name} has no {', '.join(unknown)}; it has {', '.join(columns)}")
        return {column: kept(columns[column], value) for column, value in values.items()}

    def _complete(self, name: str, row: Row) -> None:
        """What the system fills in by itself."""
        if name == "orders" and row["num"] is None:
            row["num"] = 1000 + row["id"]
        elif name == "purchase_orders" and row["number"] is None:
            row["number"] = f"PF{row['procurify_PO']}"
        elif name == "order_items" and row["total_cost"] is None and None not in (row["quantity"], row["price"]):
            row["total_cost"] = plain(row["quantity"] * row["price"])
        elif name == "users" and row["user"] is None:
            row["user"] = row["id"]

    def _inherited(self, name: str, row: Row) -> Row:
        """What an order's items know of it."""
        if name != "orders":
            return {}
        return {
            "orderNum": row["num"],
            "order_uuid": row["uuid"],
            "department": row["department"],
            "requester": row["user"],
        }
