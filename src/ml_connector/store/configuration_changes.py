"""Finds what differs between the store and a configuration, makes it so, and writes it into the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.store import models, secrets
from ml_connector.store.configured import Change, ConnectionConfig, FlowConfig, RouteEntry
from ml_connector.store.database import Cursor
from ml_connector.store.ledger import MAIN, append
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event

M = TypeVar("M", bound=models.Stored)
_SHORT = 200
"""Characters up to which the ledger holds a value itself, instead of its hash."""


class _DryRun(Exception):  # noqa: N818 - no error: it only takes the transaction back
    pass


def make(
    workspace: Workspace,
    connections: Sequence[ConnectionConfig],
    flows: Sequence[FlowConfig],
    *,
    actor: str,
    dry_run: bool,
) -> list[Change]:
    """See `configuration.apply`."""
    changes: list[Change] = []
    try:
        with workspace.database.transaction("apply") as cursor:
            _Applying(workspace, cursor, changes).all(connections, flows)
            append(cursor, workspace, MAIN, [_event(change, actor) for change in changes])
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return changes


def _event(change: Change, actor: str) -> Event:
    fields = {name: [_told(before), _told(after)] for name, (before, after) in change.details.items()}
    data = {"what": change.kind, "name": change.name, "action": change.action, "fields": fields, "actor": actor}
    return Event("configuration", data=data)


def _told(value: Any) -> Any:
    text = msgspec.json.encode(value, order="deterministic")
    return value if len(text) <= _SHORT else "hash:" + hashlib.blake2b(text, digest_size=16).hexdigest()


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


class _Applying:
    """One application of a configuration, within its transaction."""

    def __init__(self, workspace: Workspace, cursor: Cursor, changes: list[Change]) -> None:
        self._workspace = workspace
        self._cursor = cursor
        self._changes = changes
        self._now = clock.now().timestamp()

    def all(self, connections: Sequence[ConnectionConfig], flows: Sequence[FlowConfig]) -> None:
        lock = self._workspace.database.lock
        self._cursor.execute(f"SELECT id FROM store_workspace WHERE id = %s{lock}", [self._workspace.id])  # noqa: S608
        stored = {row.name: row for row in self._rows(models.Connection)}
        ids = {config.name: self._connection(stored.get(config.name), config) for config in connections}
        stored_flows = {row.name: row for row in self._rows(models.Flow)}
        for flow in flows:
            self._flow(stored_flows.get(flow.name), flow, ids)
        self._archive("flow", stored_flows, {flow.name for flow in flows})
        self._archive("connection", stored, set(ids))

    def _rows(self, model: type[M], **where: Any) -> list[M]:
        rows = model.objects.using(self._workspace.database.alias)
        return list(rows.filter(workspace_id=self._workspace.id, **where).order_by("id"))

    def _connection(self, row: models.Connection | None, config: ConnectionConfig) -> int:
        wanted = {
            "system": config.system,
            "base_url": config.base_url,
            "settings": _text(config.settings),
            "auth_mode": config.auth_mode,
        }
        found = row or models.Connection(workspace_id=self._workspace.id, name=config.name)
        if row is not None and row.system != config.system:
            raise ConfigurationError(
                f"Connection {config.name!r} cannot change from {row.system} to {config.system}.",
                fix="Give the other system a connection with a name of its own.",
            )
        details, action = self._save(found, wanted)
        planted = secrets.plant(self._cursor, self._workspace, found.pk, config.auth_mode, config.credentials)
        for field, before in planted:
            details[f"credentials.{field}"] = ("(secret)" if before else None, "(secret)")
        self._note("connection", config.name, action, details)
        return int(found.pk)

    def _flow(self, row: models.Flow | None, config: FlowConfig, ids: Mapping[str, int]) -> None:
        for name in (config.source, config.target):
            if name not in ids:
                raise ConfigurationError(
                    f"Flow {config.name!r} names the connection {name!r}, which is not configured.",
                    fix=f"Add it under `connections`, or name one of: {', '.join(ids) or 'none yet'}.",
                )
        wanted = {
            "source_id": ids[config.source],
            "target_id": ids[config.target],
            "start_from": config.start_from.isoformat() if config.start_from else "",
            "timezone": config.timezone,
            "value_maps": _text(config.value_maps),
        }
        found = row or models.Flow(workspace_id=self._workspace.id, name=config.name)
        details, action = self._save(found, wanted)
        self._note("flow", config.name, action, details)
        stored = {route.entity: route for route in self._rows(models.Route, flow_id=found.pk)}
        for position, entry in enumerate(config.routes):
            self._route(stored.get(entry.entity.value), found, position, entry)
        self._archive("route", stored, {entry.entity.value for entry in config.routes}, f"{config.name}/")

    def _route(self, row: models.Route | None, flow: models.Flow, position: int, entry: RouteEntry) -> None:
        settings = {name: value for name, value in msgspec.to_builtins(entry).items() if name != "entity"}
        found = row or models.Route(workspace_id=self._workspace.id, flow_id=flow.pk, entity=entry.entity.value)
        details, action = self._save(found, {"position": position, "config": _text(settings)})
        self._note("route", f"{flow.name}/{entry.entity}", action, details)

    def _save(self, row: models.Stored, wanted: Mapping[str, Any]) -> tuple[dict[str, tuple[Any, Any]], str]:
        """Bring a row to what is wanted; what differed, and what that is called ("": nothing)."""
        is_new = row.pk is None
        archived = getattr(row, "archived_at", None) is not None
        details: dict[str, tuple[Any, Any]] = {}
        for field, value in wanted.items():
            before = None if is_new else getattr(row, field)
            if before != value:
                details[field.removesuffix("_id")] = (_plain(field, before), _plain(field, value))
                setattr(row, field, value)
        if is_new or archived or details:
            row.archived_at = None  # type: ignore[attr-defined]
            row.save(using=self._workspace.database.alias)
        return details, "created" if is_new else "restored" if archived else "changed" if details else ""

    def _note(self, kind: str, name: str, action: str, details: Mapping[str, tuple[Any, Any]]) -> None:
        if action or details:
            self._changes.append(Change(kind, name, action or "changed", details))

    def _archive(self, kind: str, stored: Mapping[str, Any], named: set[str], prefix: str = "") -> None:
        for name, row in stored.items():
            if name not in named and row.archived_at is None:
                row.archived_at = self._now
                row.save(using=self._workspace.database.alias, update_fields=["archived_at"])
                self._changes.append(Change(kind, prefix + name, "archived"))


def _plain(field: str, value: Any) -> Any:
    return msgspec.json.decode(value) if field in ("settings", "config", "value_maps") and value else value
