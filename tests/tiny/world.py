"""The simulator of the tiny system: one world of source rows and target rows in memory, with faults on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class World:
    """`source` by entity: rows with `id` and `changed` (a counter). `target` by table: rows by id."""

    source: dict[str, list[Row]] = field(default_factory=dict)
    target: dict[str, dict[str, Row]] = field(default_factory=dict)
    now: int = 0
    writes: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    page_size: int = 3
    chooses_ids: bool = True
    window_s: float = 60.0
    on_write: Callable[[World, Any], str] = lambda world, write: ""
    """Called for each row write; "" lets it through, `lost` does it and loses the answer, `dropped` loses the
    request, `late` keeps it for `finish_late`, any other text refuses it."""
    approved: dict[str, dict[str, str]] = field(default_factory=dict)
    """By entity that people approve: id of the row -> "" once approved, or the reason why not."""
    keyed_by_people: set[str] = field(default_factory=set)
    """Entities that people enter here: they are compared only."""
    shared: set[str] = field(default_factory=set)
    """Entities of which several records may be one row."""
    late: list[Callable[[], None]] = field(default_factory=list)

    def put(self, entity: str, **row: Any) -> Row:
        """Insert or change a row at the source."""
        self.now += 1
        rows = self.source.setdefault(entity, [])
        rows[:] = [old for old in rows if old["id"] != row["id"]]
        rows.append({**row, "changed": self.now})
        return rows[-1]

    def remove(self, entity: str, key: str) -> None:
        self.source[entity] = [row for row in self.source[entity] if row["id"] != key]

    def table(self, name: str) -> dict[str, Row]:
        return self.target.setdefault(name, {})

    def finish_late(self) -> None:
        """The target gets round to the requests whose connection was lost."""
        for work in self.late:
            work()
        self.late.clear()
