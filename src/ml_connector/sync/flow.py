"""Flow and Route: the pairs we offer as data (`Pair`), and one of them as an operator configured it (`Flow`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from ml_connector.records import Entity

Direction = Literal["source_to_target", "target_to_source", "both"]


class PairRoute(msgspec.Struct, frozen=True):
    """One entity that a pair can move, and when it is moved by default."""

    entity: Entity
    schedule: str = "0 * * * *"
    """Cron, UTC."""
    optional: bool = False
    """Passed over where the target lacks its table, unless the operator names the route in the configuration."""
    needs_all_of: tuple[Entity, ...] = ()
    """Routes of which nothing may be in doubt when this one runs: what it makes depends on what is there already."""


class Pair(msgspec.Struct, frozen=True):
    """A source system into a target system; data only."""

    source: str
    target: str
    routes: tuple[PairRoute, ...]
    """In dependency order."""

    @property
    def name(self) -> str:
        return f"{self.source}-{self.target}"


class RouteConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A route of a configured flow; `id` is the store's."""

    id: int
    entity: Entity
    direction: Direction = "source_to_target"
    enabled: bool = True
    duplicates: Literal["hold", "warn"] = "hold"
    """What an equal natural key under another id leads to."""
    sweep_every_days: int = 7
    """How often all keys and versions are compared; 0: never."""
    optional: bool = False
    """Passed over where the target lacks its table."""
    needs_all_of: tuple[Entity, ...] = ()
    """Routes of which nothing may be in doubt when this one runs."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as configured; `id` is the store's."""

    id: int
    name: str
    source: str
    """Name of the source connection."""
    target: str
    source_system: str
    target_system: str
    start_from: date | None = None
    """The cut-over; None: `all`."""
    routes: tuple[RouteConfig, ...] = ()
    """In dependency order."""
    value_maps: Mapping[str, Mapping[str, str]] = {}
    """By entity: the source's code -> the code on the target."""

    def route(self, entity: Entity) -> RouteConfig | None:
        """The route of an entity, None where the flow has none or it is off."""
        return next((r for r in self.routes if r.entity is entity and r.enabled), None)
