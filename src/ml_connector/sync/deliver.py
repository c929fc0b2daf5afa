"""Steps 9 and 10: commit what is about to be sent, then send it in waves: headers, lines, release of the headers.

A new document's header is written as a draft that nobody acts on, then its lines, and only then is the header released.
A changed document gets its lines first and its header last, because a header may lock the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_connector import clock
from ml_connector.errors import (
    ConfigurationError,
    Issue,
    MLConnectorError,
    OutcomeUnknownError,
    RecordError,
    TransientError,
)
from ml_connector.records import REASONS, State
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item, Planned, Verdict
from ml_connector.sync.store import IntendedDocument, IntendedWrite, Intent, PartState, RecordRow
from ml_connector.systems.base import Action, Answer, Doubt, Receipt, Write

HEADER = "header"


@dataclass(slots=True)
class Delivery:
    """The writes of one batch under way."""

    items: list[Item]
    """All items of the batch, those without a plan included."""
    page_id: int | None
    page_settled: int
    cursor: dict[str, object] | None
    intent_id: int | None = None
    closes_pages: tuple[int, ...] = ()
    sent_at: float = 0.0
    stopped: MLConnectorError | None = None
    """What ended the batch early; the route stops after settling what is certain."""
    unsent: set[str] = field(default_factory=set)
    """Keys of which certainly nothing was sent: they stay received."""


async def intend(context: RouteContext, delivery: Delivery) -> None:
    """Step 9: one transaction with every write of the batch, before the first leaves."""
    planned = [item for item in delivery.items if item.plan]
    if not planned:
        return
    now = clock.now().timestamp()
    intent = Intent(
        id=0,
        route_id=context.config.id,
        epoch=context.run.lease.epoch,
        at=now,
        documents=tuple(IntendedDocument(item.key, tuple(_intended(item))) for item in planned),
        rows=tuple([_row_as_judged(context, item) for item in planned]),
    )
    delivery.intent_id = await context.run.call(context.run.store.intend, context.run.lease, context.run.run, intent)


def _intended(item: Item) -> list[IntendedWrite]:
    return [
        IntendedWrite(p.part.name, p.part.table, p.external_id, p.action, p.payload, p.fingerprint, p.before)
        for p in item.plan
    ]


def _row_as_judged(context: RouteContext, item: Item) -> RecordRow:
    """The record's row should this process die now; `resume` puts the intended parts in doubt."""
    row = context.row(item)
    row.state, row.code, row.outcome = State.IN_DOUBT, "OUTCOME_UNKNOWN", "in_doubt"
    row.fingerprint, row.natural, row.warning = item.fingerprint, item.natural, item.warning
    row.label = item.record.label() if item.record else ""
    row.parts = ordered(item.parts)
    return row


def ordered(parts: dict[str, PartState]) -> tuple[PartState, ...]:
    """Header first."""
    if next(iter(parts), HEADER) == HEADER:
        return tuple(parts.values())
    return tuple(sorted(parts.values(), key=lambda part: part.name != HEADER))


def _part(
    planned: Planned, external_id: str, status: str, sent_at: float, receipt: Receipt | None = None, pending: str = ""
) -> PartState:
    return PartState(
        planned.part.name,
        planned.part.table,
        external_id,
        planned.fingerprint,
        status,
        action=planned.action,
        sent_at=sent_at,
        version=receipt.version if receipt else "",
        landed=receipt.landed and not receipt.pending if receipt else False,
        before=planned.before,
        pending=receipt.pending if receipt else pending,
    )


async def deliver(context: RouteContext, delivery: Delivery) -> Delivery:
    """Step 10: the three waves over all documents of the batch; never raises for what concerns one record."""
    items = [item for item in delivery.items if item.plan]
    try:
        await _wave(context, delivery, [(item, p) for item in items for p in _new_header(item)])
        await _wave(context, delivery, [(item, p) for item in items for p in _lines(item)])
        await _wave(context, delivery, [(item, p) for item in items for p in _last_header(item)])
    except MLConnectorError as error:
        delivery.stopped = error
    for item in items:
        if item.verdict is None:
            _conclude(context, item, delivery)
    return delivery


def _new_header(item: Item) -> list[Planned]:
    found = [p for p in item.plan if p.part.name == HEADER and p.action is Action.CREATE]
    has_lines = len(item.plan) > 1
    for planned in found:
        if has_lines and planned.part.draft is not None:
            planned.payload = {**planned.part.payload, **planned.part.draft}
    return found


def _lines(item: Item) -> list[Planned]:
    """The lines of documents whose header is there, each told its header's id."""
    if item.verdict is not None:
        return []
    header = item.parts.get(HEADER)
    lines = [planned for planned in item.plan if planned.part.name != HEADER]
    if header is None or header.status == "doubt":
        return []
    for planned in lines:
        column = planned.part.header_id_column
        if column:
            planned.payload = {**planned.payload, column: header.external_id}
    return lines


def _last_header(item: Item) -> list[Planned]:
    """The release of a draft, or the change of a header, once all lines are as they should be."""
    if item.verdict is not None or any(part.status == "doubt" for part in item.parts.values()):
        return []
    header = item.parts.get(HEADER)
    changes = [p for p in item.plan if p.part.name == HEADER and p.action is Action.UPDATE]
    if changes or header is None or header.status != "draft":
        return changes
    created = next(p for p in item.plan if p.part.name == HEADER)
    final = {column: created.part.payload.get(column, "") for column in created.part.draft or ()}
    release = Planned(Action.UPDATE, created.part, header.external_id, final, created.fingerprint)
    item.plan.append(release)
    return [release]


async def _wave(context: RouteContext, delivery: Delivery, planned: list[tuple[Item, Planned]]) -> None:
    if not planned:
        return
    context.run.check_lease()
    delivery.sent_at = clock.now().timestamp()
    writes = [Write(p.action, p.part, p.external_id, p.payload, item.key) for item, p in planned]
    try:
        answers: Sequence[Answer] = await context.target.write(writes)
    except MLConnectorError as error:
        delivery.sent_at = clock.now().timestamp()
        _interrupted(context, delivery, planned, error)
        raise
    # A target that is sent row by row may have been sent the last of them only now.
    delivery.sent_at = clock.now().timestamp()
    for (item, one), answer in zip(planned, answers, strict=True):
        _take(item, one, answer, delivery.sent_at)


def _interrupted(
    context: RouteContext, delivery: Delivery, planned: list[tuple[Item, Planned]], error: MLConnectorError
) -> None:
    """A whole call failed. Where sending again under the same id is harmless, what was not clearly sent stays received;
    everywhere else it is in doubt, because a part of the call may have been done."""
    harmless = context.target.chooses_ids and isinstance(error, TransientError | ConfigurationError)
    if harmless and not isinstance(error, OutcomeUnknownError):
        return
    for item, one in planned:
        item.parts[one.part.name] = _doubtful(item, one, delivery.sent_at)


def _doubtful(item: Item, planned: Planned, sent_at: float) -> PartState:
    """A part of which nobody knows; what people had to do about it before, they still have to."""
    before = item.parts.get(planned.part.name)
    return _part(planned, planned.external_id, "doubt", sent_at, pending=before.pending if before else "")


def _take(item: Item, planned: Planned, answer: Answer, sent_at: float) -> None:
    name = planned.part.name
    planned.answered = True
    if isinstance(answer, Receipt):
        status = "cancelled" if planned.cancels else "done"
        if planned.action is Action.CREATE and planned.payload is not planned.part.payload and name == HEADER:
            status = "draft"
        state = _part(planned, answer.external_id, status, 0.0, answer)
        item.parts[name] = state
        text = ("was there already" if answer.existed else "done") + (f": {answer.answer}" if answer.answer else "")
        item.answers.append((name, planned.action, planned.part.table, answer.external_id, text))
    elif isinstance(answer, Doubt):
        item.parts[name] = _doubtful(item, planned, sent_at)
        item.answers.append((name, planned.action, planned.part.table, planned.external_id, answer.reason))
    else:
        item.answers.append((name, planned.action, planned.part.table, planned.external_id, answer.message))
        _refused(item, answer)


def _refused(item: Item, error: RecordError) -> None:
    issues = tuple(i if i.code in REASONS else Issue("REFUSED_BY_TARGET", i.message, i.fix) for i in error.issues)
    before = item.verdict.issues if item.verdict else ()
    item.verdict = None
    item.set_aside_for((*before, *issues))


def _conclude(context: RouteContext, item: Item, delivery: Delivery) -> None:
    """The waves are over: where does the record stand?"""
    doubtful = [part for part in item.parts.values() if part.status == "doubt"]
    outstanding = [planned for planned in item.plan if not planned.answered and not _in_doubt(item, planned)]
    if outstanding and not doubtful and not item.answers:
        delivery.unsent.add(item.key)
    elif doubtful:
        partial = outstanding and any(part.status in ("done", "draft") for part in item.parts.values())
        code = "PARTIAL_ON_TARGET" if partial else "OUTCOME_UNKNOWN"
        item.set_aside(code, REASONS[code].meaning, due_at=_due(context, doubtful, delivery.sent_at))
    elif outstanding:
        item.set_aside("PARTIAL_ON_TARGET", REASONS["PARTIAL_ON_TARGET"].meaning)
    elif pending := item.pending:
        item.set_aside(pending, REASONS[pending].meaning)
    else:
        landed = all(part.landed for part in item.parts.values())
        created = any(p.action is Action.CREATE and p.part.name == HEADER for p in item.plan)
        outcome = "adopted" if item.adopted else "created" if created else "updated"
        item.verdict = Verdict(State.LANDED if landed else State.DELIVERED, outcome)


def _in_doubt(item: Item, planned: Planned) -> bool:
    part = item.parts.get(planned.part.name)
    return part is not None and part.status == "doubt"


def _due(context: RouteContext, doubtful: list[PartState], sent_at: float) -> float:
    """When the doubts can be settled: at once where all are creates under ids of our own."""
    if context.target.chooses_ids and all(part.action == "create" for part in doubtful):
        return 0.0
    return sent_at + context.target.late_write_window_s
