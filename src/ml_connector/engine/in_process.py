"""Runs a flow in this process, under the flow's lease: other processes wait, or take over when this one dies."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ml_connector import clock
from ml_connector.engine.base import OpenSystem
from ml_connector.errors import CancelledError, LeaseLostError
from ml_connector.store.leases import this_process
from ml_connector.sync.context import RunContext, StoreThread
from ml_connector.sync.dry import DryStore, DrySystem
from ml_connector.sync.flow import Flow
from ml_connector.sync.lease import LeaseKeeper
from ml_connector.sync.report import Progress, Report, Silence
from ml_connector.sync.runner import run_flow
from ml_connector.sync.store import Lease, Run, RunOptions, Store

LEASE_S = 5.0
COLLECT_AFTER = 50_000
"""New objects after which Python looks for cycles among them. A batch makes as many, and all of them die by themselves:
looking every 700, as Python does by default, takes an eighth of a run's processor time."""
PARKED_AFTER = 3
"""A run taken over so often dies of something that a person has to look at."""


class InProcessEngine:
    """See `engine.base.Engine`. `lease_s` is shorter in tests only."""

    def __init__(self, store: Store, open_system: OpenSystem, lease_s: float = LEASE_S) -> None:
        self._store, self._open_system, self._lease_s = store, open_system, lease_s
        self._cancelled = False
        self._owner = this_process()

    def cancel(self) -> None:
        self._cancelled = True

    async def run(self, flow: Flow, options: RunOptions, progress: Progress, *, dry_run: bool = False) -> Report:
        gc.set_threshold(max(COLLECT_AFTER, gc.get_threshold()[0]), 20, 50)
        with ThreadPoolExecutor(1, thread_name_prefix="store") as thread:
            if dry_run:
                return await self._dry(flow, options, progress, thread)
            call = StoreThread(thread)
            lease = await call(self._store.acquire, flow.id, self._owner, self._lease_s)
            try:
                with LeaseKeeper(self._store, lease, lambda: self._cancelled) as keeper:
                    return await self._under_lease(flow, options, progress, call, lease, keeper)
            finally:
                await call(self._store.release, lease)

    async def _under_lease(
        self,
        flow: Flow,
        options: RunOptions,
        progress: Progress,
        call: StoreThread,
        lease: Lease,
        keeper: LeaseKeeper,
    ) -> Report:
        interrupted = await call(self._store.interrupted_run, lease)
        if interrupted is not None:
            report = await self._finish_interrupted(flow, interrupted, call, lease, keeper)
            if report.outcome in ("parked", "cancelled", "failed"):
                return report
        run = await call(self._store.start_run, lease, options)
        return await self._execute(flow, run, progress, call, lease, keeper)

    async def _finish_interrupted(
        self, flow: Flow, run: Run, call: StoreThread, lease: Lease, keeper: LeaseKeeper
    ) -> Report:
        if run.takeovers <= PARKED_AFTER:
            return await self._execute(flow, run, Silence(), call, lease, keeper)
        report = Report(run.id, flow.name, run.started_at, parked=True, finished_at=clock.now().timestamp())
        await call(self._store.finish_run, lease, run, report.outcome, report.document())
        return report

    async def _execute(
        self, flow: Flow, run: Run, progress: Progress, call: StoreThread, lease: Lease, keeper: LeaseKeeper
    ) -> Report:
        report = Report(run.id, flow.name, run.started_at)
        try:
            async with (
                self._open_system(flow.source, keeper.check_held) as source,
                self._open_system(flow.target, keeper.check_held) as target,
            ):
                await run_flow(
                    RunContext(flow, source, target, self._store, lease, run, report, progress, keeper.check, call)
                )
        except LeaseLostError:
            return report  # the run goes on in another process, under the same id
        except Exception:
            report.finished_at = clock.now().timestamp()
            await call(self._store.finish_run, lease, run, "failed", report.document())
            raise
        await call(self._store.finish_run, lease, run, report.outcome, report.document())
        return report

    async def _dry(self, flow: Flow, options: RunOptions, progress: Progress, thread: ThreadPoolExecutor) -> Report:
        """No lease, no run in the store: nothing is written anywhere."""
        store: Any = DryStore(self._store)
        lease = Lease(flow.id, self._owner, 0, self._lease_s, False)
        run = store.start_run(lease, options)
        report = Report(run.id, flow.name, run.started_at, dry_run=True)
        async with (
            self._open_system(flow.source, _refuse) as source,
            self._open_system(flow.target, _refuse) as target,
        ):
            dry: Any = DrySystem(target, report)
            await run_flow(
                RunContext(
                    flow, source, dry, store, lease, run, report, progress, self._check_cancelled, StoreThread(thread)
                )
            )
        return report

    def _check_cancelled(self) -> None:
        if self._cancelled:
            raise CancelledError("The run was cancelled.")


def _refuse() -> None:
    raise AssertionError("a dry run must not write")
