"""All tables together: filling them from the story, edits inside the system, and taking a change set back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..story import Story
from .rows import Key, Record, Rows
from .schema import TABLE_OF_SET, TABLES
from .story_rows import story_rows

# what an edit inside the system may leave out
_DEFAULTS: dict[str, dict[str, Any]] = {
    "PurchaseOrderSet": {"Objstate": "Released"},
    "PurchaseOrderLineSet": {"Objstate": "Released"},
    "PostingProposalHeadSet": {"Objstate": "Posted", "PartyType": "Supplier", "DivFactor": "1"},
    "SupplierInfoGeneralSet": {"Objstate": "Active", "PartyType": "Supplier"},
    "AccountSet": {"BlockedForPosting": False, "ValidFrom": "2015-01-01", "ValidUntil": "2049-12-31"},
}
_ENTRY_STAMPS = {"PurchaseOrderSet": "DateEntered"}
_ENTRY_DAYS = {"PostingProposalHeadSet": "CreationDate", "SupplierInfoGeneralSet": "CreationDate"}


class Database:
    """The rows of every table. While a change set runs, each change notes how to undo it."""

    def __init__(self, story: Story) -> None:
        self.tables = {name: Rows(table, number) for number, (name, table) in enumerate(TABLES.items())}
        self._undo: list[Callable[[], None]] | None = None
        for row in story_rows(story):
            self.tables[row.table].insert(row.values, row.company, row.stamp)

    def rows(self, set_name: str) -> Rows:
        """The table behind a set. Raises KeyError."""
        return self.tables[TABLE_OF_SET[set_name]]

    def forget(self) -> None:
        for rows in self.tables.values():
            rows.forget()

    def insert(self, rows: Rows, values: Mapping[str, Any], moment: datetime) -> Record:
        """Adds a row with the usual defaults."""
        name = rows.table.name
        given = {**_DEFAULTS.get(name, {}), **values}
        if name in _ENTRY_STAMPS:
            given.setdefault(_ENTRY_STAMPS[name], moment)
        if name in _ENTRY_DAYS:
            given.setdefault(_ENTRY_DAYS[name], moment.date())
        record = rows.insert(given, self._company(given), moment)
        key = rows.key(record.values)
        self._note(lambda: _discard(rows, key))
        return record

    def change(self, rows: Rows, record: Record, values: Mapping[str, Any], moment: datetime) -> None:
        """Changes a row, moving its stamp; the parent's stamp stays (§5)."""
        before = (dict(record.values), dict(record.extra), record.stamp, record.changes, record.etag)
        self._note(lambda: _restore(rows, record, before))
        rows.change(record, values, moment)

    def remove(self, rows: Rows, key: Key) -> None:
        record = rows.remove(key)
        self._note(lambda: rows.put_back(key, record))

    def begin(self) -> None:
        """Starts a change set."""
        self._undo = []

    def finish(self, keep: bool) -> None:
        """Ends the change set; `keep` False takes its changes back."""
        undo, self._undo = self._undo or [], None
        if not keep:
            for step in reversed(undo):
                step()

    def _note(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _company(self, values: Mapping[str, Any]) -> str:
        """Whose row it is: its own Company, else that of its order."""
        if values.get("Company"):
            return str(values["Company"])
        order = self.tables["PurchaseOrderSet"].get((values.get("OrderNo"),))
        return order.company if order else ""


def _discard(rows: Rows, key: Key) -> None:
    rows.remove(key)


def _restore(rows: Rows, record: Record, before: tuple[Any, ...]) -> None:
    record.values, record.extra, record.stamp, record.changes, record.etag = before
    record.forget()
    rows.version += 1
