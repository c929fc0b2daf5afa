"""Proves that the ledger is unbroken, and writes it out."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from ml_connector.store.database import Cursor, Row
from ml_connector.store.ledger import COLUMNS, FIRST, MAIN, head_mac, row_hash
from ml_connector.store.references import Finding, References
from ml_connector.store.workspace import Workspace

__all__ = ["Finding", "Head", "export", "heads", "verify"]

Json = dict[str, Any]
Progress = Callable[[int, int], None]
_BATCH = 5000


class Head(msgspec.Struct, frozen=True):
    """Where a chain ends; kept elsewhere, it also proves that the whole database was not put back."""

    writer: str
    seq: int
    hash: str


class _Chain(msgspec.Struct):
    """The chain being read."""

    writer: int
    seq: int = 0
    last: bytes = FIRST
    broken: bool = False


def verify(workspace: Workspace, progress: Progress | None = None) -> list[Finding]:
    """Read the whole ledger and all it refers to; [] when it is unbroken. Flat in memory.

    Names the first wrong row of each chain, and every run, page and payload that is missing or altered. `progress`
    is called with (rows read, rows in all) every few thousand rows.
    """
    with workspace.database.snapshot() as cursor:
        return _Verification(workspace, cursor).run(progress or (lambda done, total: None))


def heads(workspace: Workspace) -> list[Head]:
    """The ends of all chains, main first."""
    with workspace.database.snapshot() as cursor:
        names = _run_names(workspace, cursor)
        found = _heads(workspace, cursor)
    return [Head(names.get(writer, "main"), seq, last.hex()) for writer, (seq, last, _) in sorted(found.items())]


def export(workspace: Workspace, since: datetime | None = None) -> Iterator[bytes]:
    """The ledger as JSON lines (without line ends), chain after chain, rows from `since` on."""
    earliest = since.timestamp() if since else 0.0
    with workspace.database.snapshot() as cursor:
        names = _run_names(workspace, cursor)
        for row in _rows(workspace, cursor):
            _, writer, seq, at, kind, route_id, key, data, digest = row
            if at >= earliest:
                line = {
                    "workspace": workspace.name,
                    "writer": "main" if writer == MAIN else names.get(writer, str(writer)),
                    "seq": seq,
                    "at": datetime.fromtimestamp(at, UTC),
                    "kind": kind,
                    "route": route_id,
                    "key": key,
                    "data": msgspec.Raw(data.encode()),
                    "hash": bytes(digest).hex(),
                }
                yield msgspec.json.encode(line)


def _rows(workspace: Workspace, cursor: Cursor) -> Iterator[Row]:
    after = (-1, -1)
    while True:
        cursor.execute(
            f"SELECT {COLUMNS} FROM store_ledgerevent WHERE workspace_id = %s AND (writer, seq) > (%s, %s)"
            f" ORDER BY writer, seq LIMIT {_BATCH}",
            [workspace.id, *after],
        )
        batch = cursor.fetchall()
        yield from batch
        if len(batch) < _BATCH:
            return
        after = (batch[-1][1], batch[-1][2])


def _heads(workspace: Workspace, cursor: Cursor) -> dict[int, tuple[int, bytes, bytes]]:
    cursor.execute("SELECT writer, seq, hash, mac FROM store_ledgerhead WHERE workspace_id = %s", [workspace.id])
    return {row[0]: (row[1], bytes(row[2]), bytes(row[3])) for row in cursor.fetchall()}


def _run_names(workspace: Workspace, cursor: Cursor) -> dict[int, str]:
    cursor.execute("SELECT number, id FROM store_run WHERE workspace_id = %s", [workspace.id])
    return dict(cursor.fetchall())


class _Verification:
    """One reading of the ledger."""

    def __init__(self, workspace: Workspace, cursor: Cursor) -> None:
        self._workspace = workspace
        self._cursor = cursor
        self._findings: list[Finding] = []
        self._heads = _heads(workspace, cursor)
        self._runs = _run_names(workspace, cursor)
        self._started: dict[int, str] = {}
        self._finished: dict[int, tuple[int, str]] = {}
        self._seen: set[int] = set()
        self._references = References(workspace, cursor, self._findings, self._name)

    def run(self, progress: Progress) -> list[Finding]:
        total = sum(seq for seq, _, _ in self._heads.values())
        chain, done = _Chain(MAIN), 0
        for row in _rows(self._workspace, self._cursor):
            if row[1] != chain.writer:
                self._end(chain)
                chain = _Chain(row[1])
            self._row(chain, row)
            done += 1
            if done % _BATCH == 0:
                progress(done, total)
        self._end(chain)
        self._references.check()
        self._not_seen()
        progress(done, total)
        return self._findings

    def _name(self, writer: int) -> str:
        return "main" if writer == MAIN else self._started.get(writer) or self._runs.get(writer) or f"writer {writer}"

    def _find(self, kind: str, writer: int, seq: int | None, message: str) -> None:
        self._findings.append(Finding(kind, self._name(writer), seq, message))

    def _row(self, chain: _Chain, row: Row) -> None:
        writer, seq, kind = row[1], row[2], row[4]
        if not chain.broken:
            if seq != chain.seq + 1:
                chain.broken = True
                self._missing(writer, chain.seq + 1, seq - 1)
            elif row_hash(self._workspace.chain_key, chain.last, *row[:8]) != row[8]:
                chain.broken = True
                self._changed(chain, row)
        chain.seq, chain.last = seq, bytes(row[8])
        if writer == MAIN:
            self._main(kind, row)
        if kind in ("page_kept", "intended", "answered"):
            self._references.add(writer, seq, kind, row[7])

    def _main(self, kind: str, row: Row) -> None:
        if kind in ("run_started", "run_finished", "erased"):
            data = _data(row)
            if kind == "run_started":
                self._started[data.get("writer", -1)] = data.get("run", "")
            elif kind == "run_finished":
                self._finished[data.get("writer", -1)] = (data.get("events", 0), data.get("last", ""))
            else:
                self._references.erased(data)

    def _missing(self, writer: int, first: int, last: int) -> None:
        what = f"Row {first} is" if first == last else f"Rows {first} to {last} are"
        self._find("missing", writer, first, f"{what} missing from the ledger of {self._name(writer)}.")

    def _changed(self, chain: _Chain, row: Row) -> None:
        writer, seq = row[1], row[2]
        other = self._belonging_here(chain, row)
        name = self._name(writer)
        if other is None:
            self._find("changed", writer, seq, f"Row {seq} ({row[4]}) of the ledger of {name} was changed.")
        else:
            self._find("swapped", writer, seq, f"Rows {seq} and {other} of the ledger of {name} were swapped.")

    def _belonging_here(self, chain: _Chain, row: Row) -> int | None:
        """The number of a later row of the chain that was at this place."""
        with self._workspace.database.connection().cursor() as cursor:
            after = row[2]
            while True:
                cursor.execute(
                    f"SELECT {COLUMNS} FROM store_ledgerevent WHERE workspace_id = %s AND writer = %s AND seq > %s"
                    f" ORDER BY seq LIMIT {_BATCH}",
                    [self._workspace.id, chain.writer, after],
                )
                batch = cursor.fetchall()
                for other in batch:
                    digest = row_hash(self._workspace.chain_key, chain.last, *row[:3], *other[3:8])
                    if digest in (other[8], row[8]):
                        return int(other[2])
                if len(batch) < _BATCH:
                    return None
                after = batch[-1][2]

    def _end(self, chain: _Chain) -> None:
        writer, name = chain.writer, self._name(chain.writer)
        self._seen.add(writer)
        head = self._heads.pop(writer, None)
        if writer != MAIN and writer not in self._started:
            self._find("added", writer, 1, f"Main knows nothing of the run {name}, which has a ledger.")
        if head is None:
            self._find("head", writer, chain.seq, f"The mark at the end of the ledger of {name} is missing.")
            return
        seq, last, mac = head
        if head_mac(self._workspace.head_key, self._workspace.id, writer, seq, last) != mac:
            self._find("head", writer, seq, f"The mark at the end of the ledger of {name} was changed.")
        elif seq > chain.seq:
            self._find("cut_off", writer, chain.seq + 1, f"The ledger of {name} ends at {chain.seq}, not at {seq}.")
        elif seq < chain.seq:
            self._find("added", writer, seq + 1, f"Row {seq + 1} of the ledger of {name} was added by somebody else.")
        elif last != chain.last and not chain.broken:
            self._find("changed", writer, seq, f"The last row of the ledger of {name} is not the one marked.")
        self._link(chain, name)

    def _link(self, chain: _Chain, name: str) -> None:
        events, last = self._finished.get(chain.writer, (chain.seq, chain.last.hex()))
        if events > chain.seq:
            message = f"The ledger of {name} had {events} rows when it ended, and has {chain.seq}."
            self._find("run_cut_off", chain.writer, chain.seq + 1, message)
        elif events == chain.seq and last != chain.last.hex() and not chain.broken:
            self._find("changed", chain.writer, chain.seq, f"The last row of the ledger of {name} was replaced.")

    def _not_seen(self) -> None:
        """Runs without a row: right only when nothing had happened in them."""
        for writer, run_id in self._started.items():
            head = self._heads.pop(writer, None)
            events, _ = self._finished.get(writer, (0, ""))
            if writer not in self._runs:
                self._find("run_missing", writer, None, f"The run {run_id} was deleted.")
            elif writer in self._seen:
                continue
            elif head is None or head[0] or events:
                self._find("run_missing", writer, None, f"The ledger of the run {run_id} was deleted.")
            elif head_mac(self._workspace.head_key, self._workspace.id, writer, 0, head[1]) != head[2]:
                self._find("head", writer, 0, f"The mark at the end of the ledger of {run_id} was changed.")
        for writer in self._heads:
            if writer != MAIN:
                self._find("added", writer, None, f"Main knows nothing of the run {self._name(writer)}.")


def _data(row: Row) -> Json:
    try:
        data = msgspec.json.decode(row[7])
    except msgspec.DecodeError:
        return {}  # the row's hash has told already
    return data if isinstance(data, dict) else {}
