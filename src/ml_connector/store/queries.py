"""What the command line and the page show: flows, records, the story of one record, runs. Reads only.

Everything is a plain dict of JSON-able values; moments are aware ISO texts in UTC.
"""

from __future__ import annotations

from typing import Any

from ml_connector.store.workspace import Workspace

Json = dict[str, Any]


def flows(workspace: Workspace) -> list[Json]:
    """A line per flow: name, source, target, systems, running (owner or ""), last_run {id, outcome, started_at,
    finished_at}, fresh_at (start of the last run that ended complete, with or without exceptions),
    open_exceptions, waiting, in_doubt, routes [{entity, direction, enabled, schedule, records, cursor, swept_at}],
    timezone."""
    raise NotImplementedError


def records(
    workspace: Workspace,
    flow: str,
    *,
    entity: str = "",
    state: str = "",
    search: str = "",
    limit: int = 100,
    after: tuple[str, str] | None = None,
) -> list[Json]:
    """Records in the order of routes and keys, at most `limit`, after (entity, key) of the last line seen.

    entity, key, label, state, code, message (of the first issue or the reason), version, target_id, updated_at,
    run_id. Includes what is only received so far. `search` looks into key and label, ignoring case.
    """
    raise NotImplementedError


def story(workspace: Workspace, flow: str, entity: str, key: str) -> list[Json]:
    """All that happened to one record, oldest first; [] for an unknown key.

    Every step has at, step, by (run id or actor) and what the step is about:
    `read` page, origin, version, raw (JSON document, None when erased);
    `intended` writes [{part, table, external_id, action, payload}];
    `settled` kind, state, code, issues, fingerprint, mapping, answers;
    `held`, `excluded`, `released` reason;
    `now` the record's present state, with reason texts and parts.
    """
    raise NotImplementedError


def runs(workspace: Workspace, flow: str = "", *, limit: int = 20) -> list[Json]:
    """The newest runs first: id, flow, outcome ("" while it runs), started_at, finished_at, takeovers, counts."""
    raise NotImplementedError


def run_report(workspace: Workspace, run_id: str) -> Json | None:
    """What `finish_run` was given, or the counts so far while it runs; None: no such run."""
    raise NotImplementedError


def exceptions(workspace: Workspace, *, run_id: str = "", flow: str = "", limit: int = 1000) -> list[Json]:
    """Records held or rejected, of a run or of a flow as it stands: entity, key, label, code, message, fix, who."""
    raise NotImplementedError
