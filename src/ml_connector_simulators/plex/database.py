"""All sets together: filled from the story, and edited as a person does it inside Plex."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ..story import Story
from .entry import entered, recoded
from .rows import Record, Rows
from .schema import PARENTS, TABLES, Table
from .story_rows import story_rows
from .switches import PlexSwitches
from .values import guid, stamp


class Database:
    """The rows of every set and the rules of their stamps (fact sheet §3)."""

    def __init__(self, story: Story, today: date) -> None:
        self.tables = {name: Rows(table) for name, table in TABLES.items()}
        self._edits = 0
        for row in story_rows(story, today):
            values = entered(self.tables, row.pcn, row.table, row.values)
            table, key = TABLES[row.table], str(values[TABLES[row.table].key])
            values |= _entered_at(table, _ticked(row.created, key), _ticked(row.changed, key), row.pcn)
            self.tables[row.table].add(row.pcn, values)

    def rows(self, name: str) -> Rows:
        """The rows of a set. Raises KeyError."""
        return self.tables[name]

    def forget(self) -> None:
        """Drops all prepared bodies, after a change of switches."""
        for rows in self.tables.values():
            for record in rows:
                record.wires.clear()

    def insert(
        self, name: str, pcn: str, values: Mapping[str, Any], at: datetime, exact: bool, switches: PlexSwitches
    ) -> Record:
        """Adds a row; `exact` is False for an edit of this moment, which has a seventh digit of its own."""
        moment = self._moment(at, exact)
        rows = self.rows(name)
        row = entered(self.tables, pcn, name, _typed(values))
        record = rows.add(pcn, {**_entered_at(rows.table, moment, moment, pcn), **row})
        self._touch_owner(name, record, moment, switches)
        return record

    def change(
        self, name: str, record: Record, values: Mapping[str, Any], at: datetime, exact: bool, switches: PlexSwitches
    ) -> None:
        """Changes a row, moving its own stamp and those that the switches say."""
        moment = self._moment(at, exact)
        rows = self.rows(name)
        follows = recoded(self.tables, record.pcn, name, _typed(values), record)
        edited = {**_edited_at(rows.table, moment, record.pcn), **follows}
        if name == "chart-of-accounts" and "active" in values:
            edited.setdefault("inactiveDate", None if values["active"] else moment)
        rows.change(record, edited)
        self._touch_owner(name, record, moment, switches)

    def remove(self, name: str, record: Record, at: datetime, switches: PlexSwitches) -> None:
        """Removes a row and what belongs to it."""
        for child, (field, parent) in PARENTS.items():
            rows = self.tables[child]
            if parent != name:
                continue
            if field in rows.table.indexes:
                owned = rows.indexed(field, record.key)
            else:
                alone = rows.get(record.key)
                owned = [alone] if alone else []
            for each in owned:
                rows.remove(each)
        if name == "line-items":
            for release in self.tables["releases"].indexed("poLineItemId", record.key):
                self.tables["releases"].remove(release)
        self.rows(name).remove(record)
        self._touch_owner(name, record, self._moment(at, False), switches)

    def _touch_owner(self, name: str, record: Record, moment: str, switches: PlexSwitches) -> None:
        """The owner's totals are computed anew; its stamp moves only where a switch says so."""
        if name not in PARENTS:
            return
        field, parent = PARENTS[name]
        owner = self.tables[parent].get(record.get(field))
        if owner is None:
            return
        owner.wires.clear()
        if _moves_owner(name, switches):
            self.tables[parent].change(owner, _edited_at(TABLES[parent], moment, owner.pcn))

    def _moment(self, at: datetime, exact: bool) -> str:
        self._edits += 1
        return stamp(at, 0 if exact else self._edits % 9 + 1)


def _moves_owner(name: str, switches: PlexSwitches) -> bool:
    if name == "line-items":
        return switches.line_edit_moves == "header"
    if name == "releases":
        return switches.release_edit_moves == "header"
    if name.startswith("ap-invoice-"):
        return switches.invoice_line_edit_moves == "header"
    return switches.supplier_detail_edit_moves == "supplier"


def _ticked(moment: datetime, key: str) -> str:
    """A whole second of the story with a fraction of seven digits, which differs from row to row."""
    fraction = int(key[:8], 16) % 10**7
    return f"{stamp(moment)[:19]}.{fraction:07}Z"


def _entered_at(table: Table, created: str, changed: str, pcn: str) -> dict[str, Any]:
    person = guid(pcn, "users", "AMEYER")
    given = {"createdDate": created, "createdById": person}
    return {n: v for n, v in given.items() if n in table.fields} | _edited_at(table, changed, pcn)


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody types the stamps of a change: a row that was copied gets its own."""
    return {name: value for name, value in values.items() if name not in ("modifiedDate", "modifiedById", "modifiedBy")}


def _edited_at(table: Table, moment: str, pcn: str) -> dict[str, Any]:
    person = guid(pcn, "users", "KNILSSON")
    given = {"modifiedDate": moment, "modifiedById": person, "modifiedBy": person}
    return {name: value for name, value in given.items() if name in table.fields}
