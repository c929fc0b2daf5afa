"""Steps 1 to 3: what to read now, the pages of it, and their storage before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.pipeline import Pipeline
from ml_connector.sync.store import Event, RawRef, RouteState
from ml_connector.systems.base import Json, Page, RawRecord, Window


async def receive(
    context: RouteContext, pipeline: Pipeline, state: RouteState, *, full: bool, limit: int | None
) -> bool:
    """Read the window that is open, or a new one, page by page. False: `limit` ended it early."""
    run = context.run
    window, position = await _window(context, state, full)
    run.progress.route_started(context.entity, window.first_load)
    if window.remark:
        await run.call(
            run.store.note, run.lease, run.run, [Event("remark", context.config.id, data={"text": window.remark})]
        )
    left = limit
    async for page in context.stream.extract(window, position):
        run.check_lease()
        if left is not None and len(page.records) > left:
            await _keep_page(context, pipeline, Page(page.records[:left], None), None, full)
            await pipeline.drain()
            return False
        left = left - len(page.records) if left is not None else None
        mark = _mark(window, page) if limit is None and not full else None
        await _keep_page(context, pipeline, page, mark, full)
    await pipeline.drain()
    return True


async def _window(context: RouteContext, state: RouteState, full: bool) -> tuple[Window, Json | None]:
    mark = state.read_mark
    if mark is not None and not full:
        return Window(mark["window"], mark["first_load"]), mark["position"]
    return await context.stream.window(None if full else state.cursor), None


def _mark(window: Window, page: Page) -> Json | None:
    if page.position is None:
        return None
    return {"window": window.bounds, "first_load": window.first_load, "position": page.position}


async def _keep_page(context: RouteContext, pipeline: Pipeline, page: Page, mark: Json | None, full: bool) -> None:
    if page.records:
        await keep(context, pipeline, page.records, mark=mark, cursor=page.cursor, force=full)
    elif page.cursor is not None:
        await pipeline.drain()
        await pipeline.put([], None, 0, page.cursor)
        await _clear_mark(context)


async def _clear_mark(context: RouteContext) -> None:
    """An empty last page is not stored; the window ends all the same."""
    run = context.run
    state = await run.call(run.store.route_state, context.config.id)
    if state.read_mark is not None:
        await run.call(run.store.keep_page, run.lease, run.run, context.config.id, [], read_mark=None, cursor=None)


async def keep(
    context: RouteContext,
    pipeline: Pipeline,
    records: Sequence[RawRecord],
    *,
    mark: Json | None = None,
    cursor: Json | None = None,
    force: bool = False,
    origin: str = "from_source",
) -> None:
    """Store a page and send its records on their way."""
    run = context.run
    run.progress.page_read(context.entity, len(records))
    page_id = await run.call(
        run.store.keep_page,
        run.lease,
        run.run,
        context.config.id,
        records,
        read_mark=mark,
        cursor=cursor,
        origin=origin,
    )
    items = [
        Item(raw, RawRef(page_id, index), "from_source", force=force or origin == "parent", pulled=origin == "parent")
        for index, raw in enumerate(records)
    ]
    await pipeline.put_page(items, page_id, 0, cursor)
