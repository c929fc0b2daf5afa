"""`sync.store.Store` on Django's database connection."""

from __future__ import annotations

from ml_connector.store.workspace import Workspace


class DjangoStore:
    """See `sync.store.Store`; one per process and workspace, callable from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def close(self) -> None:
        """Close the database connections of all threads that used this store."""
