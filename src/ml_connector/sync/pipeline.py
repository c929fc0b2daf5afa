"""Batches on their way through steps 4 to 11: prepared one after another, sent side by side, settled in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from ml_connector.errors import MLConnectorError
from ml_connector.sync.adopt import adopt
from ml_connector.sync.compare import compare_values, compare_versions, suspect_duplicates
from ml_connector.sync.context import RouteContext
from ml_connector.sync.deliver import Delivery, deliver, intend
from ml_connector.sync.doubt import settle_doubts
from ml_connector.sync.item import Item
from ml_connector.sync.match import match
from ml_connector.sync.normalize import normalize
from ml_connector.sync.resolve import resolve
from ml_connector.sync.settle import settle
from ml_connector.sync.shape import plan, shape
from ml_connector.sync.validate import validate
from ml_connector.systems.base import Json

BATCH = 200
"""Documents a batch: few enough that one transaction and one answer settle it."""
UNDER_WAY = 6
"""Batches that may be at the target at a time; the connection bounds the requests."""


class Pipeline:
    """The batches of one route. `put` returns as soon as a batch is on its way; `drain` settles all."""

    def __init__(self, context: RouteContext) -> None:
        self.context = context
        self._under_way: deque[asyncio.Task[Delivery]] = deque()
        self._keys: deque[set[str]] = deque()

    async def put_page(
        self, items: Sequence[Item], page_id: int | None = None, start: int = 0, cursor: Json | None = None
    ) -> None:
        """Send a page's items in batches; the last one settles the page and, where given, moves the cursor."""
        if not items:
            await self.put([], page_id, start, cursor)
        for at in range(0, len(items), BATCH):
            batch = list(items[at : at + BATCH])
            last = at + BATCH >= len(items)
            await self.put(batch, page_id, start + at + len(batch), cursor if last else None)

    async def put(self, items: list[Item], page_id: int | None, page_settled: int, cursor: Json | None) -> None:
        """Prepare a batch and set it on its way, waiting for older ones where their records or number demand it."""
        keys = {item.key for item in items}
        if any(keys & others for others in self._keys):
            await self.drain()
        self.context.run.check_lease()
        kept = await self._prepare(items)
        pages = {item.ref.page for item in kept} - {page_id} if page_id is not None else set()
        delivery = Delivery(kept, page_id, page_settled, cursor, closes_pages=tuple(sorted(pages)))
        await intend(self.context, delivery)
        self._under_way.append(asyncio.create_task(deliver(self.context, delivery)))
        self._keys.append(keys)
        while len(self._under_way) > UNDER_WAY or (self._under_way and self._under_way[0].done()):
            await self._settle_oldest()

    async def drain(self) -> None:
        """Settle everything that is under way; raises what stopped a batch after all are settled."""
        stopped: MLConnectorError | None = None
        while self._under_way:
            try:
                await self._settle_oldest()
            except MLConnectorError as error:
                stopped = stopped or error
        if stopped is not None:
            raise stopped

    async def _settle_oldest(self) -> None:
        delivery = await self._under_way.popleft()
        self._keys.popleft()
        await settle(self.context, delivery)
        if delivery.stopped is not None:
            raise delivery.stopped

    async def _prepare(self, items: list[Item]) -> list[Item]:
        """Steps 4 to 8; the life of one record, in order."""
        context = self.context
        items = await compare_versions(context, items)
        normalize(context, items)
        await _let_others_on()
        compare_values(context, items)
        await validate(context, items)
        await suspect_duplicates(context, items)
        if any(item.verdict is None for item in items):
            await context.run.prepared_target(context.entity)
        await resolve(context, items)
        await _let_others_on()
        shape(context, items)
        await _let_others_on()
        if context.target.reconciles:
            await match(context, items)
            return items
        await settle_doubts(context, items)
        await adopt(context, items)
        plan(context, items)
        return items


async def _let_others_on() -> None:
    """Preparing a batch takes some milliseconds: answers that came meanwhile make room for the next requests first."""
    await asyncio.sleep(0)
