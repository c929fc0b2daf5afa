"""A run that writes nothing: the store and the target of a dry run remember in memory what would have been done.

The steps are the same; reads go through to the real store and the real systems.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ml_connector import clock
from ml_connector.records import Entity
from ml_connector.sync.report import Report, WouldWrite
from ml_connector.sync.store import (
    Intent,
    Lease,
    Linked,
    RawRef,
    RecordRow,
    RouteState,
    Run,
    RunOptions,
    Settlement,
    Store,
)
from ml_connector.systems.base import Answer, Facts, Json, RawRecord, Receipt, System, Target, Write


class DryStore:
    """Reads from the real store, writes into memory. Only what a run calls is here; the rest is passed on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[int, dict[str, RecordRow]] = {}
        self._pages: dict[int, Sequence[RawRecord]] = {}
        self._cursors: dict[int, Json] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def start_run(self, lease: Lease, options: RunOptions) -> Run:
        return Run(str(uuid.uuid4()), lease.flow_id, options, clock.now().timestamp())

    def finish_run(self, lease: Lease, run: Run, outcome: str, report: Json) -> None:
        """Leaves no trace."""

    def set_route(self, *args: Any, **changes: Any) -> None:
        """Leaves no trace."""

    def note(self, *args: Any) -> None:
        """Leaves no trace."""

    def open_intents(self, flow_id: int) -> list[Intent]:
        """What a killed run intended stays for a real run to verify."""
        return []

    def route_state(self, route_id: int) -> RouteState:
        state = self._store.route_state(route_id)
        return RouteState(self._cursors.get(route_id, state.cursor), state.read_mark, state.swept_at, state.records)

    def keep_page(self, lease: Lease, run: Run, route_id: int, records: Sequence[RawRecord], **marks: Any) -> int:
        page = -1 - len(self._pages)
        self._pages[page] = records
        return page

    def raw(self, route_id: int, refs: Sequence[RawRef]) -> list[RawRecord | None]:
        stored = self._store.raw(route_id, [ref for ref in refs if ref.page >= 0])
        from_store = iter(stored)
        return [self._pages[ref.page][ref.index] if ref.page < 0 else next(from_store) for ref in refs]

    def known(self, route_id: int, keys: Sequence[str]) -> dict[str, RecordRow]:
        mine = self._rows.get(route_id, {})
        return self._store.known(route_id, keys) | {key: mine[key] for key in keys if key in mine}

    def linked(self, route_id: int, target_ids: Sequence[str]) -> dict[str, Linked]:
        mine = {row.target_id: Linked("", row.scope, key) for key, row in self._rows.get(route_id, {}).items()}
        return self._store.linked(route_id, target_ids) | {i: mine[i] for i in target_ids if i in mine}

    def same_natural(self, route_id: int, hashes: Sequence[bytes]) -> dict[bytes, list[str]]:
        found = self._store.same_natural(route_id, hashes)
        for key, row in self._rows.get(route_id, {}).items():
            if row.natural in hashes and row.natural is not None:
                found.setdefault(row.natural, []).append(key)
        return found

    def intend(self, lease: Lease, run: Run, intent: Intent) -> int:
        return 0

    def settle(self, lease: Lease, run: Run, settlement: Settlement) -> None:
        rows = self._rows.setdefault(settlement.route_id, {})
        rows.update({row.key: row for row in settlement.rows})
        if settlement.cursor is not None:
            self._cursors[settlement.route_id] = settlement.cursor


class DryTarget:
    """Asks the real target everything and writes nothing."""

    def __init__(self, target: Target, report: Report, written: set[str]) -> None:
        self._target, self._report, self._written = target, report, written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        answers: list[Answer] = []
        for write in writes:
            part = write.part
            external_id = write.external_id or f"dry-{uuid.uuid4().hex}"
            self._written.add(external_id)
            entity, action = self._target.entity.value, write.action.value
            would = WouldWrite(entity, write.key, action, part.table, part.name, write.payload)
            self._report.would_write.append(would)
            answers.append(Receipt(external_id))
        return answers

    async def facts(self, ids: Sequence[str]) -> dict[str, Facts]:
        """What would have been written counts as being there."""
        real = await self._target.facts([i for i in ids if i not in self._written])
        return real | {i: Facts() for i in ids if i in self._written}


class DrySystem:
    """A target system whose targets write nothing."""

    def __init__(self, system: System, report: Report) -> None:
        self._system, self._report = system, report
        self._written: set[str] = set()
        self._targets: dict[Entity, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def target(self, entity: Entity) -> Any:
        if entity not in self._targets:
            self._targets[entity] = DryTarget(self._system.target(entity), self._report, self._written)
        return self._targets[entity]
