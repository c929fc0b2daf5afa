"""The append-only ledger: rows in chains, each row's hash over the one before it, each chain's end marked.

A chain belongs to a writer: a run (its number) or, as writer 0, the workspace itself (`main`). Main holds the starts
of runs, their ends with count and last hash, what people decide, configuration changes and erasures, so that a
missing run is seen. All hashes are keyed from outside of the database (see `secrets`).

What it cannot show by itself: that the whole database was put back to an earlier state. Who fears that keeps the
heads that `audit.heads` prints somewhere else.
"""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.store.database import Cursor
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event

MAIN = 0
"""Writer of the workspace's own chain."""
HASH_BYTES = 32
FIRST = bytes(HASH_BYTES)
"""Stands for the hash before the first row."""
COLUMNS = "workspace_id, writer, seq, at, kind, route_id, key, data, hash"

_canonical = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode


def row_hash(
    key: bytes,
    before: bytes,
    workspace_id: int,
    writer: int,
    seq: int,
    at: float,
    kind: str,
    route_id: int | None,
    record_key: str,
    data: str,
) -> bytes:
    """Keyed hash of a row over the row before it."""
    text = _canonical((before, workspace_id, writer, seq, at, kind, route_id, record_key, data))
    return hashlib.blake2b(text, key=key, digest_size=HASH_BYTES).digest()


def head_mac(key: bytes, workspace_id: int, writer: int, seq: int, last: bytes) -> bytes:
    """The mark of a chain's end."""
    return hashlib.blake2b(_canonical((workspace_id, writer, seq, last)), key=key, digest_size=HASH_BYTES).digest()


def content_hash(body: bytes) -> bytes:
    """By which the ledger refers to a page or payload (as stored, compressed)."""
    return hashlib.blake2b(body, digest_size=HASH_BYTES).digest()


def append(cursor: Cursor, workspace: Workspace, writer: int, events: Iterable[Event]) -> tuple[int, bytes]:
    """Add events to a chain; its last number and hash. Part of the caller's transaction, which holds the chain."""
    seq, last = _head(cursor, workspace, writer)
    at, rows = clock.now().timestamp(), []
    for event in events:
        seq += 1
        data = _json(event.data).decode()
        fields = (workspace.id, writer, seq, at, event.kind, event.route_id, event.key, data)
        last = row_hash(workspace.chain_key, last, *fields)
        rows.append((*fields, last))
    if rows:
        _insert(cursor, workspace, rows)
        mac = head_mac(workspace.head_key, workspace.id, writer, seq, last)
        cursor.execute(
            "UPDATE store_ledgerhead SET seq = %s, hash = %s, mac = %s WHERE workspace_id = %s AND writer = %s",
            [seq, last, mac, workspace.id, writer],
        )
    return seq, last


def open_chain(cursor: Cursor, workspace: Workspace, writer: int) -> None:
    """Begin a writer's chain; nothing when it has begun."""
    cursor.execute(
        "INSERT INTO store_ledgerhead (workspace_id, writer, seq, hash, mac) VALUES (%s, %s, 0, %s, %s)"
        " ON CONFLICT (workspace_id, writer) DO NOTHING",
        [workspace.id, writer, FIRST, head_mac(workspace.head_key, workspace.id, writer, 0, FIRST)],
    )


def _head(cursor: Cursor, workspace: Workspace, writer: int) -> tuple[int, bytes]:
    cursor.execute(
        "SELECT seq, hash FROM store_ledgerhead WHERE workspace_id = %s AND writer = %s" + workspace.database.lock,
        [workspace.id, writer],
    )
    row = cursor.fetchone()
    if row is None:
        raise ConfigurationError(
            "The end of a ledger chain is missing from the database: somebody deleted it.",
            fix="Run `audit verify`, and restore the database from a backup.",
        )
    return row[0], bytes(row[1])


def _insert(cursor: Cursor, workspace: Workspace, rows: list[tuple[Any, ...]]) -> None:
    if not workspace.database.postgresql:
        cursor.executemany(f"INSERT INTO store_ledgerevent ({COLUMNS}) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)", rows)
        return
    with cursor.copy(f"COPY store_ledgerevent ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "int8", "float8", "text", "int8", "text", "text", "bytea"])
        for row in rows:
            copy.write_row(row)
