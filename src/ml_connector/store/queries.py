"""What the command line and the page show: flows, records, runs. Reads only; one record's story is in `stories`.

Everything is a plain dict of JSON-able values; moments are ISO texts in UTC.
"""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ml_connector.records import State
from ml_connector.store import configuration, rows
from ml_connector.store.database import Row
from ml_connector.store.pages import Pages
from ml_connector.store.shown import iso, line
from ml_connector.store.stories import story
from ml_connector.store.workspace import Workspace

__all__ = ["exceptions", "flows", "records", "run_report", "runs", "story"]

Json = dict[str, Any]
_FRESH = ("complete", "complete_with_exceptions")


def flows(workspace: Workspace) -> list[Json]:
    """A line per flow: name, source, target, source_system, target_system, running (the lease's owner or ""),
    last_run {id, outcome, started_at, finished_at} or None, fresh_at (start of the last run that ended complete,
    with or without exceptions), open_exceptions, waiting, in_doubt, timezone,
    routes [{entity, direction, enabled, schedule, records, cursor, swept_at}]."""
    states = _open_states(workspace)
    running = _running(workspace)
    systems = {c.name: c.system for c in configuration.connections(workspace)}
    return [
        {
            "name": config.name,
            "source": config.source,
            "target": config.target,
            "source_system": systems.get(config.source, ""),
            "target_system": systems.get(config.target, ""),
            "running": running.get(config.name, ""),
            **_last_runs(workspace, config.name),
            **_sums(states.get(config.name, {})),
            "timezone": config.timezone,
            "routes": _routes(workspace, config),
        }
        for config in configuration.flows(workspace)
    ]


def _open_states(workspace: Workspace) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    sql = (
        "SELECT f.name, r.state, count(*) FROM store_record r JOIN store_route t ON t.id = r.route_id"
        f" JOIN store_flow f ON f.id = t.flow_id WHERE r.workspace_id = %s AND {rows.OPEN} GROUP BY f.name, r.state"
    )
    for flow, state, count in workspace.database.rows(sql, [workspace.id]):
        found.setdefault(flow, {})[state] = count
    return found


def _sums(states: dict[str, int]) -> Json:
    return {
        "open_exceptions": states.get("held", 0) + states.get("rejected", 0),
        "waiting": states.get("waiting", 0),
        "in_doubt": states.get("in_doubt", 0),
    }


def _running(workspace: Workspace) -> dict[str, str]:
    sql = (
        "SELECT f.name, l.owner FROM store_lease l JOIN store_flow f ON f.id = l.flow_id"
        f" WHERE l.workspace_id = %s AND l.owner <> '' AND l.expires_at > {workspace.database.now}"
    )
    return dict(workspace.database.rows(sql, [workspace.id]))


def _last_runs(workspace: Workspace, flow: str) -> Json:
    newest = runs(workspace, flow, limit=1)
    sql = (
        "SELECT max(r.started_at) FROM store_run r JOIN store_flow f ON f.id = r.flow_id"
        " WHERE r.workspace_id = %s AND f.name = %s AND r.outcome IN (%s, %s)"
    )
    fresh = workspace.database.rows(sql, [workspace.id, flow, *_FRESH])[0][0]
    last = {name: newest[0][name] for name in ("id", "outcome", "started_at", "finished_at")} if newest else None
    return {"last_run": last, "fresh_at": iso(fresh)}


def _routes(workspace: Workspace, config: configuration.FlowConfig) -> list[Json]:
    sql = (
        "SELECT r.entity, r.records, r.cursor, r.swept_at FROM store_route r JOIN store_flow f ON f.id = r.flow_id"
        " WHERE r.workspace_id = %s AND f.name = %s"
    )
    stored = {row[0]: row[1:] for row in workspace.database.rows(sql, [workspace.id, config.name])}
    return [
        {
            "entity": entry.entity.value,
            "direction": entry.direction,
            "enabled": entry.enabled,
            "schedule": entry.schedule,
            "records": stored[entry.entity.value][0],
            "cursor": _decoded(stored[entry.entity.value][1]),
            "swept_at": iso(stored[entry.entity.value][2]),
        }
        for entry in config.routes
    ]


def _decoded(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


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

    entity, key, label, state, code, message (of the first issue or the reason), fix, who, version, target_id,
    updated_at, run_id. Includes what is only received so far. `search` looks into key and label, ignoring the case
    of ASCII letters.
    """
    routes = (
        {entity: configuration.route_id(workspace, flow, entity)}
        if entity
        else configuration.route_ids(workspace, flow)
    )
    found: list[Json] = []
    skipping = after is not None and after[0] in routes
    for name, number in routes.items():
        after_key = ""
        if skipping and after is not None:
            if name != after[0]:
                continue
            skipping, after_key = False, after[1]
        found += _records(workspace, name, number, state, search, after_key, limit - len(found))
        if len(found) >= limit:
            break
    return found


def _records(
    workspace: Workspace, entity: str, route: int, state: str, search: str, after_key: str, limit: int
) -> list[Json]:
    where, parameters = "route_id = %s AND key > %s", [route, after_key]
    if state:
        where += " AND state = %s"
        parameters.append(state)
        if state not in ("landed", "excluded"):
            where += f" AND {rows.OPEN}"
    if search:
        like = "ILIKE" if workspace.database.postgresql else "LIKE"
        where += f" AND (key {like} %s ESCAPE '!' OR label {like} %s ESCAPE '!')"
        parameters += [_pattern(search)] * 2
    stored = rows.select(workspace, f"{where} ORDER BY key LIMIT %s", [*parameters, limit])
    lines = [line(entity, row) for row in stored]
    if state in ("", "received"):
        lines += _received(workspace, entity, route, search, after_key)
        lines.sort(key=lambda found: found["key"])
    return lines[:limit]


def _pattern(search: str) -> str:
    escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _received(workspace: Workspace, entity: str, route: int, search: str, after_key: str) -> Iterable[Json]:
    """What is in the inbox and has no row yet."""
    waiting: dict[str, str] = {}
    for page in Pages(workspace).inbox(route):
        for record in page.records[page.settled :]:
            if record.key > after_key and search.lower() in record.key.lower():
                waiting[record.key] = record.version
    keys = list(waiting)
    for start in range(0, len(keys), 500):
        for known in rows.known(workspace, route, keys[start : start + 500]):
            del waiting[known]
    return [
        {
            "entity": entity,
            "key": key,
            "label": "",
            "state": State.RECEIVED.value,
            "code": "",
            "message": "",
            "fix": "",
            "who": "",
            "version": version,
            "target_id": "",
            "updated_at": None,
            "run_id": "",
        }
        for key, version in waiting.items()
    ]


_RUN = "r.id, f.name, r.outcome, r.started_at, r.finished_at, r.takeovers, r.counts"


def runs(workspace: Workspace, flow: str = "", *, limit: int = 20) -> list[Json]:
    """The newest runs first: id, flow, outcome ("" while it runs), started_at, finished_at, takeovers, counts."""
    where, parameters = ("AND f.name = %s", [flow]) if flow else ("", [])
    sql = (
        f"SELECT {_RUN} FROM store_run r JOIN store_flow f ON f.id = r.flow_id"
        f" WHERE r.workspace_id = %s {where} ORDER BY r.number DESC LIMIT %s"
    )
    return [_run(row) for row in workspace.database.rows(sql, [workspace.id, *parameters, limit])]


def _run(row: Row) -> Json:
    return {
        "id": row[0],
        "flow": row[1],
        "outcome": row[2],
        "started_at": iso(row[3]),
        "finished_at": iso(row[4]),
        "takeovers": row[5],
        "counts": msgspec.json.decode(row[6]),
    }


def run_report(workspace: Workspace, run_id: str) -> Json | None:
    """What `finish_run` was given as `report`, the run's own columns filled in; None: no such run.

    While the run is under way it has id, flow, outcome "", started_at and counts only.
    """
    sql = (
        f"SELECT {_RUN}, r.report FROM store_run r JOIN store_flow f ON f.id = r.flow_id"
        " WHERE r.workspace_id = %s AND r.id = %s"
    )
    found = workspace.database.rows(sql, [workspace.id, run_id])
    return {**_run(found[0]), **msgspec.json.decode(found[0][7])} if found else None


def exceptions(workspace: Workspace, *, run_id: str = "", flow: str = "", limit: int = 1000) -> list[Json]:
    """Records held or rejected, of a run or of a flow as it stands; as `records` gives them."""
    only, names = ("AND f.name = %s", [flow]) if flow else ("", [])
    routes = workspace.database.rows(
        "SELECT r.id, r.entity FROM store_route r JOIN store_flow f ON f.id = r.flow_id"
        f" WHERE r.workspace_id = %s {only} ORDER BY f.name, r.position",
        [workspace.id, *names],
    )
    found: list[Json] = []
    for route, entity in routes:
        where, parameters = f"route_id = %s AND {rows.OPEN} AND state IN ('held', 'rejected')", [route]
        if run_id:
            where += " AND run_id = %s"
            parameters.append(run_id)
        stored = rows.select(workspace, f"{where} ORDER BY key LIMIT %s", [*parameters, limit - len(found)])
        found += [line(entity, row) for row in stored]
    return found
