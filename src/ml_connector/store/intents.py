"""Intents and what became of them: batches about to be written, their payloads, and the answers."""

from __future__ import annotations

from typing import Any

from ml_connector import clock
from ml_connector.store.compression import unpack
from ml_connector.store.database import Cursor
from ml_connector.store.ledger import content_hash
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import IntendedDocument, Intent, RecordRow


def keep_payload(cursor: Cursor, workspace: Workspace, run_number: int, kind: str, body: bytes) -> tuple[int, str]:
    """Store a blob beside the ledger; its id, and its hash for the ledger's event."""
    digest = content_hash(body)
    cursor.execute(
        "INSERT INTO store_payload (workspace_id, run_number, kind, at, hash, body)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        [workspace.id, run_number, kind, clock.now().timestamp(), digest, body],
    )
    return int(cursor.fetchone()[0]), digest.hex()


def insert(
    cursor: Cursor, workspace: Workspace, flow_id: int, run_number: int, intent: Intent, payload_id: int, rows: bytes
) -> int:
    """Store an intent; its id."""
    cursor.execute(
        "INSERT INTO store_intent (workspace_id, flow_id, route_id, run_number, epoch, at, payload_id, rows)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [workspace.id, flow_id, intent.route_id, run_number, intent.epoch, intent.at, payload_id, rows],
    )
    return int(cursor.fetchone()[0])


def close(cursor: Cursor, workspace: Workspace, intent_id: int) -> int | None:
    """Take an open intent away; its payload's id. None: it was settled before."""
    cursor.execute(
        "DELETE FROM store_intent WHERE id = %s AND workspace_id = %s RETURNING payload_id",
        [intent_id, workspace.id],
    )
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def still_open(workspace: Workspace, flow_id: int) -> list[Intent]:
    """Intents of the flow without a settlement, oldest first."""
    sql = (
        "SELECT i.id, i.route_id, i.epoch, i.at, p.body, i.rows FROM store_intent i"
        " JOIN store_payload p ON p.id = i.payload_id WHERE i.workspace_id = %s AND i.flow_id = %s ORDER BY i.id"
    )
    return [
        Intent(
            number,
            route_id,
            epoch,
            at,
            unpack(bytes(documents), tuple[IntendedDocument, ...]),
            unpack(bytes(rows), tuple[RecordRow, ...]),
        )
        for number, route_id, epoch, at, documents, rows in workspace.database.rows(sql, [workspace.id, flow_id])
    ]


def positions(documents: tuple[IntendedDocument, ...]) -> dict[str, int]:
    """Where each record's document is in its payload."""
    return {document.key: position for position, document in enumerate(documents)}


def load_positions(cursor: Cursor, payload_id: int) -> dict[str, int]:
    """The same, for an intent of another process."""
    cursor.execute("SELECT body FROM store_payload WHERE id = %s", [payload_id])
    row: Any = cursor.fetchone()
    if row is None or row[0] is None:
        return {}
    return positions(unpack(bytes(row[0]), tuple[IntendedDocument, ...]))
