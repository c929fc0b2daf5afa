"""Changes without a time stamp: keys and ETags of what may have changed are compared with those of the last run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ml_connector.errors import ContractError
from ml_connector.protocols.odata import Filter, Kind, Verbatim, ge
from ml_connector.systems.base import Page
from ml_connector.systems.ifs_cloud.assembly import Assembly, batches, sliced
from ml_connector.systems.ifs_cloud.cursors import SweepCursor, to_json
from ml_connector.systems.ifs_cloud.documents import Shape, version_of
from ml_connector.systems.ifs_cloud.full_load import is_watched
from ml_connector.systems.ifs_cloud.loading import Disordered, merged
from ml_connector.systems.ifs_cloud.sets import EntitySet, Row

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.streams import IfsStream

Versions = list[tuple[Row, str]]

_SELECT_REFUSED = frozenset({400, 501})
"""Some projections fail on $select (FACTS 11); whole rows are read instead."""


async def pages(stream: IfsStream, shape: Shape, cursor: SweepCursor) -> AsyncGenerator[Page, None]:
    """The documents that are new or whose version differs. Has no position: a pass that broke off begins again."""
    async with aclosing(_Sweep(stream, shape, cursor).pages()) as found:
        async for page in found:
            yield page


class _Sweep:
    def __init__(self, stream: IfsStream, shape: Shape, cursor: SweepCursor) -> None:
        self.stream = stream
        self.shape = shape
        self.cursor = cursor
        self.assembly = Assembly(stream, shape)
        self.known: dict[str, str] = {}
        self.since = ""

    async def pages(self) -> AsyncGenerator[Page, None]:
        now = await self.stream.system.server_now()
        self.since = self.stream.system.clock.today(now).isoformat() if now else self.cursor.since
        for head_set in self.shape.heads:
            async with aclosing(self._candidates(head_set)) as candidates:
                async for some in candidates:
                    self.assembly.companies.update(head.company for head, _ in some)
                    changed = [head.key for head, version in some if self._differs(head, version)]
                    self.known.update((head.text_key, version) for head, version in some)
                    for keys in sliced(changed):
                        yield Page(await self.assembly.by_keys(head_set, keys), {"again": True})
        await self.assembly.believe_empty(first_load=False)
        yield Page([], None, to_json(SweepCursor(self.since, self.known, list(self.stream.settings.companies))))

    def _differs(self, head: Row, version: str) -> bool:
        return not version or self.cursor.known.get(head.text_key) != version

    def _candidates(self, head_set: EntitySet) -> AsyncGenerator[Versions, None]:
        if head_set.created and self.cursor.since and self.since:
            return self._recent(head_set)
        return versions(self.stream, self.shape, head_set)

    async def _recent(self, head_set: EntitySet) -> AsyncGenerator[Versions, None]:
        """Documents that are new since the last run, or recent and not final, or were not final last time."""
        newest = (date.fromisoformat(self.cursor.since) - timedelta(days=1)).isoformat()
        oldest = (date.fromisoformat(self.since) - timedelta(days=self.stream.settings.sweep_days)).isoformat()
        condition = created_since(self.stream, head_set, min(newest, oldest))
        async for rows in _heads(self.stream, head_set, condition):
            watched = [
                row for row in rows if is_watched(head_set, row, oldest, newest) or row.text_key in self.cursor.known
            ]
            for heads in sliced(watched):
                yield await _with_versions(self.stream, self.assembly, head_set, heads)


def created_since(stream: IfsStream, head_set: EntitySet, day: str) -> Filter:
    """A date literal for a date, a time stamp for a time stamp: IFS refuses the wrong one (FACTS 51)."""
    kind = stream.system.known_kind(head_set, head_set.created) or head_set.collection.created_kind.value
    return ge(head_set.created, Verbatim(day if kind == Kind.DATE.value else f"{day}T00:00:00Z"))


async def versions(stream: IfsStream, shape: Shape, head_set: EntitySet) -> AsyncGenerator[Versions, None]:
    """(head, version) of every document: keys and ETags only, merged in key order where the order is ours."""
    for select in (True, False):
        try:
            async with aclosing(_versions(stream, shape, head_set, select=select)) as found:
                async for some in found:
                    yield some
            return
        except ContractError as error:
            if not select or error.fields.get("status") not in _SELECT_REFUSED:
                raise


async def _versions(
    stream: IfsStream, shape: Shape, head_set: EntitySet, *, select: bool
) -> AsyncGenerator[Versions, None]:
    reader, assembly = stream.system.reader, Assembly(stream, shape)
    try:
        async with aclosing(merged(reader, shape, head_set, (), _ignore, select=select)) as documents:
            async for batch in batches(documents, 1000):
                contexts = {head.company: await stream.context(head.company, head_set) for head, _ in batch}
                yield [(head, version_of(head, lines, contexts[head.company])) for head, lines in batch]
    except Disordered:
        async for page in reader.in_server_order(head_set, select=head_set.columns if select else None):
            ours = [row for row in page.rows if reader.is_ours(head_set, row)]
            for heads in sliced(ours):
                yield await _with_versions(stream, assembly, head_set, heads, select=select)


async def _heads(stream: IfsStream, head_set: EntitySet, condition: Filter) -> AsyncGenerator[list[Row], None]:
    """Keys and ETags of heads, or whole rows where the projection refuses $select."""
    reader = stream.system.reader
    for select in (head_set.columns, None):
        try:
            async for page in reader.scan(head_set, condition, head_set.key, select=select):
                yield [row for row in page.rows if reader.is_ours(head_set, row)]
            return
        except ContractError as error:
            if select is None or error.fields.get("status") not in _SELECT_REFUSED:
                raise


async def _with_versions(
    stream: IfsStream, assembly: Assembly, head_set: EntitySet, heads: Sequence[Row], *, select: bool = True
) -> Versions:
    keys = [head.key for head in heads]
    try:
        lines = await assembly.lines_of(keys, select=select)
    except ContractError as error:
        if not select or error.fields.get("status") not in _SELECT_REFUSED:
            raise
        lines = await assembly.lines_of(keys)
    contexts = {head.company: await stream.context(head.company, head_set) for head in heads}
    return [(head, version_of(head, lines.get(head.key, []), contexts[head.company])) for head in heads]


def _ignore(*_: object) -> None:
    pass
