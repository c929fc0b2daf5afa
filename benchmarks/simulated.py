"""A simulated system in a process of its own that also says what it was busy with: `python -m benchmarks.simulated`.

Its first line is what a product needs to connect. Then each line that it is sent is answered with one line of JSON.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from hashlib import blake2b
from typing import Any, Literal, cast

import msgspec

from benchmarks.edits import edit
from ml_connector_simulators import exact_json
from ml_connector_simulators.framework import Simulator
from ml_connector_simulators.registry import simulator_class

UNLIMITED = {"plex": {"calls_per_minute": 0}, "ifs_cloud": {"requests_per_minute": 0}}
"""Limits are not what is measured here."""
OURS = "ml.connector"
"""The integration user of the simulated ServiceNow."""
_encode = msgspec.json.Encoder(order="sorted").encode


def main() -> None:
    """`SYSTEM SIZE`; serves until standard input ends."""
    system, size = sys.argv[1:]
    asyncio.run(_serve(simulator_class(system)(size=cast(Literal["small", "medium"], size))))


async def _serve(simulator: Simulator) -> None:
    simulator.set_switches(**UNLIMITED.get(simulator.system, {}))
    async with simulator:
        print(exact_json.dump(simulator.connection()).decode(), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(msgspec.json.encode(_answer(simulator, *line.split())).decode(), flush=True)


def _answer(simulator: Simulator, command: str, *arguments: str) -> object:
    match command:
        case "cpu_s":
            usage = resource.getrusage(resource.RUSAGE_SELF)
            return usage.ru_utime + usage.ru_stime
        case "requests":
            return simulator.journal.counts().total
        case "edit":
            return edit(simulator, int(arguments[0]), arguments[1])
        case "digest":
            return _digest(simulator)
    raise ValueError(f"no command {command!r}")


def _digest(simulator: Simulator) -> dict[str, str]:
    """What we made, table by table, whatever the order in which it came and the ids and numbers it was given."""
    tables = {name: [dict(row) for row in rows] for name, rows in simulator.truth().items()}
    plain = {row["sys_id"]: row for rows in tables.values() for row in rows}
    found = {}
    for name, rows in tables.items():
        own = [row for row in rows if row.get("sys_created_by") == OURS]
        total = sum(_hash({column: _shown(value, plain) for column, value in _own(row)}) for row in own)
        if own:
            found[name] = f"{len(own)} rows {total % 2**64:016x}"
    return found


def _own(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(column, value) for column, value in row.items() if value and not _is_given(column)]


def _is_given(column: str) -> bool:
    """By the instance, differently each time."""
    return column.startswith("sys_") or column in ("number", "opened_at")


def _shown(value: Any, plain: dict[str, dict[str, Any]]) -> Any:
    """A reference as what the row that it leads to says."""
    if value not in plain:
        return value
    return [(column, text) for column, text in sorted(_own(plain[value])) if text not in plain]


def _hash(shown: dict[str, Any]) -> int:
    return int.from_bytes(blake2b(_encode(shown), digest_size=8).digest())


if __name__ == "__main__":
    main()
