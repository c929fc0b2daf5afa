"""A first load: heads and lines each in key order, merged as they stream; memory holds a few pages, however many rows.

The merge trusts the order only as far as it sees it: the keys must rise as Python compares them. Where a server sorts
by another collation, `Disordered` ends the merge, and the window is read again with the lines fetched by key.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from ml_connector.protocols.odata import after
from ml_connector.systems.ifs_cloud.documents import Shape
from ml_connector.systems.ifs_cloud.reading import Ahead, Reader, RowPage
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row

Note = Callable[[EntitySet, Sequence[Row], "datetime | None"], None]
"""Is told of every row that was read."""

Document = tuple[Row, list[Row]]


class Disordered(Exception):  # noqa: N818 - it is caught in this package, an event rather than an error
    """The server's order is not ours."""


class _Ordered:
    """The rows of a set in rising key order; a row that came again at a page's edge is dropped."""

    def __init__(self, entity_set: EntitySet, pages: Ahead[RowPage], note: Note) -> None:
        self._entity_set = entity_set
        self._pages = pages
        self._note = note
        self._rows: list[Row] = []
        self._index = 0
        self._last: KeyValues | None = None

    async def peek(self) -> Row | None:
        """The next row; None at the end."""
        while self._index >= len(self._rows):
            page = await self._pages.next()
            if page is None:
                return None
            self._note(self._entity_set, page.rows, page.server_date)
            self._rows, self._index = self._rising(page.rows), 0
        return self._rows[self._index]

    def advance(self) -> None:
        self._index += 1

    def _rising(self, rows: list[Row]) -> list[Row]:
        kept = []
        for row in rows:
            if self._last is not None and row.key <= self._last:
                if row.key == self._last:
                    continue
                raise Disordered(f"{self._entity_set.entity_set}: {row.text_key} came after {self._last}")
            self._last = row.key
            kept.append(row)
        return kept


async def merged(
    reader: Reader, shape: Shape, head_set: EntitySet, behind: KeyValues, note: Note, *, select: bool = False
) -> AsyncGenerator[Document, None]:
    """Every document of a head set behind the key `behind` (empty: all). Raises Disordered.

    With `select` the rows hold keys and ETags only.
    """
    async with AsyncExitStack() as stack:
        heads = _Ordered(head_set, await _ahead(stack, reader, head_set, behind, select), note)
        lines = [_Ordered(each, await _ahead(stack, reader, each, behind, select), note) for each in shape.lines]
        while (head := await heads.peek()) is not None:
            heads.advance()
            found: list[Row] = []
            for each in lines:
                found += await _lines_of(shape, head.key, each)
            if reader.is_ours(head_set, head):
                yield head, found
        for each in lines:
            await _to_the_end(each)


async def _ahead(
    stack: AsyncExitStack, reader: Reader, entity_set: EntitySet, behind: KeyValues, select: bool
) -> Ahead[RowPage]:
    """Pages in key order. Lines are ordered by their head's key first: a head's key is a position there, too."""
    names = [each.name for each in entity_set.key]
    condition = after(list(zip(names, behind, strict=False))) if behind else None
    columns = entity_set.columns if select else None
    return await stack.enter_async_context(Ahead(reader.scan(entity_set, condition, entity_set.key, select=columns)))


async def _lines_of(shape: Shape, key: KeyValues, lines: _Ordered) -> list[Row]:
    """The lines of one head; those of heads that are not ours are passed over."""
    found = []
    while (line := await lines.peek()) is not None:
        parent = shape.parent(line)
        if parent > key:
            break
        if parent == key:
            found.append(line)
        lines.advance()
    return found


async def _to_the_end(lines: _Ordered) -> None:
    """What is left belongs to no head of ours; its order is checked all the same, for it may prove us wrong."""
    while await lines.peek() is not None:
        lines.advance()
