"""Runs: begun, taken over and ended, each time with an event in the workspace's main chain."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.store import ledger
from ml_connector.store.database import Cursor
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event, Lease, Run, RunOptions

Json = dict[str, Any]
Counts = dict[str, dict[str, int]]


def json_text(value: Any) -> str:
    """JSON for a text column."""
    return msgspec.json.encode(value).decode()


def start(cursor: Cursor, workspace: Workspace, lease: Lease, options: RunOptions) -> Run:
    run = Run(str(uuid.uuid4()), lease.flow_id, options, clock.now().timestamp())
    cursor.execute(
        "INSERT INTO store_run (workspace_id, id, flow_id, options, epoch, takeovers, started_at, outcome, counts,"
        " report) VALUES (%s, %s, %s, %s, %s, 0, %s, '', '{}', '{}') RETURNING number",
        [workspace.id, run.id, run.flow_id, json_text(options), lease.epoch, run.started_at],
    )
    number = cursor.fetchone()[0]
    ledger.open_chain(cursor, workspace, number)
    data = {"run": run.id, "writer": number, "flow": run.flow_id, "actor": options.actor}
    _main(cursor, workspace, "run_started", data)
    return run


def _main(cursor: Cursor, workspace: Workspace, kind: str, data: Json) -> None:
    ledger.append(cursor, workspace, ledger.MAIN, [Event(kind, data=data)])


def interrupted(cursor: Cursor, workspace: Workspace, lease: Lease) -> Run | None:
    """The oldest run of the flow that never ended; counted as taken over once per lease."""
    cursor.execute(
        "SELECT number, id, options, epoch, takeovers, started_at, counts FROM store_run"
        " WHERE workspace_id = %s AND flow_id = %s AND finished_at IS NULL ORDER BY number LIMIT 1",
        [workspace.id, lease.flow_id],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    number, run_id, options, epoch, takeovers, started_at, counts = row
    if epoch != lease.epoch:
        takeovers += 1
        cursor.execute(
            "UPDATE store_run SET epoch = %s, takeovers = %s WHERE number = %s", [lease.epoch, takeovers, number]
        )
        data = {"run": run_id, "writer": number, "takeovers": takeovers, "epoch": lease.epoch}
        _main(cursor, workspace, "run_taken_over", data)
    return Run(
        run_id,
        lease.flow_id,
        msgspec.json.decode(options, type=RunOptions),
        started_at,
        takeovers,
        msgspec.json.decode(counts, type=Counts),
    )


def finish(cursor: Cursor, workspace: Workspace, run: Run, number: int, outcome: str, report: Json) -> None:
    """End a run and link its chain into main; nothing when it has ended already."""
    cursor.execute(
        "UPDATE store_run SET finished_at = %s, outcome = %s, report = %s WHERE number = %s AND finished_at IS NULL",
        [clock.now().timestamp(), outcome, json_text(report), number],
    )
    if cursor.rowcount == 0:
        return
    events, last = ledger.append(cursor, workspace, number, [])
    data = {"run": run.id, "writer": number, "outcome": outcome, "events": events, "last": last.hex()}
    _main(cursor, workspace, "run_finished", data)


def number_of(cursor: Cursor, workspace: Workspace, run_id: str) -> int:
    """A run's writer in the ledger."""
    cursor.execute("SELECT number FROM store_run WHERE workspace_id = %s AND id = %s", [workspace.id, run_id])
    return int(cursor.fetchone()[0])


def count(cursor: Cursor, number: int, counts: Any) -> None:
    cursor.execute("UPDATE store_run SET counts = %s WHERE number = %s", [json_text(counts), number])
