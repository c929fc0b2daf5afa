"""Counts beside those of the requests: rows that clients tried to write, and requests that came two at a time."""

from __future__ import annotations

from collections import Counter

import msgspec

from ..journal import Counts, Journal


class WriteCount:
    """Rows that clients tried to write since the last reset, whatever the outcome; a line counts as an order item."""

    def __init__(self) -> None:
        self.by_set: Counter[str] = Counter()
        self.overlapping = 0

    def add(self, name: str, rows: int = 1) -> None:
        """Counts rows of a set."""
        self.by_set[name] += rows


class ProcurifyCounts(Counts):
    """Requests and writes since the last reset."""

    writes: int = 0
    writes_by_set: dict[str, int] = msgspec.field(default_factory=dict)
    overlapping: int = 0
    """Requests that arrived while another one was in progress whose caller was still there.

    Behind the fault `slow` the next request may count although its caller has read all of the slow answer."""


class WriteJournal(Journal):
    """A journal that knows the writes."""

    def __init__(self, writes: WriteCount) -> None:
        self._writes = writes
        super().__init__()

    def reset(self) -> None:
        """Sets all counts to zero."""
        super().reset()
        self._writes.by_set.clear()
        self._writes.overlapping = 0

    def counts(self) -> ProcurifyCounts:
        """A copy of the counts."""
        return ProcurifyCounts(
            **msgspec.structs.asdict(super().counts()),
            writes=self._writes.by_set.total(),
            writes_by_set=dict(self._writes.by_set),
            overlapping=self._writes.overlapping,
        )
