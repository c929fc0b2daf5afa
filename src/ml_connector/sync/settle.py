"""Step 11: outcomes, cross-reference, ledger and cursor of a batch in one transaction."""

from __future__ import annotations

from typing import Any

import msgspec

from ml_connector.records import REASONS, State, Supplier
from ml_connector.records.dimensions import Dimension
from ml_connector.sync.context import RouteContext
from ml_connector.sync.deliver import Delivery, ordered
from ml_connector.sync.item import Item, Verdict
from ml_connector.sync.report import ExceptionLine
from ml_connector.sync.store import Event, RecordRow, Settlement

SHOWN = 1000
"""So many exceptions a run's report lists; all are in the store."""


async def settle(context: RouteContext, delivery: Delivery) -> None:
    """Give every item its state and commit the batch."""
    rows: list[RecordRow] = []
    events: list[Event] = []
    unchanged = 0
    for item in delivery.items:
        if item.key in delivery.unsent:
            continue
        verdict = item.verdict or _without_writes(item)
        changed = _changed(context, item, verdict)
        if verdict.outcome != "unchanged" or item.known is None or item.known.run_id != context.run.run.id:
            context.count(item, verdict.outcome)
        if changed is not None:
            rows.append(changed)
        if _worth_an_event(item, verdict):
            events.append(_event(context, item, verdict))
        else:
            unchanged += 1
        _report(context, item, verdict)
    if unchanged:
        events.append(Event("unchanged", context.config.id, data={"records": unchanged}))
    await _commit(context, delivery, rows, events)
    _forget(context, delivery)


async def _commit(context: RouteContext, delivery: Delivery, rows: list[RecordRow], events: list[Event]) -> None:
    run = context.run
    context.stalled = context.stalled or bool(delivery.unsent)
    complete = not context.stalled
    settlement = Settlement(
        route_id=context.config.id,
        rows=rows,
        events=events,
        intent_id=delivery.intent_id,
        answers={item.key: item.answers for item in delivery.items if item.answers},
        page_id=delivery.page_id if complete else None,
        page_settled=delivery.page_settled,
        closes_pages=delivery.closes_pages,
        cursor=delivery.cursor if complete else None,
        counts=run.counts(),
    )
    await run.call(run.store.settle, run.lease, run.run, settlement)
    if settlement.cursor is not None:
        context.report.cursor = msgspec.json.encode(settlement.cursor).decode()
    run.progress.batch_settled(context.entity, context.report.counts)


def _forget(context: RouteContext, delivery: Delivery) -> None:
    """From here on the store knows these records itself."""
    for item in delivery.items:
        if item.natural is not None:
            context.names_under_way.pop(item.natural, None)
        if item.shaped is not None:
            context.ids_under_way.discard(item.shaped.parts[0].external_id)


def _without_writes(item: Item) -> Verdict:
    """Everything is on the target as it should be, without a write in this batch."""
    landed = all(part.landed for part in item.parts.values())
    return Verdict(State.LANDED if landed else State.DELIVERED, "adopted" if item.adopted else "unchanged")


def _changed(context: RouteContext, item: Item, verdict: Verdict) -> RecordRow | None:
    """The record's row after this batch; None when it stays as it is."""
    known = item.known
    if (verdict is item.verdict and verdict.outcome == "unchanged") or (known is not None and _same(item, verdict)):
        if known is None or known.version == item.raw.version:
            return None
        changes = {"version": item.raw.version, "modified": item.raw.modified, "raw": item.ref}
        return msgspec.structs.replace(known, **changes)
    row = context.row(item)
    row.state, row.code, row.issues = verdict.state, verdict.code, verdict.issues
    row.waits_for, row.due_at, row.outcome = verdict.waits_for, verdict.due_at, verdict.outcome
    row.fingerprint, row.natural, row.warning = item.fingerprint, item.natural, item.warning
    row.label = item.record.label() if item.record else (known.label if known else "")
    row.facts = _facts(item) or (known.facts if known else None)
    row.parts = ordered(item.parts) if item.parts or known is None else known.parts
    return row


def _same(item: Item, verdict: Verdict) -> bool:
    """Set aside before, and still so, without having been judged anew."""
    return (
        verdict is item.verdict
        and item.record is None
        and not item.force
        and item.known is not None
        and (verdict.state is item.known.state and verdict.code == item.known.code)
    )


def _facts(item: Item) -> dict[str, Any] | None:
    record = item.record
    if isinstance(record, Supplier):
        return {"code": record.code, "name": record.name, "active": record.active}
    if isinstance(record, Dimension):
        return {
            "code": record.code,
            "active": record.active,
            "valid_from": record.valid_from.isoformat() if record.valid_from else None,
            "valid_to": record.valid_to.isoformat() if record.valid_to else None,
        }
    return None


def _worth_an_event(item: Item, verdict: Verdict) -> bool:
    """Unchanged records and those that go on waiting for the same thing are summed up in one line a batch."""
    if verdict.outcome == "unchanged":
        return bool(item.known is not None and item.known.state is not verdict.state)
    if item.known is None or item.origin == "replayed":
        return True
    known = item.known
    same = known.state is verdict.state and known.code == verdict.code and known.issues == verdict.issues
    return not same or bool(item.answers) or known.fingerprint != item.fingerprint


def _event(context: RouteContext, item: Item, verdict: Verdict) -> Event:
    """What the store does not put in by itself (state, reason, versions, where payload and answer are)."""
    data: dict[str, Any] = {"outcome": verdict.outcome, "origin": item.origin}
    if item.remarks:
        data["remarks"] = item.remarks
    if item.plan:
        data["writes"] = [
            [p.part.name, p.action.value, p.part.table, p.external_id, p.fingerprint.hex(), p.before.hex()]
            for p in item.plan
        ]
    return Event("settled", context.config.id, item.key, data)


def _report(context: RouteContext, item: Item, verdict: Verdict) -> None:
    exceptions = context.run.report.exceptions
    if verdict.state not in (State.REJECTED, State.HELD) or len(exceptions) >= SHOWN:
        return
    reason = REASONS[verdict.code]
    message = "; ".join(issue.message for issue in verdict.issues) or reason.meaning
    fix = next((issue.fix for issue in verdict.issues if issue.fix), reason.fix)
    exceptions.append(ExceptionLine(context.entity.value, item.key, verdict.code, message, fix, reason.who))
