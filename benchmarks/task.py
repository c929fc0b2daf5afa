"""What a measuring process is told to do, and what it reports."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, Literal

import msgspec

Side = Literal["bare", "product"]
Part = Literal["load", "read_back", "idle", "changes"]


class Task(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One measurement; runs in a process of its own."""

    side: Side
    part: Part = "load"
    """load: everything for the first time. read_back: the next run, which looks at what import sets left behind. idle:
    a run with nothing to do. changes: the run after some invoices changed."""
    profile: str
    source_url: str
    target_url: str
    in_flight: int
    home: str = ""
    """The product's data folder."""
    database_url: str = ""
    """Empty: SQLite in the data folder."""


class Figures(msgspec.Struct, kw_only=True):
    """What a run took."""

    wall_s: float
    cpu_s: float
    """Of the measuring process, all its threads."""
    peak_mb: float
    """Its largest resident size, start to end."""
    records: int
    source_requests: int
    target_requests: int

    @property
    def requests(self) -> int:
        return self.source_requests + self.target_requests


class Measured(Figures, kw_only=True):
    """What one measurement gave."""

    outcome: str = ""


def medians(found: Sequence[Measured]) -> dict[str, Any]:
    """Figures of runs that did the same; what is counted is that of the last."""
    last = found[-1]
    return {
        "wall_s": median(one.wall_s for one in found),
        "cpu_s": median(one.cpu_s for one in found),
        "peak_mb": median(one.peak_mb for one in found),
        "records": last.records,
        "source_requests": last.source_requests,
        "target_requests": last.target_requests,
    }
