"""One series: both sides, turn and turn about, under the same conditions; medians of what they took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from benchmarks import processes
from benchmarks.databases import Databases
from benchmarks.processes import Server
from benchmarks.task import Figures, Measured, Part, Side, Task, medians

Tell = Callable[[str], None]


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What is held equal for both sides."""

    profile: str
    latency_ms: float
    invoices: int
    in_flight: int
    changed: int
    repeat: int


class Line(Figures, kw_only=True):
    """A line of the table."""

    conditions: Conditions
    side: Side
    part: Part
    database: str = ""
    target_cpu_s: float
    """Of the target's server, so that nobody has to wonder whether it held things up."""
    ratio: float = 0.0
    """Wall time by that of the bare loop."""
    of_ceiling: float = 0.0
    """Writes a second by in-flight x batch / latency; 0 without latency."""


WRITES = {"pages": 7, "s2p_staging": 6}
"""Row writes of an invoice: header, five lines, and in profile pages the header's release."""
BATCH = 200


class Series:
    """Runs one set of conditions over and over."""

    def __init__(self, conditions: Conditions, databases: Databases, kinds: Sequence[str], tell: Tell) -> None:
        self._conditions = conditions
        self._databases = databases
        self._kinds = kinds
        self._tell = tell
        self._found: dict[tuple[Side, Part, str], list[tuple[Measured, float]]] = {}
        self._rows: set[bytes] = set()

    def run(self, source: Server) -> list[Line]:
        """All repetitions; ends with RuntimeError when the two sides did not deliver the same rows."""
        for number in range(self._conditions.repeat):
            self._tell(f"{self._conditions.profile}, {self._conditions.latency_ms:g} ms, round {number + 1}")
            self._bare(source)
            for kind in self._kinds:
                self._product(source, kind)
            if len(self._rows) != 1:
                raise RuntimeError("the two sides did not deliver the same rows")
        return self._lines()

    def _bare(self, source: Server) -> None:
        with processes.target(self._conditions.latency_ms) as target:
            self._measure(self._task("bare", "load", source, target), target, "")
            self._rows.add(target.ask("digest"))

    def _product(self, source: Server, kind: str) -> None:
        with processes.target(self._conditions.latency_ms) as target, self._databases.empty(kind) as (home, url):
            self._measure(self._task("product", "load", source, target, home, url), target, kind)
            self._rows.add(target.ask("digest"))
            if self._conditions.profile == "s2p_staging":
                self._measure(self._task("product", "read_back", source, target, home, url), target, kind)
            self._measure(self._task("product", "idle", source, target, home, url), target, kind)
            if self._conditions.changed:
                source.ask(f"change/{self._conditions.changed}")
                self._measure(self._task("product", "changes", source, target, home, url), target, kind)
                source.ask("change/0")

    def _task(self, side: Side, part: Part, source: Server, target: Server, home: str = "", url: str = "") -> Task:
        return Task(
            side=side,
            part=part,
            profile=self._conditions.profile,
            source_url=source.url,
            target_url=target.url,
            in_flight=self._conditions.in_flight,
            home=home,
            database_url=url,
        )

    def _measure(self, task: Task, target: Server, kind: str) -> None:
        before = target.cpu_s
        measured = processes.measured(task)
        self._found.setdefault((task.side, task.part, kind), []).append((measured, target.cpu_s - before))

    # --- the lines ---------------------------------------------------------------------------------------------------

    def _lines(self) -> list[Line]:
        lines = [self._line(*key, found) for key, found in self._found.items()]
        bare = next(line.wall_s for line in lines if line.side == "bare")
        for line in lines:
            if line.part == "load":
                line.ratio = line.wall_s / bare
                line.of_ceiling = self._of_ceiling(line)
        return lines

    def _line(self, side: Side, part: Part, kind: str, found: list[tuple[Measured, float]]) -> Line:
        return Line(
            conditions=self._conditions,
            side=side,
            part=part,
            database=kind,
            **medians([measured for measured, _ in found]),
            target_cpu_s=median(cpu_s for _, cpu_s in found),
        )

    def _of_ceiling(self, line: Line) -> float:
        conditions = self._conditions
        if not conditions.latency_ms:
            return 0.0
        ceiling = conditions.in_flight * BATCH / (conditions.latency_ms / 1000)
        return line.records * WRITES[conditions.profile] / line.wall_s / ceiling
