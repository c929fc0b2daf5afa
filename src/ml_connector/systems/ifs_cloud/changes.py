"""Changes by time stamp: what moved in a head set or a line set since the watermark, less what was handled already."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ml_connector.errors import ContractError
from ml_connector.protocols.odata import Filter, Verbatim, ge, gt
from ml_connector.systems.base import Json, Page
from ml_connector.systems.ifs_cloud.assembly import Assembly, sliced
from ml_connector.systems.ifs_cloud.cursors import FieldCursor, Progress, Watermark, lower_bound, to_json
from ml_connector.systems.ifs_cloud.documents import Shape
from ml_connector.systems.ifs_cloud.reading import RowPage
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.streams import IfsStream


class ChangeFieldGoneError(Exception):
    """The property by which changes are found is no longer in the metadata."""


async def pages(
    stream: IfsStream, shape: Shape, cursor: FieldCursor, position: Json | None
) -> AsyncGenerator[Page, None]:
    """Changed heads with their lines, then documents of which only a line changed."""
    place = position or {"set": 0, "behind": [], "stamps": {}}
    async with aclosing(_Changes(stream, shape, cursor, place).pages()) as found:
        async for page in found:
            yield page


class _Changes:
    """One pass over the changes of a stream."""

    def __init__(self, stream: IfsStream, shape: Shape, cursor: FieldCursor, place: Json) -> None:
        self.stream = stream
        self.shape = shape
        self.cursor = cursor
        self.place = place
        self.reader = stream.system.reader
        self.assembly = Assembly(stream, shape)
        self.marks = {each.name: cursor.sets.get(each.name, Watermark()) for each in shape.sets}
        clock, overlap = stream.system.clock, stream.settings.overlap
        self.progress = {
            name: Progress(clock, overlap, place["stamps"].get(name, mark.stamp)) for name, mark in self.marks.items()
        }
        for each in shape.sets:
            self.reader.expect_pages_of(each, self.marks[each.name].page)

    async def pages(self) -> AsyncGenerator[Page, None]:
        pending = await self._documents_with_changed_lines()
        for index, head_set in list(enumerate(self.shape.heads))[self.place["set"] :]:
            behind = self.place["behind"] if index == self.place["set"] else []
            async with aclosing(self._scan(head_set, behind)) as row_pages:
                async for rows in row_pages:
                    for heads in sliced(rows):
                        for head in heads:
                            pending.pop(head.key, None)
                        records = await self.assembly.with_lines(head_set, heads)
                        yield Page(records, self._position(index, heads[-1]))
        for keys in sliced(list(pending)):
            records = await self.assembly.by_keys(self.shape.heads[0], keys)
            yield Page(records, self._position(len(self.shape.heads)))
        await self.assembly.believe_empty(first_load=False)
        yield Page([], None, to_json(self._cursor()))

    async def _documents_with_changed_lines(self) -> dict[KeyValues, None]:
        """Keys of the documents of which a line moved. Read before the heads, so that those need no second look."""
        pending: dict[KeyValues, None] = {}
        for line_set in self.shape.lines:
            async with aclosing(self._scan(line_set, [])) as row_pages:
                async for rows in row_pages:
                    pending.update((self.shape.parent(row), None) for row in rows)
        return pending

    async def _scan(self, entity_set: EntitySet, behind: Sequence[str]) -> AsyncGenerator[list[Row], None]:
        """The rows of a set that moved and were not handled before, page by page."""
        order = (entity_set.change, *entity_set.key)
        values: list[Any] = [Verbatim(behind[0]), *behind[1:]] if behind else []
        condition = self._condition(entity_set)
        row_pages = self.reader.scan(entity_set, condition, order, values)
        try:
            async with aclosing(row_pages):
                async for page in row_pages:
                    yield self._fresh(entity_set, page)
        except ContractError as error:
            if error.fields.get("status") == 400 and await self._change_field_is_gone(entity_set):
                raise ChangeFieldGoneError(entity_set.name) from error
            raise

    def _condition(self, entity_set: EntitySet) -> Filter | None:
        mark = self.marks[entity_set.name]
        if not mark.stamp:
            return None
        if mark.closed:
            return gt(entity_set.change.name, Verbatim(mark.stamp))
        floor = lower_bound(mark.stamp, self.stream.settings.overlap)
        return ge(entity_set.change.name, Verbatim(floor))

    def _fresh(self, entity_set: EntitySet, page: RowPage) -> list[Row]:
        self.progress[entity_set.name].note(page.rows, page.server_date)
        seen = self.marks[entity_set.name].seen
        ours = (row for row in page.rows if self.reader.is_ours(entity_set, row))
        return [row for row in ours if seen.get(row.text_key) != row.digest()]

    async def _change_field_is_gone(self, entity_set: EntitySet) -> bool:
        if self.stream.settings.change_strategy != "auto":
            return False
        return entity_set.change.name not in await self.stream.system.properties(entity_set)

    def _position(self, index: int, last: Row | None = None) -> Json:
        """Where reading goes on; heads that were read keep their watermark, lines are looked through again."""
        heads = [each.name for each in self.shape.heads]
        stamps = {name: self.progress[name].stamp for name in heads}
        behind = [last.stamp, *last.key] if last is not None else []
        return {"set": index, "behind": behind, "stamps": stamps}

    def _cursor(self) -> FieldCursor:
        now = self.stream.system.server_date
        sets: dict[str, Watermark] = {}
        for each in self.shape.sets:
            mark = self.marks[each.name]
            new = self.progress[each.name].watermark(self.reader.largest(each), now)
            sets[each.name] = new if new.stamp != mark.stamp or not mark.closed else _still_closed(mark, new)
        return FieldCursor(sets, list(self.stream.settings.companies), self.stream.settings.change_field)


def _still_closed(mark: Watermark, new: Watermark) -> Watermark:
    """Nothing new came: what was too much to remember stays closed; rows from the future are still remembered."""
    return Watermark(mark.stamp, new.seen, new.page, True)
