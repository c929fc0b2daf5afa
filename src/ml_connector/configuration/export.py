"""What is configured as YAML text: what `apply` would read, secrets left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import yaml

from ml_connector.configuration.schedule import NEVER
from ml_connector.store.configuration import ConnectionConfig, FlowConfig, RouteEntry

HEADER = "# Secrets are left out: those that are stored stay valid when this file is applied.\n"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def export(connections: Sequence[ConnectionConfig], flows: Sequence[FlowConfig]) -> str:
    """The file that describes them; applying it changes nothing."""
    whole = document(connections, flows)
    return HEADER + yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def document(connections: Sequence[ConnectionConfig], flows: Sequence[FlowConfig]) -> dict[str, Any]:
    """The same as plain values."""
    return {"connections": [_connection(each) for each in connections], "flows": [_flow(each) for each in flows]}


def _connection(connection: ConnectionConfig) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": connection.name,
        "system": connection.system,
        "base_url": connection.base_url,
        "settings": dict(connection.settings),
        "credentials": {"auth_mode": connection.auth_mode},
    }
    return {key: value for key, value in found.items() if value}


def _flow(flow: FlowConfig) -> dict[str, Any]:
    found: dict[str, Any] = {"name": flow.name, "source": flow.source, "target": flow.target}
    if flow.start_from is not None:
        found["start_from"] = flow.start_from
    elif any(route.entity.is_document for route in flow.routes):
        found["start_from"] = "all"
    found["schedule"] = _schedule(flow.routes)
    if flow.timezone != "UTC":
        found["timezone"] = flow.timezone
    found["routes"] = {route.entity.value: _route(route) for route in flow.routes if not route.optional}
    if flow.value_maps:
        found["value_maps"] = {entity: dict(codes) for entity, codes in flow.value_maps.items()}
    return found


def _schedule(routes: Sequence[RouteEntry]) -> dict[str, str]:
    """The commonest as the default, and what differs from it."""
    crons = {route.entity.value: route.schedule or NEVER for route in routes}
    default = Counter(crons.values()).most_common(1)[0][0] if crons else NEVER
    return {"default": default} | {entity: cron for entity, cron in crons.items() if cron != default}


def _route(route: RouteEntry) -> dict[str, Any]:
    """Only what differs from the defaults, besides whether it is on."""
    found: dict[str, Any] = {"enabled": route.enabled}
    plain = RouteEntry(entity=route.entity)
    for key in ("direction", "conflict", "duplicates", "sweep_every_days"):
        if getattr(route, key) != getattr(plain, key):
            found[key] = getattr(route, key)
    if route.owners:
        found["owners"] = dict(route.owners)
    return found
