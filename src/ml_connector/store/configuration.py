"""Connections, flows and routes as configured: made to match what a file says, and read back.

All names of a file are given at once: what is absent is archived, never deleted, and comes back when it is named
again. Every change is in the ledger; secrets only by the names of their fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from ml_connector.records import Entity
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import Direction, Flow

Json = dict[str, Any]


class ConnectionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A connection; the caller has validated it against the connector's settings class."""

    name: str
    system: str
    base_url: str
    settings: Json = {}
    auth_mode: str = ""
    credentials: Mapping[str, str] = {}
    """Seeds, by field: stored again only when their text changed."""

    def __repr__(self) -> str:
        return f"ConnectionConfig(name={self.name!r}, system={self.system!r})"


class RouteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A route of a flow; its place in `FlowConfig.routes` is its place in the run."""

    entity: Entity
    direction: Direction = "source_to_target"
    enabled: bool = True
    duplicates: str = "hold"
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
    """Field -> (before, after); a secret's values are never given."""


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
    raise NotImplementedError


def connections(workspace: Workspace) -> list[ConnectionConfig]:
    """All that are not archived, by name; `credentials` holds the field names with empty texts."""
    raise NotImplementedError


def flows(workspace: Workspace) -> list[FlowConfig]:
    """All that are not archived, by name."""
    raise NotImplementedError


def load_connection(workspace: Workspace, name: str) -> ConnectionConfig:
    """With decrypted credentials. ConfigurationError for an unknown name or a missing key."""
    raise NotImplementedError


def load_flow(workspace: Workspace, name: str) -> Flow:
    """The flow as `sync` takes it, routes in order. ConfigurationError for an unknown name, with the nearest one."""
    raise NotImplementedError
