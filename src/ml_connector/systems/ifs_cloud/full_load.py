"""The window that reads everything: first loads and `--full`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ml_connector.systems.base import Json, Page
from ml_connector.systems.ifs_cloud.assembly import Assembly, batches, sliced
from ml_connector.systems.ifs_cloud.cursors import FieldCursor, Progress, SweepCursor, to_json
from ml_connector.systems.ifs_cloud.documents import Shape, version_of
from ml_connector.systems.ifs_cloud.loading import Disordered, merged
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.streams import IfsStream


async def pages(stream: IfsStream, shape: Shape, bounds: Json, position: Json | None) -> AsyncGenerator[Page, None]:
    """Merged in key order; should the order prove not to be ours, once more with the lines fetched by key."""
    place = position or {"set": 0, "behind": [], "companies": []}
    if not place.get("by_key"):
        try:
            async with aclosing(_FullLoad(stream, shape, bounds, place).merged()) as found:
                async for page in found:
                    yield page
            return
        except Disordered:
            place = {"set": 0, "by_key": True, "companies": []}
    async with aclosing(_FullLoad(stream, shape, bounds, place).by_key()) as found:
        async for page in found:
            yield page


class _FullLoad:
    """One pass over a whole stream."""

    def __init__(self, stream: IfsStream, shape: Shape, bounds: Json, place: Json) -> None:
        self.stream = stream
        self.shape = shape
        self.bounds = bounds
        self.place = place
        self.reader = stream.system.reader
        self.assembly = Assembly(stream, shape)
        self.assembly.companies.update(place["companies"])
        self.known = _Known(stream, bounds) if bounds["strategy"] == "sweep" else None
        overlap = stream.settings.overlap
        self.progress = {
            each.name: Progress(stream.system.clock, overlap, bounds["stamps"].get(each.name, ""), fixed=True)
            for each in (shape.sets if self.known is None else ())
        }

    def note(self, entity_set: EntitySet, rows: Sequence[Row], server_date: datetime | None) -> None:
        if self.known is None:
            self.progress[entity_set.name].note(rows, server_date)

    async def merged(self) -> AsyncGenerator[Page, None]:
        """Heads and lines side by side."""
        behind: KeyValues = tuple(self.place["behind"])
        for index, head_set in list(enumerate(self.shape.heads))[self.place["set"] :]:
            async with aclosing(merged(self.reader, self.shape, head_set, behind, self.note)) as documents:
                async for batch in batches(documents):
                    yield await self._page(index, head_set, batch, {"behind": list(batch[-1][0].key)})
            behind = ()
        yield await self._last_page()

    async def by_key(self) -> AsyncGenerator[Page, None]:
        """Heads as the server orders them, lines by `or` chains of keys."""
        self.assembly.on_lines = self.note
        for index, head_set in list(enumerate(self.shape.heads))[self.place["set"] :]:
            async for page in self.reader.in_server_order(head_set):
                self.note(head_set, page.rows, page.server_date)
                for heads in sliced([row for row in page.rows if self.reader.is_ours(head_set, row)]):
                    lines = await self.assembly.lines_of([head.key for head in heads])
                    documents = [(head, lines.get(head.key, [])) for head in heads]
                    yield await self._page(index, head_set, documents, {"by_key": True})
        yield await self._last_page()

    async def _page(
        self, index: int, head_set: EntitySet, documents: Sequence[tuple[Row, list[Row]]], place: Json
    ) -> Page:
        records = await self.assembly.records(head_set, documents)
        if self.known is not None:
            for head, lines in documents:
                context = await self.stream.context(head.company, head_set)
                self.known.note(head_set, head, version_of(head, lines, context))
        return Page(records, {"set": index, "companies": sorted(self.assembly.companies), **place})

    async def _last_page(self) -> Page:
        await self.assembly.believe_empty(first_load=True)
        return Page([], None, to_json(self._cursor()))

    def _cursor(self) -> FieldCursor | SweepCursor:
        settings = self.stream.settings
        if self.known is not None:
            return SweepCursor(self.bounds["since"], self.known.versions, list(settings.companies))
        now = self.stream.system.server_date
        sets = {
            each.name: self.progress[each.name].watermark(self.reader.largest(each), now) for each in self.shape.sets
        }
        return FieldCursor(sets, list(settings.companies), settings.change_field)


class _Known:
    """Versions of the documents that may still change; paid and closed ones need not be compared."""

    def __init__(self, stream: IfsStream, bounds: Json) -> None:
        self.versions: dict[str, str] = {}
        since = date.fromisoformat(bounds["since"]) if bounds["since"] else None
        self._oldest = (since - timedelta(days=stream.settings.sweep_days)).isoformat() if since else ""
        self._newest = (since - timedelta(days=1)).isoformat() if since else ""

    def note(self, head_set: EntitySet, head: Row, version: str) -> None:
        if not head_set.created or is_watched(head_set, head, self._oldest, self._newest):
            self.versions[head.text_key] = version


def is_watched(head_set: EntitySet, head: Row, oldest: str, newest: str) -> bool:
    """Whether a sweep compares this document: it is recent and not final, or so new that it may not be read yet."""
    day = head.created[:10]
    return day >= newest or (day >= oldest and head.state not in head_set.collection.final_states)
