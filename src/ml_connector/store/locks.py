"""Named locks between processes; expiry by the database's clock."""

from __future__ import annotations

from ml_connector.store.workspace import Workspace


class StoredLocks:
    """`systems.base.Locks` of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def take(self, name: str, owner: str, ttl_s: float) -> bool:
        """Take the lock, or prolong it where `owner` holds it; False: another one holds it and learns that we wait."""
        database = self._workspace.database
        now = database.now
        with database.transaction("locks") as cursor:
            cursor.execute(
                "INSERT INTO store_lock (workspace_id, name, owner, expires_at, wanted)"  # noqa: S608 - our own constants
                f" VALUES (%s, %s, %s, {now} + %s, FALSE) ON CONFLICT (workspace_id, name) DO UPDATE"
                f" SET owner = excluded.owner, expires_at = excluded.expires_at,"
                f" wanted = store_lock.wanted AND store_lock.owner = excluded.owner"
                f" WHERE store_lock.owner = excluded.owner OR store_lock.expires_at <= {now}",
                [self._workspace.id, name, owner, ttl_s],
            )
            taken = bool(cursor.rowcount == 1)
            if not taken:
                cursor.execute(
                    "UPDATE store_lock SET wanted = TRUE WHERE workspace_id = %s AND name = %s AND NOT wanted",
                    [self._workspace.id, name],
                )
            return taken

    def give_back(self, name: str, owner: str) -> bool:
        """Free it, unless it is somebody else's by now; whether somebody has waited for it."""
        with self._workspace.database.transaction("locks") as cursor:
            cursor.execute(
                "DELETE FROM store_lock WHERE workspace_id = %s AND name = %s AND owner = %s RETURNING wanted",
                [self._workspace.id, name, owner],
            )
            return any(wanted for (wanted,) in cursor.fetchall())
