"""`sync.store.Store` on Django's database connection: each call one transaction, fenced by the lease."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from ml_connector.store import intents, leases, ledger, pages, rows, runs
from ml_connector.store.compression import pack
from ml_connector.store.database import Cursor
from ml_connector.store.settlement import Blob, events, outcomes
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import (
    Event,
    Intent,
    Lease,
    Linked,
    RawRef,
    RecordRow,
    RouteState,
    Run,
    RunOptions,
    Settlement,
    StoredPage,
)
from ml_connector.systems.base import RawRecord

Json = dict[str, Any]


class DjangoStore:
    """See `sync.store.Store`; one per process and workspace, callable from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._database = workspace.database
        self._pages = pages.Pages(workspace)
        self._numbers: dict[str, int] = {}
        self._positions: dict[int, dict[str, int]] = {}

    def close(self) -> None:
        """Close the database connections of all threads that used this store."""
        self.workspace.close()

    @contextmanager
    def _fenced(self, name: str, lease: Lease) -> Iterator[Cursor]:
        with self._database.transaction(name) as cursor:
            leases.fence(cursor, self.workspace, lease)
            yield cursor

    def _number(self, cursor: Cursor, run: Run) -> int:
        number = self._numbers.get(run.id)
        if number is None:
            number = self._numbers[run.id] = runs.number_of(cursor, self.workspace, run.id)
        return number

    # lease and runs

    def acquire(self, flow_id: int, owner: str, ttl_s: float) -> Lease:
        with self._database.transaction("acquire") as cursor:
            return leases.acquire(cursor, self.workspace, flow_id, owner, ttl_s)

    def renew(self, lease: Lease) -> bool:
        with self._database.transaction("renew") as cursor:
            return leases.renew(cursor, self.workspace, lease)

    def release(self, lease: Lease) -> None:
        with self._database.transaction("release") as cursor:
            leases.release(cursor, self.workspace, lease)

    def interrupted_run(self, lease: Lease) -> Run | None:
        with self._fenced("interrupted_run", lease) as cursor:
            return runs.interrupted(cursor, self.workspace, lease)

    def start_run(self, lease: Lease, options: RunOptions) -> Run:
        with self._fenced("start_run", lease) as cursor:
            return runs.start(cursor, self.workspace, lease, options)

    def finish_run(self, lease: Lease, run: Run, outcome: str, report: Json) -> None:
        with self._fenced("finish_run", lease) as cursor:
            runs.finish(cursor, self.workspace, run, self._number(cursor, run), outcome, report)

    # routes

    def route_state(self, route_id: int) -> RouteState:
        found = self._database.rows(
            "SELECT cursor, read_mark, swept_at, records FROM store_route WHERE id = %s AND workspace_id = %s",
            [route_id, self.workspace.id],
        )
        if not found:
            return RouteState()
        cursor, read_mark, swept_at, records = found[0]
        return RouteState(_json(cursor), _json(read_mark), swept_at, records)

    def set_route(
        self, lease: Lease, run: Run, route_id: int, *, read_mark: Json | None = None, swept_at: float | None = None
    ) -> None:
        """What is None stays as it is."""
        with self._fenced("set_route", lease) as cursor:
            if read_mark is not None:
                self._set(cursor, route_id, "read_mark", runs.json_text(read_mark))
            if swept_at is not None:
                self._set(cursor, route_id, "swept_at", swept_at)

    def _set(self, cursor: Cursor, route_id: int, column: str, value: Any) -> None:
        cursor.execute(
            f"UPDATE store_route SET {column} = %s WHERE id = %s AND workspace_id = %s",
            [value, route_id, self.workspace.id],
        )

    # receive

    def keep_page(
        self,
        lease: Lease,
        run: Run,
        route_id: int,
        records: Sequence[RawRecord],
        *,
        read_mark: Json | None,
        cursor: Json | None,
        origin: str = "from_source",
    ) -> int:
        body = pack(records)
        digest = ledger.content_hash(body)
        after = None if cursor is None else runs.json_text(cursor)
        with self._fenced("keep_page", lease) as sql:
            number = self._number(sql, run)
            page = pages.insert(sql, self.workspace, route_id, number, body, digest, len(records), after, origin)
            if origin == "from_source":
                self._set(sql, route_id, "read_mark", None if read_mark is None else runs.json_text(read_mark))
            data = {"page": page, "hash": digest.hex(), "records": len(records), "origin": origin}
            ledger.append(sql, self.workspace, number, [Event("page_kept", route_id, data=data)])
        self._pages.remember(page, records)
        return page

    def open_pages(self, route_id: int) -> Iterator[StoredPage]:
        return self._pages.inbox(route_id)

    def raw(self, route_id: int, refs: Sequence[RawRef]) -> list[RawRecord | None]:
        return self._pages.raw(route_id, refs)

    # compare, resolve

    def known(self, route_id: int, keys: Sequence[str]) -> dict[str, RecordRow]:
        return rows.known(self.workspace, route_id, keys)

    def same_natural(self, route_id: int, hashes: Sequence[bytes]) -> dict[bytes, list[str]]:
        return rows.same(self.workspace, route_id, "natural_hash", hashes)

    def linked(self, route_id: int, target_ids: Sequence[str]) -> dict[str, Linked]:
        return rows.linked(self.workspace, route_id, target_ids)

    def same_warning(self, route_id: int, hashes: Sequence[bytes]) -> dict[bytes, list[str]]:
        return rows.same(self.workspace, route_id, "warning_hash", hashes)

    def due(self, route_id: int, now: float, after_key: str, limit: int) -> list[RecordRow]:
        return rows.due(self.workspace, route_id, now, after_key, limit)

    def chosen(self, route_id: int, options: RunOptions, after_key: str, limit: int) -> list[RecordRow]:
        return rows.chosen(self.workspace, route_id, options, after_key, limit)

    def versions(self, route_id: int, after_key: str, limit: int) -> list[tuple[str, str, str, int]]:
        return rows.versions(self.workspace, route_id, after_key, limit)

    # intend, settle

    def intend(self, lease: Lease, run: Run, intent: Intent) -> int:
        documents, judged = pack(intent.documents), pack(intent.rows)
        with self._fenced("intend", lease) as cursor:
            number = self._number(cursor, run)
            payload, digest = intents.keep_payload(cursor, self.workspace, number, "intended", documents)
            found = intents.insert(cursor, self.workspace, lease.flow_id, number, intent, payload, judged)
            data = {"intent": found, "payload": payload, "hash": digest, "documents": len(intent.documents)}
            ledger.append(cursor, self.workspace, number, [Event("intended", intent.route_id, data=data)])
        self._positions[found] = intents.positions(intent.documents)
        return found

    def open_intents(self, flow_id: int) -> list[Intent]:
        return intents.still_open(self.workspace, flow_id)

    def settle(self, lease: Lease, run: Run, settlement: Settlement) -> None:
        """Nothing when the settlement's intent is closed already: it was settled before."""
        table_rows = rows.encode(self.workspace.id, settlement.route_id, settlement.rows)
        outcome = outcomes(settlement)
        with self._fenced("settle", lease) as cursor:
            intended = self._close(cursor, settlement.intent_id)
            if settlement.intent_id is not None and intended is None:
                return
            number = self._number(cursor, run)
            batch = []
            if outcome is not None:
                payload, digest = intents.keep_payload(cursor, self.workspace, number, "outcome", outcome.body)
                outcome = msgspec.structs.replace(outcome, id=payload)
                batch = [Event("answered", settlement.route_id, data={"payload": payload, "hash": digest})]
            new = rows.upsert(cursor, self._database, table_rows)
            ledger.append(cursor, self.workspace, number, [*events(settlement, intended, outcome), *batch])
            self._advance(cursor, settlement, new)
            if settlement.counts is not None:
                runs.count(cursor, number, settlement.counts)
        self._positions.pop(settlement.intent_id or 0, None)

    def _close(self, cursor: Cursor, intent_id: int | None) -> Blob | None:
        if intent_id is None:
            return None
        payload = intents.close(cursor, self.workspace, intent_id)
        if payload is None:
            return None
        positions = self._positions.get(intent_id)
        return Blob(intents.load_positions(cursor, payload) if positions is None else positions, id=payload)

    def _advance(self, cursor: Cursor, settlement: Settlement, new: int) -> None:
        if settlement.page_id is not None:
            pages.settle(cursor, self.workspace, settlement.page_id, settlement.page_settled)
        for page_id in settlement.closes_pages:
            pages.close(cursor, self.workspace, page_id)
        after = settlement.cursor
        if new or after is not None:
            cursor.execute(
                "UPDATE store_route SET records = records + %s, cursor = coalesce(%s, cursor)"
                " WHERE id = %s AND workspace_id = %s",
                [new, None if after is None else runs.json_text(after), settlement.route_id, self.workspace.id],
            )

    def note(self, lease: Lease, run: Run, events: Sequence[Event]) -> None:
        with self._fenced("note", lease) as cursor:
            ledger.append(cursor, self.workspace, self._number(cursor, run), events)


def _json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
