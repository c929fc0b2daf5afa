"""Erases raw pages and payloads that are old enough; their hashes stay, and the ledger says who erased them."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ml_connector import clock
from ml_connector.store.database import Cursor
from ml_connector.store.ledger import MAIN, append
from ml_connector.store.rows import OPEN, decode_raw
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event

_AT_ONCE = 500

_OLD = {
    "page": "SELECT id FROM store_rawpage WHERE workspace_id = %s AND erased_at IS NULL AND kept_at < %s"
    " AND NOT open AND id > %s ORDER BY id LIMIT %s",
    "payload": "SELECT id FROM store_payload p WHERE workspace_id = %s AND erased_at IS NULL AND at < %s AND id > %s"
    " AND NOT EXISTS (SELECT 1 FROM store_intent i WHERE i.payload_id = p.id) ORDER BY id LIMIT %s",
}
_TABLE = {"page": "store_rawpage", "payload": "store_payload"}


def erase(workspace: Workspace, before: datetime, *, actor: str) -> int:
    """Erase what is older than `before` and no longer needed to send a record; how many blobs.

    Needed are pages in the inbox, pages of records that are set aside or still on their way, and open intents.
    """
    return sum(_erase(workspace, what, before.timestamp(), actor) for what in _OLD)


def _erase(workspace: Workspace, what: str, before: float, actor: str) -> int:
    needed = _needed(workspace) if what == "page" else frozenset()
    erased, last = 0, 0
    while True:
        with workspace.database.transaction("erase") as cursor:
            cursor.execute(_OLD[what], [workspace.id, before, last, _AT_ONCE])
            found = [row[0] for row in cursor.fetchall()]
            ids = [number for number in found if number not in needed]
            if ids:
                _blank(cursor, workspace, what, ids)
                data = {"what": what, "ids": _ranges(ids), "actor": actor}
                append(cursor, workspace, MAIN, [Event("erased", data=data)])
        erased += len(ids)
        if len(found) < _AT_ONCE:
            return erased
        last = found[-1]


def _blank(cursor: Cursor, workspace: Workspace, what: str, ids: list[int]) -> None:
    among, parameters = workspace.database.among("id", ids)
    cursor.execute(
        f"UPDATE {_TABLE[what]} SET body = NULL, erased_at = %s WHERE workspace_id = %s AND {among}",
        [clock.now().timestamp(), workspace.id, *parameters],
    )


def _needed(workspace: Workspace) -> frozenset[int]:
    """Pages that hold the newest version of a record which is not on the target in its final form."""
    rows = workspace.database.rows(
        f"SELECT detail FROM store_record WHERE workspace_id = %s AND {OPEN}", [workspace.id]
    )
    return frozenset(decode_raw(row[0]).page for row in rows)


def _ranges(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring ids as (first, last)."""
    ranges: list[tuple[int, int]] = []
    for number in ids:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
