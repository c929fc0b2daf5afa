"""Connections, flows and routes as configured: made to match what a file says, and read back.

All names of a file are given at once: what is absent is archived, never deleted, and comes back when it is named
again. Every change is in the ledger; secrets only by the names of their fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec

from ml_connector.errors import ConfigurationError
from ml_connector.store import models, secrets
from ml_connector.store.configuration_changes import make
from ml_connector.store.configured import Change, ConnectionConfig, FlowConfig, RouteEntry
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import Flow, RouteConfig

__all__ = [
    "Change",
    "ConnectionConfig",
    "FlowConfig",
    "RouteEntry",
    "apply",
    "connections",
    "flows",
    "load_connection",
    "load_flow",
    "route_id",
    "route_ids",
]


def apply(
    workspace: Workspace,
    connections: Sequence[ConnectionConfig],
    flows: Sequence[FlowConfig],
    *,
    actor: str,
    dry_run: bool = False,
) -> list[Change]:
    """Make the store match; one transaction, idempotent. The changes, in the order given; [] when there were none.

    ConfigurationError for a flow that names an unknown connection; nothing is changed then.
    """
    return make(workspace, connections, flows, actor=actor, dry_run=dry_run)


def connections(workspace: Workspace) -> list[ConnectionConfig]:
    """All that are not archived, by name; `credentials` holds the field names with empty texts."""
    return [_connection(workspace, row, secret=False) for row in _live(workspace, models.Connection)]


def flows(workspace: Workspace) -> list[FlowConfig]:
    """All that are not archived, by name."""
    with workspace.database.explained():
        return [
            FlowConfig(
                name=row.name,
                source=row.source.name,
                target=row.target.name,
                start_from=date.fromisoformat(row.start_from) if row.start_from else None,
                timezone=row.timezone,
                routes=tuple(entry_of(route) for route in _routes(workspace, row.id)),
                value_maps=msgspec.json.decode(row.value_maps),
            )
            for row in _live(workspace, models.Flow, "source", "target")
        ]


def load_connection(workspace: Workspace, name: str) -> ConnectionConfig:
    """With decrypted credentials. ConfigurationError for an unknown name or a missing key."""
    return _connection(workspace, _named(_live(workspace, models.Connection), name, "connection"), secret=True)


def load_flow(workspace: Workspace, name: str) -> Flow:
    """The flow as `sync` takes it, routes in order. ConfigurationError for an unknown name, with the nearest one."""
    row = _named(_live(workspace, models.Flow, "source", "target"), name, "flow")
    return Flow(
        id=row.id,
        name=row.name,
        source=row.source.name,
        target=row.target.name,
        source_system=row.source.system,
        target_system=row.target.system,
        start_from=date.fromisoformat(row.start_from) if row.start_from else None,
        routes=tuple(_route(route) for route in _routes(workspace, row.id)),
        value_maps=msgspec.json.decode(row.value_maps),
    )


def route_id(workspace: Workspace, flow: str, entity: str) -> int:
    """A flow's route, on or off. ConfigurationError for an unknown one."""
    found = route_ids(workspace, flow)
    if entity not in found:
        known = ", ".join(found) or "none"
        raise ConfigurationError(f"Flow {flow!r} has no route {entity!r}.", fix=f"Its routes are: {known}.")
    return found[entity]


def route_ids(workspace: Workspace, flow: str) -> dict[str, int]:
    """All routes of a flow in order, by entity."""
    return {route.entity.value: route.id for route in load_flow(workspace, flow).routes}


def entry_of(route: models.Route) -> RouteEntry:
    """A stored route as configured."""
    return msgspec.convert({**msgspec.json.decode(route.config), "entity": route.entity}, RouteEntry)


def _route(row: models.Route) -> RouteConfig:
    entry = entry_of(row)
    return RouteConfig(
        id=row.pk,
        entity=entry.entity,
        direction=entry.direction,
        enabled=entry.enabled,
        duplicates=entry.duplicates,
        sweep_every_days=entry.sweep_every_days,
        optional=entry.optional,
        needs_all_of=entry.needs_all_of,
    )


def _live(workspace: Workspace, model: type[models.Stored], *related: str) -> list[Any]:
    with workspace.database.explained():
        rows = model.objects.using(workspace.database.alias).filter(workspace_id=workspace.id, archived_at=None)
        return list((rows.select_related(*related) if related else rows).order_by("name"))


def _routes(workspace: Workspace, flow_id: int) -> list[models.Route]:
    with workspace.database.explained():
        rows = models.Route.objects.using(workspace.database.alias)
        return list(rows.filter(flow_id=flow_id, archived_at=None).order_by("position", "id"))


def _named(rows: Iterable[Any], name: str, kind: str) -> Any:
    found = {row.name: row for row in rows}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, 1)
    known = ", ".join(found) or "none; configure one with `apply`"
    raise ConfigurationError(
        f"There is no {kind} {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        fix=f"The {kind}s are: {known}.",
    )


def _connection(workspace: Workspace, row: models.Connection, *, secret: bool) -> ConnectionConfig:
    stored = secrets.load(workspace, row.pk, row.auth_mode)
    return ConnectionConfig(
        name=row.name,
        system=row.system,
        base_url=row.base_url,
        settings=msgspec.json.decode(row.settings),
        auth_mode=row.auth_mode,
        credentials={field: credential.text() if secret else "" for field, credential in stored.items()},
    )
