"""Step 6: is the record in scope, and is it sound? Finds every issue of a record, not just the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from ml_connector.errors import Issue, TransientError
from ml_connector.records import Invoice, OrderStatus, PurchaseOrder, Record
from ml_connector.records.base import minor_unit
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.normalize import normalize
from ml_connector.sync.store import RawRef
from ml_connector.systems.base import RawRecord

_CURRENCY = re.compile(r"[A-Z]{3}")
_CANCELLED = "cancelled"


async def validate(context: RouteContext, items: list[Item]) -> None:
    """Exclude what is out of scope and reject what is unsound. Totals that differ are read once more first."""
    differing = []
    for item in items:
        if item.verdict is None and item.record is not None:
            _scope(context, item)
        if item.verdict is None and item.record is not None:
            issues = tuple(issues_of(item.record))
            if any(issue.code == "TOTAL_DIFFERS" for issue in issues) and item.origin == "from_source":
                differing.append(item)
            elif issues:
                item.set_aside_for(issues)
    if differing:
        await _read_again(context, differing)


def _scope(context: RouteContext, item: Item) -> None:
    record = item.record
    assert record is not None
    if item.delivered_before or not record.entity.is_document:
        return
    status = getattr(record, "status", None)
    if getattr(record, "document_type", "") == "pro_forma":
        item.set_aside("OUT_OF_SCOPE", "It is a pro forma invoice: nothing is owed for it.")
        return
    if status is OrderStatus.PLANNED:
        item.set_aside("NOT_RELEASED", "It is planned only, not released at the source.")
    elif status == _CANCELLED:
        item.set_aside("CANCELLED_AT_SOURCE", "It was cancelled at the source before it was ever sent.")
    elif not (item.pulled or item.released) and _before_cutover(context, record):
        start = context.run.flow.start_from
        item.set_aside("BEFORE_CUTOVER", f"Dated {record.document_date()}, before {start}, and closed.")


def _before_cutover(context: RouteContext, record: Record) -> bool:
    start, dated = context.run.flow.start_from, record.document_date()
    return start is not None and dated is not None and dated < start and record.is_closed()


def issues_of(record: Record) -> Iterator[Issue]:
    """Everything that is wrong with a record by itself."""
    if isinstance(record, PurchaseOrder | Invoice):
        yield from _document_issues(record)


def _document_issues(document: PurchaseOrder | Invoice) -> Iterator[Issue]:
    if not document.number.strip():
        yield Issue("MANDATORY_MISSING", "It has no number.", field="number")
    if not _CURRENCY.fullmatch(document.currency):
        yield Issue("INVALID", f"Currency {document.currency!r} is not a three-letter code.", field="currency")
    if document.status == _CANCELLED:
        return
    if not document.lines:
        yield Issue("NO_LINES", "It has no lines.", field="lines")
        return
    ids = [line.id for line in document.lines]
    if len(set(ids)) != len(ids):
        yield Issue("INVALID", "Two of its lines have the same number.", field="lines")
    yield from _total_issues(document)
    if isinstance(document, Invoice):
        yield from _uncoded(document)


def _uncoded(invoice: Invoice) -> Iterator[Issue]:
    for number, line in enumerate(invoice.lines, 1):
        if line.kind == "tax":
            continue
        for name, word in (("gl_account", "GL account"), ("cost_center", "cost center")):
            if getattr(line, name) is None:
                yield Issue("DIMENSION_MISSING", f"Line {line.number} has no {word}.", field=f"lines[{number}].{name}")


def _total_issues(document: PurchaseOrder | Invoice) -> Iterator[Issue]:
    if document.net is None:
        return
    sums = set(_sums(document))
    tolerance = minor_unit(document.currency) * len(document.lines)
    if sums and all(abs(total - document.net) > tolerance for total in sums):
        lines = min(sums, key=lambda total: abs(total - document.net))  # type: ignore[operator]
        yield Issue(
            "TOTAL_DIFFERS",
            f"The header says {document.net:,f} {document.currency}, its lines add up to {lines:,f}.",
            field="net",
        )


def _sums(document: PurchaseOrder | Invoice) -> Iterator[Decimal]:
    """The totals that the lines can stand for; cancelled order lines may or may not count, as the ERP likes."""
    if isinstance(document, Invoice):
        signs = {"discount": -1, "tax": 0}
        yield sum((line.amount * signs.get(line.kind, 1) for line in document.lines), Decimal(0))
    elif all(line.net is not None for line in document.lines):
        yield sum((line.net or Decimal(0) for line in document.lines), Decimal(0))
        yield sum((line.net or Decimal(0) for line in document.lines if not line.cancelled), Decimal(0))


async def _read_again(context: RouteContext, items: list[Item]) -> None:
    """A header and its lines are read by different requests; read those that disagree once more before judging."""
    try:
        fresh = {raw.key: raw for raw in await context.stream.fetch([item.key for item in items])}
    except TransientError:
        fresh = {}
    page = await _keep(context, list(fresh.values())) if fresh else 0
    for index, key in enumerate(fresh):
        item = next(item for item in items if item.key == key)
        item.raw, item.ref = fresh[key], RawRef(page, index)
        normalize(context, [item])
    for item in items:
        if item.verdict is None and item.record is not None:
            issues = tuple(issues_of(item.record))
            if issues:
                item.set_aside_for(issues)


async def _keep(context: RouteContext, records: list[RawRecord]) -> int:
    run = context.run
    return await run.call(
        run.store.keep_page,
        run.lease,
        run.run,
        context.config.id,
        records,
        read_mark=None,
        cursor=None,
        origin="read_again",
    )
