"""Record rows in bulk: decoded from and encoded for the table `store_record`."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.errors import Issue
from ml_connector.records import State
from ml_connector.store.database import Cursor, Database, Row
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Linked, PartState, RawRef, RecordRow, RunOptions

Json = dict[str, Any]


class Detail(msgspec.Struct, array_like=True):
    """What of a RecordRow nobody searches by; fields are only ever added at the end, with a default."""

    scope: str
    issues: tuple[Issue, ...]
    modified: str
    fingerprint: bytes
    mapping: str
    raw: RawRef
    parts: tuple[PartState, ...]
    facts: Json | None
    waits_for: str
    adopted: bool
    pulled: bool


_READ = (
    "key, state, code, label, version, natural_hash, warning_hash, missing_sweeps, due_at, released, run_id, outcome,"
    " updated_at, detail"
)
_WRITTEN = f"route_id, workspace_id, target_id, {_READ}"
_TYPES = {
    "route_id": "int8",
    "workspace_id": "int8",
    "natural_hash": "bytea",
    "warning_hash": "bytea",
    "missing_sweeps": "int4",
    "due_at": "float8",
    "released": "bool",
    "updated_at": "float8",
    "detail": "bytea",
}
_NAMES = _WRITTEN.split(", ")

OPEN = "NOT (state IN ('landed', 'excluded'))"
"""Condition of the partial index `record_open`; a query that should use it repeats it."""

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode = msgspec.msgpack.Decoder(Detail).decode

# What a person decided while a run had the record in hand stays: the run's result is stored, its state is not.
_PERSON = "store_record.code IN ('HELD_BY_PERSON', 'EXCLUDED_BY_PERSON') AND excluded.code <> store_record.code"
_RELEASED = (
    "store_record.released AND store_record.state = 'received' AND NOT excluded.released"
    " AND excluded.state IN ('held', 'excluded')"
)


def _keep(column: str) -> str:
    return f"{column} = CASE WHEN ({_PERSON}) OR ({_RELEASED}) THEN store_record.{column} ELSE excluded.{column} END"


_SET = ", ".join(
    [
        *(_keep(name) for name in ("state", "code", "due_at")),
        "released = (store_record.released OR excluded.released)",
        *(
            f"{name} = excluded.{name}"
            for name in _NAMES
            if name not in ("route_id", "workspace_id", "key", "state", "code", "due_at", "released")
        ),
    ]
)
_ON_CONFLICT = f"ON CONFLICT (route_id, key) DO UPDATE SET {_SET}"
_MARKS = ",".join(["%s"] * len(_NAMES))


def encode(workspace_id: int, route_id: int, rows: Iterable[RecordRow]) -> list[tuple[Any, ...]]:
    """Table rows, one per key (the last one given)."""
    now = clock.now().timestamp()
    found: dict[str, tuple[Any, ...]] = {}
    for r in rows:
        detail = Detail(
            r.scope,
            r.issues,
            r.modified,
            r.fingerprint,
            r.mapping,
            r.raw,
            r.parts,
            r.facts,
            r.waits_for,
            r.adopted,
            r.pulled,
        )
        found[r.key] = (
            route_id,
            workspace_id,
            r.header_id,
            r.key,
            r.state.value,
            r.code,
            r.label.replace("\x00", "\u2400"),
            r.version,
            r.natural,
            r.warning,
            r.missing_sweeps,
            r.due_at,
            r.released,
            r.run_id,
            r.outcome,
            r.updated_at or now,
            _encode(detail),
        )
    return list(found.values())


def upsert(cursor: Cursor, database: Database, rows: list[tuple[Any, ...]]) -> int:
    """Insert or replace; how many are new."""
    if not rows:
        return 0
    return _copy(cursor, rows) if database.postgresql else _many(cursor, rows)


def _many(cursor: Cursor, rows: list[tuple[Any, ...]]) -> int:
    cursor.executemany(f"INSERT OR IGNORE INTO store_record ({_WRITTEN}) VALUES ({_MARKS})", rows)
    new = cursor.rowcount
    if new < len(rows):
        cursor.executemany(f"INSERT INTO store_record ({_WRITTEN}) VALUES ({_MARKS}) {_ON_CONFLICT}", rows)
    return int(new)


def _copy(cursor: Cursor, rows: list[tuple[Any, ...]]) -> int:
    cursor.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_record (LIKE store_record) ON COMMIT DELETE ROWS", None
    )
    with cursor.copy(f"COPY incoming_record ({_WRITTEN}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([_TYPES.get(name, "text") for name in _NAMES])
        for row in rows:
            copy.write_row(row)
    cursor.execute(
        f"WITH done AS (INSERT INTO store_record ({_WRITTEN}) SELECT {_WRITTEN} FROM incoming_record {_ON_CONFLICT}"
        " RETURNING (xmax = 0) AS new) SELECT count(*) FILTER (WHERE new) FROM done",
        None,
    )
    return int(cursor.fetchone()[0])


def decode(row: Row) -> RecordRow:
    """A RecordRow from the columns that `select` reads."""
    d = _decode(row[13])
    return RecordRow(
        key=row[0],
        state=State(row[1]),
        code=row[2],
        label=row[3],
        version=row[4],
        natural=row[5],
        warning=row[6],
        missing_sweeps=row[7],
        due_at=row[8],
        released=bool(row[9]),
        run_id=row[10],
        outcome=row[11],
        updated_at=row[12],
        scope=d.scope,
        issues=d.issues,
        modified=d.modified,
        fingerprint=d.fingerprint,
        mapping=d.mapping,
        raw=d.raw,
        parts=d.parts,
        facts=d.facts,
        waits_for=d.waits_for,
        adopted=d.adopted,
        pulled=d.pulled,
    )


def decode_raw(detail: bytes) -> RawRef:
    """Where the raw form is kept, from the column `detail`."""
    return _decode(detail).raw


def select(workspace: Workspace, where: str, parameters: Sequence[Any]) -> list[RecordRow]:
    """Rows of the workspace that meet a condition."""
    sql = f"SELECT {_READ} FROM store_record WHERE workspace_id = %s AND {where}"
    return [decode(row) for row in workspace.database.rows(sql, [workspace.id, *parameters])]


def known(workspace: Workspace, route_id: int, keys: Sequence[str]) -> dict[str, RecordRow]:
    if not keys:
        return {}
    among, parameters = workspace.database.among("key", keys)
    return {row.key: row for row in select(workspace, f"route_id = %s AND {among}", [route_id, *parameters])}


def same(workspace: Workspace, route_id: int, column: str, hashes: Sequence[bytes]) -> dict[bytes, list[str]]:
    """Keys by the hash in `column` (natural_hash or warning_hash)."""
    if not hashes:
        return {}
    among, parameters = workspace.database.among(column, hashes)
    found: dict[bytes, list[str]] = {}
    sql = (
        f"SELECT {column}, key FROM store_record"
        f" WHERE workspace_id = %s AND route_id = %s AND {column} IS NOT NULL AND {among} ORDER BY key"
    )
    for value, key in workspace.database.rows(sql, [workspace.id, route_id, *parameters]):
        found.setdefault(bytes(value), []).append(key)
    return found


def linked(workspace: Workspace, route_id: int, target_ids: Sequence[str]) -> dict[str, Linked]:
    """Whose headers these rows are, over all flows of the workspace, archived ones too, that write into this target."""
    if not target_ids:
        return {}
    beside = workspace.database.rows(_ROUTES_BESIDE, [route_id, workspace.id])
    systems: dict[int, str] = dict(beside)
    of_routes, routes = workspace.database.among("route_id", list(systems))
    among, parameters = workspace.database.among("target_id", target_ids)
    sql = (
        "SELECT target_id, route_id, detail, key FROM store_record"
        f" WHERE workspace_id = %s AND {of_routes} AND NOT (target_id = '') AND {among}"
    )
    found = workspace.database.rows(sql, [workspace.id, *routes, *parameters])
    return {
        target_id: Linked(systems[route], _decode(bytes(detail)).scope, key) for target_id, route, detail, key in found
    }


_ROUTES_BESIDE = """
SELECT other.id, source.system FROM store_route mine
JOIN store_flow flow ON flow.id = mine.flow_id
JOIN store_flow other_flow ON other_flow.target_id = flow.target_id
JOIN store_route other ON other.flow_id = other_flow.id AND other.entity = mine.entity
JOIN store_connection source ON source.id = other_flow.source_id
WHERE mine.id = %s AND flow.workspace_id = %s
"""


def due(workspace: Workspace, route_id: int, now: float, after_key: str, limit: int) -> list[RecordRow]:
    where = (
        f"route_id = %s AND {OPEN} AND state IN ('waiting', 'in_doubt', 'delivered', 'received')"
        " AND (due_at <= %s OR state = 'in_doubt') AND key > %s ORDER BY key LIMIT %s"
    )
    return select(workspace, where, [route_id, now, after_key, limit])


def chosen(workspace: Workspace, route_id: int, options: RunOptions, after_key: str, limit: int) -> list[RecordRow]:
    states = [options.replay_state.value] if options.replay_state else ["rejected", "waiting"]
    among, parameters = workspace.database.among("state", states)
    where = f"route_id = %s AND {among} AND NOT (code IN ('HELD_BY_PERSON', 'EXCLUDED_BY_PERSON')) AND key > %s"
    parameters = [route_id, *parameters, after_key]
    if "excluded" not in states and "landed" not in states:
        where += f" AND {OPEN}"
    if options.replay_run:
        where += " AND run_id = %s"
        parameters.append(options.replay_run)
    if options.replay_keys:
        among, keys = workspace.database.among("key", options.replay_keys)
        where += f" AND {among}"
        parameters += keys
    return select(workspace, f"{where} ORDER BY key LIMIT %s", [*parameters, limit])


def versions(workspace: Workspace, route_id: int, after_key: str, limit: int) -> list[tuple[str, str, str, int]]:
    sql = (
        "SELECT key, version, state, missing_sweeps FROM store_record"
        " WHERE workspace_id = %s AND route_id = %s AND key > %s ORDER BY key LIMIT %s"
    )
    rows = workspace.database.rows(sql, [workspace.id, route_id, after_key, limit])
    return [(row[0], row[1], row[2], row[3]) for row in rows]
