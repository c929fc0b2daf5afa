"""The raw store: pages as the source gave them, compressed, and the inbox of those not settled yet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.store.compression import unpack
from ml_connector.store.database import Cursor
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import RawRef, StoredPage
from ml_connector.systems.base import RawRecord

Json = dict[str, Any]
_KEPT_DECODED = 6


def insert(
    cursor: Cursor,
    workspace: Workspace,
    route_id: int,
    run_number: int,
    body: bytes,
    digest: bytes,
    records: int,
    cursor_after: str | None,
    origin: str,
) -> int:
    """Store a page; its id."""
    cursor.execute(
        "INSERT INTO store_rawpage (workspace_id, route_id, run_number, kept_at, origin, records, settled, open,"
        " cursor, hash, body) VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s) RETURNING id",
        [
            workspace.id,
            route_id,
            run_number,
            clock.now().timestamp(),
            origin,
            records,
            True,
            cursor_after,
            digest,
            body,
        ],
    )
    return int(cursor.fetchone()[0])


def settle(cursor: Cursor, workspace: Workspace, page_id: int, settled: int) -> None:
    """So many records from the page's start are settled; never fewer than before."""
    cursor.execute(
        "UPDATE store_rawpage SET settled = %s, open = (records > %s)"
        " WHERE id = %s AND workspace_id = %s AND settled <= %s",
        [settled, settled, page_id, workspace.id, settled],
    )


def close(cursor: Cursor, workspace: Workspace, page_id: int) -> None:
    """All of a page is settled."""
    cursor.execute(
        "UPDATE store_rawpage SET settled = records, open = %s WHERE id = %s AND workspace_id = %s",
        [False, page_id, workspace.id],
    )


class Pages:
    """Reads pages; the last few stay decoded, because batches ask for records of one page several times."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._decoded: OrderedDict[int, Sequence[RawRecord]] = OrderedDict()

    def remember(self, page_id: int, records: Sequence[RawRecord]) -> None:
        self._decoded[page_id] = records
        self._decoded.move_to_end(page_id)
        while len(self._decoded) > _KEPT_DECODED:
            self._decoded.popitem(last=False)

    def inbox(self, route_id: int) -> Iterator[StoredPage]:
        """Pages with unsettled records, oldest first, one in memory at a time."""
        sql = (
            "SELECT id, settled, cursor, origin FROM store_rawpage"
            " WHERE workspace_id = %s AND route_id = %s AND open AND id > %s ORDER BY id LIMIT 1"
        )
        last = 0
        while rows := self._workspace.database.rows(sql, [self._workspace.id, route_id, last]):
            last, settled, cursor, origin = rows[0]
            records = self._records(route_id, last)
            yield StoredPage(last, records or (), settled, msgspec.json.decode(cursor) if cursor else None, origin)

    def raw(self, route_id: int, refs: Sequence[RawRef]) -> list[RawRecord | None]:
        """The records behind the references; None where the page was erased."""
        order = sorted(range(len(refs)), key=lambda position: refs[position].page)
        found: list[RawRecord | None] = [None] * len(refs)
        page_id, records = None, None
        for position in order:
            ref = refs[position]
            if ref.page != page_id:
                page_id, records = ref.page, self._records(route_id, ref.page)
            if records is not None and ref.index < len(records):
                found[position] = records[ref.index]
        return found

    def _records(self, route_id: int, page_id: int) -> Sequence[RawRecord] | None:
        if page_id in self._decoded:
            self._decoded.move_to_end(page_id)
            return self._decoded[page_id]
        rows = self._workspace.database.rows(
            "SELECT body FROM store_rawpage WHERE id = %s AND workspace_id = %s AND route_id = %s",
            [page_id, self._workspace.id, route_id],
        )
        if not rows or rows[0][0] is None:
            return None
        records = unpack(bytes(rows[0][0]), list[RawRecord])
        self.remember(page_id, records)
        return records
