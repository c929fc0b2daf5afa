"""Counts, beside the requests, the business rows that clients tried to write."""

from __future__ import annotations

import msgspec

from ..journal import Counts, Journal
from .instance import Instance


class WriteCounts(Counts):
    """Requests and writes since the last reset."""

    writes: int = 0
    """Rows of business tables that clients tried to insert, update or delete: by the Table API, inside Batch, by
    import sets (a staging row counts as one write to its target), whatever the outcome."""
    writes_by_table: dict[str, int] = msgspec.field(default_factory=dict)
    batch_items: int = 0


class WriteJournal(Journal):
    """A journal that knows the instance's writes."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        super().__init__()

    def reset(self) -> None:
        """Sets all counts to zero."""
        super().reset()
        self._instance.writes = 0
        self._instance.writes_by_table.clear()
        self._instance.batch_items = 0

    def counts(self) -> WriteCounts:
        """A copy of the counts."""
        return WriteCounts(
            **msgspec.structs.asdict(super().counts()),
            writes=self._instance.writes,
            writes_by_table=dict(self._instance.writes_by_table),
            batch_items=self._instance.batch_items,
        )
