"""The table over the sources."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.columns import columns
from benchmarks.comparison import Compared, Medians

_HEADS = (
    ("source", "<", 10),
    ("records", ">", 8),
    ("wall s", ">", 7),
    ("records/s", ">", 10),
    ("x bare", ">", 7),
    ("CPU us/rec", ">", 11),
    ("bare", ">", 5),
    ("requests per 1,000", ">", 19),
    ("idle", ">", 5),
    ("changes", ">", 8),
    ("peak MB", ">", 8),
    ("source busy", ">", 12),
    ("target busy", ">", 12),
)


def table(found: Sequence[Compared]) -> str:
    """A line a source; `requests per 1,000` records are those of source + target."""
    return columns(_HEADS, map(_row, found))


def _row(one: Compared) -> list[str]:
    load, thousands = one.load, one.load.records / 1000
    return [
        one.source,
        f"{load.records:,}",
        f"{load.wall_s:.1f}",
        f"{load.records / load.wall_s:,.0f}",
        f"{load.wall_s / one.bare.wall_s:.2f}",
        f"{load.cpu_s / load.records * 1e6:.0f}",
        f"{one.bare.cpu_s / load.records * 1e6:.0f}",
        f"{load.source_requests / thousands:,.0f} + {load.target_requests / thousands:,.0f}",
        f"{one.idle.requests:,}",
        f"{one.changes.requests:,}",
        f"{load.peak_mb:.0f}",
        _busy(load.source_cpu_s, load),
        _busy(load.target_cpu_s, load),
    ]


def _busy(cpu_s: float, load: Medians) -> str:
    return f"{cpu_s / load.wall_s:.0%}"
