"""Step 0: before anything new is read, what earlier runs left is taken up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable

from ml_connector import clock
from ml_connector.records import Entity, State
from ml_connector.sync.context import RouteContext, RunContext
from ml_connector.sync.deliver import ordered
from ml_connector.sync.item import Item
from ml_connector.sync.pipeline import BATCH, Pipeline
from ml_connector.sync.store import (
    Event,
    IntendedDocument,
    PartState,
    RawRef,
    RecordRow,
    RunOptions,
    Settlement,
)


async def doubt_open_intents(run: RunContext) -> None:
    """Writes that a killed or frozen process intended are in doubt from now on, whether they left or not.

    The window for late writes is counted from this take-over: the old process cannot send after it.
    """
    now = clock.now().timestamp()
    for intent in await run.call(run.store.open_intents, run.flow.id):
        intended = {document.key: document for document in intent.documents}
        rows = [_doubted(row, intended[row.key], now) for row in intent.rows]
        events = [Event("in_doubt", intent.route_id, row.key, {"since_epoch": intent.epoch}) for row in rows]
        settlement = Settlement(route_id=intent.route_id, rows=rows, events=events, intent_id=intent.id)
        await run.call(run.store.settle, run.lease, run.run, settlement)


def _doubted(row: RecordRow, document: IntendedDocument, now: float) -> RecordRow:
    """The row with every intended part in doubt, beside those that were there before."""
    parts = {part.name: part for part in row.parts}
    for write in document.writes:
        before = parts.get(write.part)
        parts[write.part] = PartState(
            write.part,
            write.table,
            write.external_id,
            write.fingerprint,
            "doubt",
            action=write.action,
            sent_at=now,
            landed=False,
            before=write.before,
            pending=before.pending if before else "",
        )
    row.parts = ordered(parts)
    row.state, row.due_at, row.run_id, row.outcome = State.IN_DOUBT, 0.0, "", ""
    return row


async def drain_inbox(context: RouteContext, pipeline: Pipeline) -> None:
    """Pages that were stored but not settled: their records go the normal way now, and move the cursor."""
    run = context.run
    pages = iter(run.store.open_pages(context.config.id))
    while (page := await run.call(lambda: next(pages, None))) is not None:
        left, pulled = page.records[page.settled :], page.origin == "parent"
        items = [
            Item(raw, RawRef(page.id, page.settled + index), "resumed", force=pulled, pulled=pulled)
            for index, raw in enumerate(left)
        ]
        await pipeline.put_page(items, page.id, page.settled, page.cursor)
    await pipeline.drain()


async def take_up(context: RouteContext, pipeline: Pipeline) -> None:
    """Records that wait, are in doubt, not yet landed or were released: judged again from their stored raw form."""
    now = clock.now().timestamp()

    def due(after: str) -> list[RecordRow]:
        return context.run.store.due(context.config.id, now, after, BATCH)

    async for rows in _batches(context, due):
        await _put(context, pipeline, rows, "resumed")
    await pipeline.drain()


async def replay(context: RouteContext, pipeline: Pipeline, options: RunOptions) -> None:
    """Send set-aside records again, from the newest stored version, through the same steps."""

    def chosen(after: str) -> list[RecordRow]:
        return context.run.store.chosen(context.config.id, options, after, BATCH)

    async for rows in _batches(context, chosen):
        await _put(context, pipeline, rows, "replayed")
    await pipeline.drain()


async def _batches(context: RouteContext, page: Callable[[str], list[RecordRow]]) -> AsyncIterator[list[RecordRow]]:
    after = ""
    while rows := await context.run.call(page, after):
        yield rows
        after = rows[-1].key


async def _put(context: RouteContext, pipeline: Pipeline, rows: list[RecordRow], origin: str) -> None:
    run = context.run
    raws = await run.call(run.store.raw, context.config.id, [row.raw for row in rows])
    gone = [row.key for row, raw in zip(rows, raws, strict=True) if raw is None]
    fresh = {raw.key: raw for raw in await context.stream.fetch(gone)} if gone else {}
    stuck = await _waiting_in_vain(context, rows) if origin == "resumed" else set()
    items = []
    for row, raw in zip(rows, raws, strict=True):
        found = raw or fresh.get(row.key)
        if found is not None:
            item = Item(found, row.raw, origin, force=True, pulled=row.pulled, vanished=row.missing_sweeps >= 2)
            item.idle = row.key in stuck
            items.append(item)
    if items:
        await pipeline.put(items, None, 0, None)


async def _waiting_in_vain(context: RouteContext, rows: list[RecordRow]) -> set[str]:
    """Those whose parent has not moved since they were judged: the next look is worth nothing yet."""
    run, wanted = context.run, defaultdict(list)
    for row in rows:
        entity, _, key = row.waits_for.partition(":")
        if row.state is State.WAITING and key:
            wanted[Entity(entity)].append((row, key))
    stuck: set[str] = set()
    for entity, some in wanted.items():
        route = run.flow.route(entity)
        parents = await run.call(run.store.known, route.id, [key for _, key in some]) if route else {}
        for row, key in some:
            parent = parents.get(key)
            if parent is not None and not parent.target_id and parent.updated_at <= row.updated_at:
                stuck.add(row.key)
    return stuck
