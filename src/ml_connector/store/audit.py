"""Proves that the ledger is unbroken, and writes it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from ml_connector.store.workspace import Workspace


class Finding(msgspec.Struct, frozen=True):
    """The first thing wrong with one chain, page or payload."""

    kind: str
    """changed, missing, swapped, cut_off, added, run_missing, run_cut_off, payload_changed, payload_missing, head."""
    writer: str
    """Run id, or `main`."""
    seq: int | None
    message: str
    """In words, for the operator."""


def verify(workspace: Workspace, progress: Callable[[int, int], None] | None = None) -> list[Finding]:
    """Read the whole ledger and all it refers to; [] when it is unbroken. Flat in memory.

    `progress` is called with (rows read, rows in all) every few thousand rows.
    """
    raise NotImplementedError


def export(workspace: Workspace, since: datetime | None = None) -> Iterator[bytes]:
    """The ledger as JSON lines (without line ends), chain after chain."""
    raise NotImplementedError
