"""What a settlement leaves behind for the record's story: outcomes beside the ledger, and events that refer to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.errors import Issue
from ml_connector.store.compression import pack
from ml_connector.sync.store import Event, RecordRow, Settlement

Json = dict[str, Any]


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What the target said of one document, and what was wrong with it. Erasable, so not in the ledger itself."""

    key: str
    answers: list[Any]
    issues: tuple[Issue, ...]


class Blob(msgspec.Struct, frozen=True):
    """A payload and where each record's part of it is."""

    positions: Mapping[str, int]
    body: bytes = b""
    id: int = 0


def outcomes(settlement: Settlement) -> Blob | None:
    """The batch's answers and issues as one payload; None: there are none."""
    found = [
        Outcome(row.key, settlement.answers.get(row.key, []), row.issues)
        for row in settlement.rows
        if row.issues or row.key in settlement.answers
    ]
    if not found:
        return None
    return Blob({outcome.key: position for position, outcome in enumerate(found)}, pack(found))


def events(settlement: Settlement, intended: Blob | None, outcome: Blob | None) -> list[Event]:
    """The settlement's events; the last one of each record says how it was judged and where all of it is kept."""
    rows = {row.key: row for row in settlement.rows}
    last = {event.key: position for position, event in enumerate(settlement.events)}
    return [
        _detailed(event, rows[event.key], intended, outcome)
        if event.key in rows and last[event.key] == position
        else event
        for position, event in enumerate(settlement.events)
    ]


def _detailed(event: Event, row: RecordRow, intended: Blob | None, outcome: Blob | None) -> Event:
    data: Json = {"state": row.state.value, "raw": row.raw}
    if row.code:
        data["code"] = row.code
    if row.version:
        data["version"] = row.version
    if row.fingerprint:
        data["fingerprint"] = row.fingerprint.hex()
    if row.mapping:
        data["mapping"] = row.mapping
    for name, blob in (("intended", intended), ("answered", outcome)):
        if blob and event.key in blob.positions:
            data[name] = (blob.id, blob.positions[event.key])
    return Event(event.kind, event.route_id, event.key, {**data, **event.data})
