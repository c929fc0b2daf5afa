"""Connections, flows and routes as configured: made to match what a file says, and read back.

All names of a file are given at once: what is absent is archived, never deleted, and comes back when it is named
again. Every change is in the ledger; secrets only by the names of their fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec

from ml_connector.errors import ConfigurationError
from ml_connector.records import Entity
from ml_connector.store import credentials, models
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import Direction, Flow, RouteConfig

Json = dict[str, Any]


class ConnectionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A connection; the caller has validated it against the connector's settings class."""

    name: str
    system: str
    base_url: str
    settings: Json = {}
    auth_mode: str = ""
    credentials: Mapping[str, str] = {}
    """Seeds, by field: stored again only when their text changed. A field that is absent stays as it is stored."""

    def __repr__(self) -> str:
        return f"ConnectionConfig(name={self.name!r}, system={self.system!r})"


class RouteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A route of a flow; its place in `FlowConfig.routes` is its place in the run."""

    entity: Entity
    direction: Direction = "source_to_target"
    enabled: bool = True
    duplicates: Literal["hold", "warn"] = "hold"
    sweep_every_days: int = 7
    schedule: str = ""
    """Cron; "": never by itself."""
    conflict: str = ""
    owners: Mapping[str, str] = {}


class FlowConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A flow."""

    name: str
    source: str
    """Name of a connection."""
    target: str
    start_from: date | None = None
    timezone: str = "UTC"
    routes: tuple[RouteEntry, ...] = ()
    value_maps: Mapping[str, Mapping[str, str]] = {}


class Change(msgspec.Struct, frozen=True):
    """One thing that `apply` changed, or would."""

    kind: str
    """connection, flow, route."""
    name: str
    """Of a route: `flow/entity`."""
    action: str
    """created, changed, archived, restored."""
    details: Mapping[str, tuple[Any, Any]] = {}
    """Field -> (before, after); of a secret never the values."""


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
    from ml_connector.store.configuration_changes import make

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
    stored = credentials.load(workspace, row.pk, row.auth_mode)
    return ConnectionConfig(
        name=row.name,
        system=row.system,
        base_url=row.base_url,
        settings=msgspec.json.decode(row.settings),
        auth_mode=row.auth_mode,
        credentials={field: credential.text() if secret else "" for field, credential in stored.items()},
    )
