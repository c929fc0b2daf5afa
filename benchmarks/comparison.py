"""All sources next to each other: the same flow from each into ServiceNow, and a bare loop beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from benchmarks.flow_task import FlowTask, Part
from benchmarks.processes import Simulated, measured
from benchmarks.recording import End
from benchmarks.task import Figures, Measured, medians

SOURCES = ("plex", "syspro", "sage_x3", "ifs_cloud")
TARGET = "servicenow"


class Medians(Figures, kw_only=True):
    """Of one kind of run."""

    source_cpu_s: float
    """Of the simulated systems, so that nobody has to wonder whether they held things up."""
    target_cpu_s: float


class Compared(msgspec.Struct, kw_only=True):
    """One source."""

    source: str
    bare: Medians
    load: Medians
    idle: Medians
    changes: Medians
    changed: int
    """Records that were edited before each of the runs `changes`."""


class Comparison:
    """One source, turn and turn about with the bare loop."""

    def __init__(self, source: str, size: str, changed: int, repeat: int, small_repeat: int) -> None:
        self._source, self._size, self._changed = source, size, changed
        self._repeat, self._small_repeat = repeat, small_repeat
        self._found: dict[Part | str, list[tuple[Measured, float, float]]] = {}
        self._delivered: set[str] = set()

    def run(self, tell: Callable[[str], None]) -> Compared:
        """Ends with RuntimeError when the two sides did not deliver the same."""
        with TemporaryDirectory() as name, Simulated(self._source, self._size) as source:
            folder = Path(name)
            recording = str(folder / "recording")
            tell(f"{self._source}: what is asked")
            with Simulated(TARGET, self._size) as target:
                measured(self._task(source, target, home=str(folder / "recorded"), recording=recording))
                self._delivered.add(target.ask("digest"))
            for number in range(self._repeat):
                tell(f"{self._source}: round {number + 1}")
                with Simulated(TARGET, self._size) as target:
                    self._measure("bare", self._task(source, target, bare=True, recording=recording), source, target)
                    self._delivered.add(target.ask("digest"))
                with Simulated(TARGET, self._size) as target:
                    task = self._task(source, target, home=str(folder / f"home-{number}"))
                    self._measure("load", task, source, target)
                    self._delivered.add(target.ask("digest"))
                    if number == self._repeat - 1:
                        changed = self._small(task, source, target, tell)
            if len(self._delivered) != 1:
                raise RuntimeError(f"{self._source}: the two sides did not deliver the same rows: {self._delivered}")
        return Compared(
            source=self._source, changed=changed, **{name: _medians(found) for name, found in self._found.items()}
        )

    def _small(self, task: FlowTask, source: Simulated, target: Simulated, tell: Callable[[str], None]) -> int:
        """Runs with nothing to do, then runs after edits: what was edited is read again for a while (overlap)."""
        changed = 0
        for number in range(self._small_repeat):
            tell(f"{self._source}: run with nothing to do {number + 1}")
            self._measure("idle", task, source, target)
        for number in range(self._small_repeat):
            tell(f"{self._source}: run after edits {number + 1}")
            changed = int(source.ask(f"edit {self._changed} edited-{number}"))
            self._measure("changes", task, source, target)
        return changed

    def _task(
        self, source: Simulated, target: Simulated, *, bare: bool = False, home: str = "", recording: str = ""
    ) -> FlowTask:
        ends: dict[End, dict[str, Any]] = {"source": source.connection, "target": target.connection}
        return FlowTask(side="bare" if bare else "product", ends=ends, home=home, recording=recording)

    def _measure(self, name: str, task: FlowTask, source: Simulated, target: Simulated) -> None:
        before = float(source.ask("cpu_s")), float(target.ask("cpu_s"))
        found = measured(task)
        taken = float(source.ask("cpu_s")) - before[0], float(target.ask("cpu_s")) - before[1]
        self._found.setdefault(name, []).append((found, *taken))


def _medians(found: list[tuple[Measured, float, float]]) -> Medians:
    return Medians(
        **medians([measured for measured, _, _ in found]),
        source_cpu_s=median(cpu_s for _, cpu_s, _ in found),
        target_cpu_s=median(cpu_s for _, _, cpu_s in found),
    )
