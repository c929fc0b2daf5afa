"""What the steps of one route share: the two ends, the store, the run, and the counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import ParamSpec, TypeVar

from ml_connector import clock
from ml_connector.errors import Issue
from ml_connector.records import Entity, State
from ml_connector.records.base import Identity
from ml_connector.sync.flow import Flow, RouteConfig
from ml_connector.sync.item import Item
from ml_connector.sync.report import Progress, Report, RouteReport
from ml_connector.sync.store import Lease, RecordRow, Run, Store
from ml_connector.systems.base import Facts, Stream, System, Target

P = ParamSpec("P")
T = TypeVar("T")


class StoreThread:
    """Calls the synchronous store from asynchronous code, in the one thread that it is used from."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def __call__(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: method(*args, **kwargs))


@dataclass
class RunContext:
    """One run of one flow."""

    flow: Flow
    source: System
    target: System
    store: Store
    lease: Lease
    run: Run
    report: Report
    progress: Progress
    check_lease: Callable[[], None]
    """Raises LeaseLostError or CancelledError; called between batches and before every write."""
    call: StoreThread
    """Calls a method of the store."""
    facts: dict[tuple[Entity, str], Facts | None] = field(default_factory=dict)
    """What the target said in this run about rows that records refer to; None: not there."""

    deferred: set[Entity] = field(default_factory=set)
    """Routes that are not run now, because what they need is in doubt."""
    prepared: set[Entity] = field(default_factory=set)

    async def prepared_target(self, entity: Entity) -> Target:
        """The target of an entity, once it has learnt what it needs; it learns at most once a run."""
        target = self.target.target(entity)
        if entity not in self.prepared:
            await target.prepare()
            self.prepared.add(entity)
        return target

    def counts(self) -> dict[str, dict[str, int]]:
        """All routes' counts as the store keeps them."""
        return {f"{r.route.value}:{r.direction}": dict(r.counts) for r in self.report.routes}


@dataclass(slots=True)
class Judgement:
    """Whether a referenced record may be referred to, and as what."""

    target_id: str = ""
    issue: Issue | None = None
    """Why not; its state tells whether to wait or to reject."""
    spans: tuple[tuple[date | None, date | None, str, str], ...] = ()
    """Validities that the document's date has to lie in: from, to, reason code, where."""
    name: str = ""


@dataclass
class RouteContext:
    """One route of a run."""

    run: RunContext
    config: RouteConfig
    stream: Stream
    target: Target
    report: RouteReport
    pull: Callable[[Entity, list[str]], Awaitable[None]]
    """Fetches parents by key and delivers them through their own route."""
    judged: dict[tuple[Entity, str], Judgement] = field(default_factory=dict)
    """What was found out about the records that this route's records refer to."""
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """By (field, key at the source): the target's id of what is referred to."""
    names_under_way: dict[bytes, str] = field(default_factory=dict)
    """Natural keys of batches that are not settled yet."""
    idle: set[str] = field(default_factory=set)
    """Records counted as waiting in this run without having been judged anew."""
    stalled: bool = False
    """A batch left records unsent: neither page nor cursor may move past them in this run."""
    ids_under_way: set[str] = field(default_factory=set)
    """Header ids on the target that batches not settled yet create or adopt."""

    @property
    def entity(self) -> Entity:
        return self.config.entity

    @property
    def mapping(self) -> str:
        """Under which mapping and value map a record is judged; another one makes it new only with --full."""
        return f"{self.stream.mapping_version}.{self.target.mapping_version}"

    def identity(self, key: str, scope: str) -> Identity:
        return Identity(self.run.flow.source_system, scope, self.entity, key)

    def count(self, item: Item, outcome: str) -> None:
        """Count a record once in this run, under its last outcome."""
        counts, known = self.report.counts, item.known
        if item.key in self.idle:
            self.idle.discard(item.key)
            counts["waiting"] -= 1
        elif known is not None and known.run_id == self.run.run.id and known.outcome:
            counts[known.outcome] -= 1
        else:
            counts[item.origin] += 1
        counts[outcome] += 1
        if item.idle:
            self.idle.add(item.key)

    def row(self, item: Item) -> RecordRow:
        """The record's row as it stands before this batch, with the new version put in."""
        known, raw = item.known, item.raw
        return RecordRow(
            key=raw.key,
            scope=raw.scope,
            state=known.state if known else State.RECEIVED,
            raw=item.ref,
            version=raw.version,
            modified=raw.modified,
            adopted=bool(known and known.adopted) or item.adopted,
            pulled=bool(known and known.pulled) or item.pulled,
            released=item.released,
            # What is judged again from the store was not seen at the source meanwhile.
            missing_sweeps=known.missing_sweeps if known and (item.vanished or item.origin != "from_source") else 0,
            run_id=self.run.run.id,
            mapping=self.mapping,
            updated_at=clock.now().timestamp(),
        )
