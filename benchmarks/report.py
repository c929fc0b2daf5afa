"""The table of a benchmark."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.columns import columns
from benchmarks.series import Line

_PARTS = {"load": "first load", "read_back": "read back", "idle": "no changes", "changes": "changes"}
_HEADS = (
    ("profile", "<", 12),
    ("latency", ">", 8),
    ("what", "<", 11),
    ("who", "<", 19),
    ("wall s", ">", 9),
    ("records/s", ">", 10),
    ("CPU us/rec", ">", 11),
    ("requests", ">", 9),
    ("peak MB", ">", 8),
    ("x bare", ">", 7),
    ("of ceiling", ">", 11),
)


def table(lines: Iterable[Line]) -> str:
    """Columns of figures, a line a measurement."""
    return columns(_HEADS, map(_row, lines))


def _row(line: Line) -> list[str]:
    who = "bare loop" if line.side == "bare" else f"product, {line.database}"
    many = line.records > 0
    return [
        line.conditions.profile,
        f"{line.conditions.latency_ms:g} ms",
        _PARTS[line.part],
        who,
        f"{line.wall_s:.2f}",
        f"{line.records / line.wall_s:,.0f}" if many else "",
        f"{line.cpu_s / line.records * 1e6:.0f}" if many else "",
        f"{line.requests:,}",
        f"{line.peak_mb:.0f}",
        f"{line.ratio:.2f}" if line.ratio else "",
        f"{line.of_ceiling:.0%}" if line.of_ceiling else "",
    ]


def remarks(lines: list[Line]) -> list[str]:
    """Whether the two sides sent the same number of requests."""
    found = []
    for bare in (line for line in lines if line.side == "bare"):
        for line in lines:
            if line.side == "bare" or line.part != "load" or line.conditions != bare.conditions:
                continue
            difference = line.requests / bare.requests - 1
            kept = "within 5 %" if abs(difference) <= 0.05 else "MORE THAN 5 % APART"
            found.append(
                f"{line.conditions.profile}, {line.conditions.latency_ms:g} ms, {line.database}: requests of the bare "
                f"loop {bare.requests:,}, of the product {line.requests:,}: {difference:+.1%}, {kept}; processor time "
                f"of the target's server {bare.target_cpu_s:.1f} s and {line.target_cpu_s:.1f} s"
            )
    return found
