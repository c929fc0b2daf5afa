"""What is configured, as plain values: connections, flows and their routes, and a change of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from ml_connector.records import Entity
from ml_connector.sync.flow import Direction

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
    optional: bool = False
    """Passed over where the target lacks its table: the configuration does not name it."""
    needs_all_of: tuple[Entity, ...] = ()
    """Routes of which nothing may be in doubt when this one runs."""


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
