"""All that happened to one record, put together from the ledger and what it refers to."""

from __future__ import annotations

from typing import Any

import msgspec

from ml_connector.records import REASONS
from ml_connector.store import intents, rows
from ml_connector.store.compression import unpack
from ml_connector.store.configuration import route_id
from ml_connector.store.ledger import MAIN
from ml_connector.store.pages import Pages
from ml_connector.store.settlement import Outcome
from ml_connector.store.shown import explained, iso
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import IntendedDocument, IntendedWrite, RawRef, RecordRow

Json = dict[str, Any]


def story(workspace: Workspace, flow: str, entity: str, key: str) -> list[Json]:
    """All that happened to one record, oldest first; [] for an unknown key.

    Every step has at, step, by (run id, or actor) and what it is about:
    `read` page, origin, key, scope, version, modified, raw (JSON document, None when erased);
    `intended` writes [{part, table, external_id, action, payload}] (None when erased), open (no answer yet);
    `settled` kind, state, code, message, version, fingerprint, mapping, issues, answers, data (all of the event's);
    `noted` kind, data;
    `held`, `excluded`, `released` reason;
    `now` state, code, message, fix, who, label, version, parts, waits_for, target_id, facts and the marks.
    """
    return _Story(workspace, route_id(workspace, flow, entity), key).tell()


class _Story:
    def __init__(self, workspace: Workspace, route: int, key: str) -> None:
        self._workspace = workspace
        self._route = route
        self._key = key
        self._steps: list[tuple[float, int, Json]] = []
        self._pages = Pages(workspace)
        self._read: set[tuple[int, int]] = set()

    def tell(self) -> list[Json]:
        for writer, at, kind, data, run_id in self._events():
            self._event(at, kind, msgspec.json.decode(data), "" if writer == MAIN else run_id or "")
        self._inbox()
        self._open_intents()
        row = rows.known(self._workspace, self._route, [self._key]).get(self._key)
        if row is not None:
            self._add(max([row.updated_at, *(at for at, _, _ in self._steps)]), "now", row.run_id, _now(row))
        return [step for _, _, step in sorted(self._steps, key=lambda found: found[:2])]

    def _events(self) -> list[Any]:
        sql = (
            "SELECT e.writer, e.at, e.kind, e.data, r.id FROM store_ledgerevent e"
            " LEFT JOIN store_run r ON r.number = e.writer"
            " WHERE e.workspace_id = %s AND e.route_id = %s AND e.key = %s AND NOT (e.key = '')"
            " ORDER BY e.at, e.writer, e.seq"
        )
        return self._workspace.database.rows(sql, [self._workspace.id, self._route, self._key])

    def _add(self, at: float, step: str, by: str, about: Json) -> None:
        self._steps.append((at, len(self._steps), {"at": iso(at), "step": step, "by": by, **about}))

    def _event(self, at: float, kind: str, data: Json, by: str) -> None:
        if not by:
            self._add(at, kind, data.get("actor", ""), {"reason": data.get("reason", "")})
            return
        if "raw" in data:
            self._reading(RawRef(*data["raw"]))
        if "intended" in data:
            self._intended(data["intended"][0], data["intended"][1], by)
        if "state" not in data:
            self._add(at, "noted", by, {"kind": kind, "data": data})
            return
        outcome = self._outcome(data.get("answered"))
        told = {name: data.get(name, "") for name in ("state", "code", "version", "fingerprint", "mapping")}
        self._add(
            at, "settled", by, {"kind": kind, **told, **outcome, "message": _meaning(told, outcome), "data": data}
        )

    def _reading(self, ref: RawRef) -> None:
        if (ref.page, ref.index) in self._read:
            return
        self._read.add((ref.page, ref.index))
        found = self._workspace.database.rows(
            "SELECT p.kept_at, p.origin, r.id FROM store_rawpage p LEFT JOIN store_run r ON r.number = p.run_number"
            " WHERE p.id = %s AND p.workspace_id = %s",
            [ref.page, self._workspace.id],
        )
        if not found:
            return
        at, origin, run_id = found[0]
        record = self._pages.raw(self._route, [ref])[0]
        about: Json = {"page": ref.page, "origin": origin, "raw": None}
        if record is not None:
            about |= {"key": record.key, "scope": record.scope, "version": record.version}
            about |= {"modified": record.modified, "raw": _document(record.payload)}
        self._add(at, "read", run_id or "", about)

    def _intended(self, payload_id: int, position: int, by: str) -> None:
        at, body = self._payload(payload_id)
        if at is None:
            return
        documents = unpack(body, tuple[IntendedDocument, ...]) if body else ()
        writes = [_write(write) for write in documents[position].writes] if documents else None
        self._add(at, "intended", by, {"writes": writes, "open": False})

    def _outcome(self, place: list[int] | None) -> Json:
        _, body = self._payload(place[0]) if place else (None, None)
        if place is None or body is None:
            return {"issues": [], "answers": []}
        outcome = unpack(body, list[Outcome])[place[1]]
        return {"issues": msgspec.to_builtins(outcome.issues), "answers": outcome.answers}

    def _payload(self, payload_id: int) -> tuple[float | None, bytes | None]:
        found = self._workspace.database.rows(
            "SELECT at, body FROM store_payload WHERE id = %s AND workspace_id = %s", [payload_id, self._workspace.id]
        )
        if not found:
            return None, None
        return found[0][0], bytes(found[0][1]) if found[0][1] is not None else None

    def _inbox(self) -> None:
        for page in self._pages.inbox(self._route):
            for index, record in enumerate(page.records):
                if record.key == self._key and index >= page.settled:
                    self._reading(RawRef(page.id, index))

    def _open_intents(self) -> None:
        found = self._workspace.database.rows(
            "SELECT f.flow_id FROM store_route f WHERE f.id = %s AND f.workspace_id = %s",
            [self._route, self._workspace.id],
        )
        for intent in intents.still_open(self._workspace, found[0][0]):
            for document in intent.documents:
                if intent.route_id == self._route and document.key == self._key:
                    writes = [_write(write) for write in document.writes]
                    self._add(intent.at, "intended", "", {"writes": writes, "open": True})


def _write(write: IntendedWrite) -> Json:
    return {
        "part": write.part,
        "table": write.table,
        "external_id": write.external_id,
        "action": write.action,
        "payload": write.payload,
    }


def _document(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return payload.decode("utf-8", "replace")


def _meaning(told: Json, outcome: Json) -> str:
    if outcome["issues"]:
        return "; ".join(issue["message"] for issue in outcome["issues"])
    reason = REASONS.get(told["code"])
    return reason.meaning if reason else ""


def _now(row: RecordRow) -> Json:
    return {
        "state": row.state.value,
        "code": row.code,
        **explained(row.code, row.issues),
        "label": row.label,
        "version": row.version,
        "target_id": row.target_id,
        "waits_for": row.waits_for,
        "facts": row.facts,
        "adopted": row.adopted,
        "pulled": row.pulled,
        "released": row.released,
        "missing_sweeps": row.missing_sweeps,
        "parts": [
            {
                "name": part.name,
                "table": part.table,
                "external_id": part.external_id,
                "status": part.status,
                "action": part.action,
                "version": part.version,
                "landed": part.landed,
                "fingerprint": part.fingerprint.hex(),
            }
            for part in row.parts
        ],
    }
