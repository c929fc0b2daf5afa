"""Now and then all keys and versions are compared: finds what moved no time stamp, came late, or was deleted."""

from __future__ import annotations

from ml_connector import clock
from ml_connector.records import State
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.pipeline import BATCH, Pipeline
from ml_connector.sync.receive import keep
from ml_connector.sync.store import Event, RecordRow, RouteState, Settlement

DAY_S = 86_400.0
CHUNK = 5_000
GONE_AFTER = 2
"""So many complete sweeps must have missed a record before it is believed to be deleted."""


def is_due(context: RouteContext, state: RouteState) -> bool:
    """Whether the route's sweep is due; a route that was just loaded for the first time has been swept thereby."""
    days = context.config.sweep_every_days
    return days > 0 and (state.swept_at is None or clock.now().timestamp() - state.swept_at > days * DAY_S)


async def sweep(context: RouteContext, pipeline: Pipeline) -> None:
    """Read what differs, count what is missing, and take back on the target what two sweeps have missed."""
    run, route = context.run, context.config.id
    source: dict[str, str] = {}
    async for pairs in context.stream.sweep():
        source |= pairs
    missing: list[str] = []
    back: list[str] = []
    after = ""
    while known := await run.call(run.store.versions, route, after, CHUNK):
        for key, version, _, missed in known:
            found = source.pop(key, None)
            if found is not None and missed:
                back.append(key)
            if found is None:
                missing.append(key)
            elif found != version:
                source[f"\0{key}"] = key  # changed: kept under a name that no key has
        after = known[-1][0]
    await _read(context, pipeline, [key.removeprefix("\0") for key in source])
    await _count_missing(context, pipeline, missing)
    await _welcome_back(context, back)
    await run.call(run.store.set_route, run.lease, run.run, route, swept_at=clock.now().timestamp())


async def _read(context: RouteContext, pipeline: Pipeline, keys: list[str]) -> None:
    for at in range(0, len(keys), BATCH):
        records = await context.stream.fetch(keys[at : at + BATCH])
        if records:
            await keep(context, pipeline, records, origin="sweep")
    await pipeline.drain()


async def _count_missing(context: RouteContext, pipeline: Pipeline, keys: list[str]) -> None:
    """Empty is not none: a key is asked for by itself before it counts as missing."""
    run = context.run
    for at in range(0, len(keys), BATCH):
        chunk = keys[at : at + BATCH]
        there = {raw.key for raw in await context.stream.fetch(chunk)}
        known = await run.call(run.store.known, context.config.id, [key for key in chunk if key not in there])
        await _mark(context, list(known.values()))
        gone = [row for row in known.values() if row.missing_sweeps == GONE_AFTER and row.parts]
        raws = await run.call(run.store.raw, context.config.id, [row.raw for row in gone])
        items = [
            Item(raw, row.raw, "from_source", force=True, pulled=row.pulled, vanished=True)
            for row, raw in zip(gone, raws, strict=True)
            if raw is not None
        ]
        if items:
            await pipeline.put(items, None, 0, None)
    await pipeline.drain()


async def _mark(context: RouteContext, rows: list[RecordRow]) -> None:
    run = context.run
    for row in rows:
        row.missing_sweeps = min(row.missing_sweeps + 1, GONE_AFTER + 1)
    events = [
        Event("missing_at_source", context.config.id, row.key, {"sweeps": row.missing_sweeps})
        for row in rows
        if row.missing_sweeps <= GONE_AFTER and row.state is not State.EXCLUDED
    ]
    if rows:
        settlement = Settlement(route_id=context.config.id, rows=rows, events=events)
        await run.call(run.store.settle, run.lease, run.run, settlement)


async def _welcome_back(context: RouteContext, keys: list[str]) -> None:
    """What an earlier sweep missed is there again; only sweeps in a row count."""
    run = context.run
    rows = list((await run.call(run.store.known, context.config.id, keys)).values()) if keys else []
    for row in rows:
        row.missing_sweeps = 0
    if rows:
        await run.call(
            run.store.settle, run.lease, run.run, Settlement(route_id=context.config.id, rows=rows, events=[])
        )
