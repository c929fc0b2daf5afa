"""Compares raw pages and payloads with the hashes that the ledger holds of them."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import msgspec

from ml_connector.store.database import Cursor
from ml_connector.store.ledger import content_hash
from ml_connector.store.workspace import Workspace

_AT_ONCE = 16
"""Blobs in memory at a time: a page may have megabytes."""


class Finding(msgspec.Struct, frozen=True):
    """The first thing wrong with one chain, or with one page or payload."""

    kind: str
    """changed, missing, swapped, cut_off, added, head; run_missing, run_cut_off; page_changed, page_missing,
    payload_changed, payload_missing."""
    writer: str
    """Run id, or `main`."""
    seq: int | None
    message: str
    """In words, for the operator."""


class _Reference(msgspec.Struct):
    page: int = 0
    payload: int = 0
    hash: str = ""


class References:
    """Collects what the ledger refers to and looks at it a few blobs at a time."""

    def __init__(
        self, workspace: Workspace, cursor: Cursor, findings: list[Finding], name: Callable[[int], str]
    ) -> None:
        self._workspace = workspace
        self._findings = findings
        self._name = name
        self._waiting: dict[str, dict[int, tuple[int, int, str]]] = {"page": {}, "payload": {}}
        self._erased: dict[str, list[tuple[int, int]]] = {"page": [], "payload": []}

    def erased(self, data: dict[str, Any]) -> None:
        """Main says that the ids of these ranges were erased."""
        ranges = self._erased[data["what"]]
        ranges += [(first, last) for first, last in data["ids"]]
        ranges.sort()

    def add(self, writer: int, seq: int, kind: str, data: str) -> None:
        """An event that refers to a page or payload."""
        try:
            reference = msgspec.json.decode(data, type=_Reference)
        except msgspec.MsgspecError:
            return  # the row's hash has told already
        what = "page" if kind == "page_kept" else "payload"
        self._waiting[what][reference.page or reference.payload] = (writer, seq, reference.hash)
        if len(self._waiting[what]) >= _AT_ONCE:
            self._look(what)

    def check(self) -> None:
        """Look at what is left."""
        for what in self._waiting:
            self._look(what)

    def _look(self, what: str) -> None:
        waiting, self._waiting[what] = self._waiting[what], {}
        if not waiting:
            return
        table = {"page": "store_rawpage", "payload": "store_payload"}[what]
        among, ids = self._workspace.database.among("id", list(waiting))
        with self._workspace.database.connection().cursor() as cursor:
            cursor.execute(
                f"SELECT id, hash, body FROM {table} WHERE workspace_id = %s AND {among}", [self._workspace.id, *ids]
            )
            stored = {row[0]: (bytes(row[1]).hex(), row[2]) for row in cursor.fetchall()}
        for number, (writer, seq, digest) in waiting.items():
            problem = self._problem(what, number, digest, *stored.get(number, (None, None)))
            if problem:
                message = f"The {what} {number} of row {seq} of {self._name(writer)} was {problem}."
                kind = f"{what}_{'changed' if problem == 'altered' else 'missing'}"
                self._findings.append(Finding(kind, self._name(writer), seq, message))

    def _problem(self, what: str, number: int, digest: str, stored: str | None, body: Any) -> str:
        if stored is None:
            return "deleted"
        if body is None:
            return "" if stored == digest and self._is_erased(what, number) else "erased, and nobody says who did it"
        return "" if stored == digest and content_hash(bytes(body)).hex() == digest else "altered"

    def _is_erased(self, what: str, number: int) -> bool:
        ranges = self._erased[what]
        position = bisect_right(ranges, (number, 1 << 63)) - 1
        return position >= 0 and ranges[position][0] <= number <= ranges[position][1]
