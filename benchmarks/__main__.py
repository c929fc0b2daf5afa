"""Measures the product next to a bare loop that sends the same requests."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks import comparison_table, processes, report
from benchmarks.comparison import SOURCES, Comparison
from benchmarks.databases import Databases
from benchmarks.series import Conditions, Line, Series

PROFILES = ("pages", "s2p_staging")
DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Run what the arguments say and print the table."""
    arguments = _arguments()
    return _sources(arguments) if arguments.sources is not None else _series(arguments)


def _sources(arguments: argparse.Namespace) -> int:
    """Every source, or those that were named."""
    size, changed = ("small", min(arguments.changed, 10)) if arguments.small else ("medium", arguments.changed)
    found = [
        Comparison(source, size, changed, arguments.repeat, 1 if arguments.small else 3).run(_tell)
        for source in arguments.sources or SOURCES
    ]
    print(comparison_table.table(found))
    print()
    print("Both sides delivered the same rows.")
    _write(arguments.json, found)
    return 0


def _series(arguments: argparse.Namespace) -> int:
    lines: list[Line] = []
    with ExitStack() as stack:
        databases = Databases(stack)
        for latency_ms in arguments.latency_ms:
            with processes.source(arguments.invoices, latency_ms) as source:
                for profile in arguments.profile:
                    conditions = _conditions(arguments, profile, latency_ms)
                    lines += Series(conditions, databases, arguments.database, _tell).run(source)
    print(report.table(lines))
    print()
    print(*report.remarks(lines), sep="\n")
    print("Both sides delivered the same rows.")
    _write(arguments.json, lines)
    return 0


def _write(file: Path | None, figures: object) -> None:
    if file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))


def _conditions(arguments: argparse.Namespace, profile: str, latency_ms: float) -> Conditions:
    return Conditions(
        profile=profile,
        latency_ms=latency_ms,
        invoices=arguments.invoices,
        in_flight=arguments.in_flight,
        changed=min(arguments.changed, arguments.invoices),
        repeat=arguments.repeat,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--invoices", type=int, default=20_000, help="invoices of five lines (default 20000)")
    parser.add_argument("--profile", nargs="+", choices=PROFILES, default=PROFILES, help="default: both")
    parser.add_argument("--database", nargs="+", choices=DATABASES, default=DATABASES, help="default: both")
    parser.add_argument(
        "--latency-ms", nargs="+", type=float, default=(0.0, 50.0), help="of each answer (default 0 50)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="rounds; medians are shown (default 3)")
    parser.add_argument("--in-flight", type=int, default=2, help="requests at a time (default 2, the product's own)")
    parser.add_argument("--changed", type=int, default=100, help="invoices changed before the second run; 0: none")
    parser.add_argument(
        "--sources",
        nargs="*",
        choices=SOURCES,
        metavar="SOURCE",
        help=f"compare sources, each as a whole flow into ServiceNow ({', '.join(SOURCES)}; none named: all)",
    )
    parser.add_argument("--small", action="store_true", help="with --sources: the simulators' smallest size")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    return parser.parse_args()


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
