"""What people decide about records: hold, exclude, release. Needs no lease; a run under way does not undo it."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Sequence

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.store.configuration import route_id
from ml_connector.store.ledger import MAIN, append
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event

_AT_ONCE = 500


def hold(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Hold records back (HELD_BY_PERSON); the keys that were found and not held before."""
    change = "state = 'held', code = 'HELD_BY_PERSON', released = %s"
    return _decide(workspace, flow, entity, keys, "held", change, False, "code <> 'HELD_BY_PERSON'", reason, actor)


def exclude(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Take records out for good (EXCLUDED_BY_PERSON); the keys that were found and not excluded before."""
    change = "state = 'excluded', code = 'EXCLUDED_BY_PERSON', released = %s"
    only = "code <> 'EXCLUDED_BY_PERSON'"
    return _decide(workspace, flow, entity, keys, "excluded", change, False, only, reason, actor)


def release(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Let held or excluded records go with the next run, past the check that held them; the keys that were."""
    change = "state = 'received', code = '', released = %s"
    only = "state IN ('held', 'excluded')"
    return _decide(workspace, flow, entity, keys, "released", change, True, only, reason, actor)


def _decide(
    workspace: Workspace,
    flow: str,
    entity: str,
    keys: Sequence[str],
    kind: str,
    change: str,
    released: bool,
    only: str,
    reason: str,
    actor: str,
) -> list[str]:
    route = route_id(workspace, flow, entity)
    if not reason.strip():
        raise ConfigurationError("A reason is missing.", fix="Say why: the next person will want to know.")
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        among, parameters = workspace.database.among("key", keys[start : start + _AT_ONCE])
        with workspace.database.transaction(kind) as cursor:
            cursor.execute(
                f"UPDATE store_record SET {change}, due_at = 0, updated_at = %s"
                f" WHERE workspace_id = %s AND route_id = %s AND {among} AND {only} RETURNING key",
                [released, clock.now().timestamp(), workspace.id, route, *parameters],
            )
            decided = sorted(row[0] for row in cursor.fetchall())
            data = {"reason": reason, "actor": actor}
            append(cursor, workspace, MAIN, [Event(kind, route, key, data) for key in decided])
        found.update(decided)
    return [key for key in keys if key in found]
