"""How a run goes on: a bar per route on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_connector.cli import words
from ml_connector.sync.report import OUTCOMES

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bars

    from ml_connector.cli.output import Output
    from ml_connector.records import Entity
    from ml_connector.sync.report import RouteReport

EVERY_S = 10.0
"""Between two lines where there is no terminal."""


class _Route:
    """What is known about a route under way."""

    def __init__(self) -> None:
        self.started = self.told = time.monotonic()
        self.pages = self.read = self.settled = 0
        self.task: Any = None

    @property
    def rate(self) -> float:
        return self.settled / max(time.monotonic() - self.started, 0.001)

    def line(self) -> str:
        """`400 of 1,200 records, 2 pages, 350/s, 3 s left`."""
        if not self.pages and not self.settled:
            return "looking for changes"
        total = max(self.read, self.settled)
        done = f"{words.number(self.settled)} of {words.count(total, 'record')}"
        parts = [done, words.count(self.pages, "page")] if self.pages else [done]
        if self.settled:
            parts.append(f"{self.rate:,.0f}/s")
        if 0 < self.settled < total:
            parts.append(f"{words.duration((total - self.settled) / max(self.rate, 0.001))} left")
        return ", ".join(parts)


class RunProgress:
    """A `sync.report.Progress` for people; a context manager."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._routes: dict[Entity, _Route] = {}
        self._bars: Bars | None = None

    def __enter__(self) -> RunProgress:
        if self._output.side.is_terminal:
            from rich.progress import BarColumn, Progress, TextColumn

            self._bars = Progress(
                TextColumn("{task.description:<15}"),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[line]}"),
                console=self._output.side,
                transient=True,
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def route_started(self, route: Entity, first_load: bool) -> None:
        self._of(route)

    def page_read(self, route: Entity, records: int) -> None:
        state = self._of(route)
        state.pages += 1
        state.read += records
        self._tell(route, state)

    def batch_settled(self, route: Entity, counts: Mapping[str, int]) -> None:
        state = self._of(route)
        state.settled = sum(counts[name] for name in OUTCOMES)
        self._tell(route, state)

    def route_finished(self, report: RouteReport) -> None:
        state = self._of(report.route)
        state.settled = state.read = report.read
        if self._bars is not None:
            self._bars.update(state.task, total=1, completed=1, line=self._ended(report, state))
        else:
            self._output.note(f"{words.entity(report.route.value)}: {self._ended(report, state)}")

    def _ended(self, report: RouteReport, state: _Route) -> str:
        took = words.duration(time.monotonic() - state.started)
        return f"{words.outcome(report.outcome)}: {words.count(report.read, 'record')} in {took}"

    def _of(self, route: Entity) -> _Route:
        state = self._routes.get(route)
        if state is None:
            state = self._routes[route] = _Route()
            if self._bars is not None:
                state.task = self._bars.add_task(words.entity(route.value), total=None, line=state.line())
        return state

    def _tell(self, route: Entity, state: _Route) -> None:
        if self._bars is not None:
            total = max(state.read, state.settled)
            self._bars.update(state.task, total=total or None, completed=state.settled, line=state.line())
        elif time.monotonic() - state.told > EVERY_S:
            state.told = time.monotonic()
            self._output.note(f"{words.entity(route.value)}: {state.line()}")
