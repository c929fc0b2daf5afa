"""Erases raw pages and payloads that are old enough; their hashes stay, and the ledger says who erased them."""

from __future__ import annotations

from datetime import datetime

from ml_connector.store.workspace import Workspace


def erase(workspace: Workspace, before: datetime, *, actor: str) -> int:
    """Erase what is older than `before` and no longer needed by a record waiting to be sent; how many blobs."""
    raise NotImplementedError
