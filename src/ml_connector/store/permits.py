"""Permits to send requests, shared by every process that uses a connection: at most so many in any minute."""

from __future__ import annotations

import msgspec

from ml_connector.errors import ConfigurationError
from ml_connector.store.workspace import Workspace

WINDOW_S = 61
"""A minute, and a second for requests that were sent a minute apart and arrive closer together."""


class StoredPermits:
    """Hands out permits of one connection in chunks, counted by the second of the database's clock."""

    def __init__(self, workspace: Workspace, connection: str) -> None:
        rows = workspace.database.rows(
            "SELECT id FROM store_connection WHERE workspace_id = %s AND name = %s", [workspace.id, connection]
        )
        if not rows:
            raise ConfigurationError(f"There is no connection {connection!r}.", fix="Configure it with `apply`.")
        self._workspace, self._connection = workspace, rows[0][0]

    def lease(self, wanted: int, per_minute: int) -> tuple[int, float]:
        """(permits, seconds to wait): some permits to use at once, or none and when to ask again."""
        database = self._workspace.database
        with database.transaction("permits") as cursor:
            # The connection's row serialises those who ask, even before there is a count to lock.
            cursor.execute(f"SELECT 1 FROM store_connection WHERE id = %s{database.lock}", [self._connection])  # noqa: S608
            cursor.execute(f"SELECT {database.now}", None)
            now = int(cursor.fetchone()[0])
            cursor.execute("SELECT used FROM store_permits WHERE connection_id = %s", [self._connection])
            row = cursor.fetchone()
            used = _within(msgspec.json.decode(row[0], type=list[tuple[int, int]]) if row else [], now)
            granted = max(0, min(wanted, per_minute - sum(count for _, count in used)))
            if granted == 0:
                return 0, float(used[0][0] + WINDOW_S - now)
            text = msgspec.json.encode([*used, (now, granted)]).decode()
            cursor.execute(
                "INSERT INTO store_permits (connection_id, workspace_id, used) VALUES (%s, %s, %s)"
                " ON CONFLICT (connection_id) DO UPDATE SET used = excluded.used",
                [self._connection, self._workspace.id, text],
            )
            return granted, 0.0


def _within(used: list[tuple[int, int]], now: int) -> list[tuple[int, int]]:
    """What was handed out in the last minute; a clock that went back counts as now."""
    return [(min(second, now), count) for second, count in used if second > now - WINDOW_S]
