"""What people decide about records: hold, exclude, release. Needs no lease; a run under way does not undo it."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.store.workspace import Workspace


def hold(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Hold records back (HELD_BY_PERSON); the keys that were found."""
    raise NotImplementedError


def exclude(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Take records out for good (EXCLUDED_BY_PERSON); the keys that were found."""
    raise NotImplementedError


def release(workspace: Workspace, flow: str, entity: str, keys: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Let held or excluded records go with the next run, past the check that held them; the keys that were found."""
    raise NotImplementedError
