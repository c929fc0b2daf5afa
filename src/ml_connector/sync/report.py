"""What a run has done, as counts by outcome; the numbers that commands print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from ml_connector.records import Entity

ORIGINS = ("from_source", "resumed", "replayed")
OUTCOMES = (
    "received",
    "created",
    "updated",
    "unchanged",
    "adopted",
    "waiting",
    "in_doubt",
    "held",
    "rejected",
    "excluded",
)
"""Each record taken up counts once, under its last one."""

RANKS = ("failed", "parked", "cancelled", "incomplete", "complete_with_exceptions", "complete")
"""Outcomes of a route and of a run, worst first."""
EXIT_STATUS = {
    "failed": 1,
    "parked": 1,
    "cancelled": 4,
    "incomplete": 4,
    "complete_with_exceptions": 3,
    "complete": 0,
}


def worst(outcomes: list[str]) -> str:
    """The worst of several outcomes; nothing at all is complete."""
    return min(outcomes, key=RANKS.index, default="complete")


class ExceptionLine(msgspec.Struct, frozen=True):
    """A record set aside, or what stopped a route (`key` is then empty), in words for people."""

    route: str
    key: str
    code: str
    message: str
    fix: str
    who: str


class WouldWrite(msgspec.Struct, frozen=True):
    """One write that a dry run did not make."""

    route: str
    key: str
    action: str
    table: str
    part: str
    payload: dict[str, Any]


class RouteReport(msgspec.Struct):
    """One route's share of a run."""

    route: Entity
    direction: str = "source_to_target"
    outcome: str = "complete"
    counts: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys((*ORIGINS, *OUTCOMES), 0))
    requests: dict[str, int] = msgspec.field(default_factory=lambda: {"source": 0, "target": 0})
    cursor: str | None = None
    stopped: ExceptionLine | None = None
    """Why the route did not get to its end."""
    skipped: ExceptionLine | None = None
    """Why an optional route was passed over."""

    @property
    def read(self) -> int:
        return sum(self.counts[origin] for origin in ORIGINS)

    def document(self) -> dict[str, Any]:
        """The route's part of `run --json`."""
        return {
            "route": self.route.value,
            "direction": self.direction,
            "outcome": self.outcome,
            "read": self.read,
            **self.counts,
            "requests": dict(self.requests),
            "cursor": self.cursor,
            "skipped": self.skipped.message if self.skipped else None,
        }


class Report(msgspec.Struct):
    """A whole run."""

    run_id: str
    flow: str
    started_at: float
    dry_run: bool = False
    finished_at: float = 0.0
    routes: list[RouteReport] = msgspec.field(default_factory=list)
    exceptions: list[ExceptionLine] = msgspec.field(default_factory=list)
    """The first thousand; all of them stay in the store."""
    would_write: list[WouldWrite] = msgspec.field(default_factory=list)
    parked: bool = False

    @property
    def outcome(self) -> str:
        return "parked" if self.parked else worst([route.outcome for route in self.routes])

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.outcome]

    def document(self) -> dict[str, Any]:
        """What `run --json` prints."""
        found: dict[str, Any] = {
            "run_id": self.run_id,
            "flow": self.flow,
            "outcome": self.outcome,
            "dry_run": self.dry_run,
            "started_at": time_text(self.started_at),
            "finished_at": time_text(self.finished_at),
            "routes": [route.document() for route in self.routes],
            "exceptions": [msgspec.to_builtins(line) for line in self.exceptions],
        }
        if self.dry_run:
            found["would_write"] = [msgspec.to_builtins(write) for write in self.would_write]
        return found


def time_text(at: float) -> str:
    """Seconds since 1970 as `2026-01-31T08:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Progress(Protocol):
    """Is told how a run goes on; draws a bar, or nothing."""

    def route_started(self, route: Entity, first_load: bool) -> None: ...
    def page_read(self, route: Entity, records: int) -> None: ...
    def batch_settled(self, route: Entity, counts: Mapping[str, int]) -> None: ...
    def route_finished(self, report: RouteReport) -> None: ...


class Silence:
    """A Progress that shows nothing."""

    def route_started(self, route: Entity, first_load: bool) -> None:
        pass

    def page_read(self, route: Entity, records: int) -> None:
        pass

    def batch_settled(self, route: Entity, counts: Mapping[str, int]) -> None:
        pass

    def route_finished(self, report: RouteReport) -> None:
        pass
