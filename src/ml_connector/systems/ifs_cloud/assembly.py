"""From rows to raw records: fetches what is missing of a document, and watches that no company stays silently empty."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.protocols.together import together
from ml_connector.systems.base import RawRecord
from ml_connector.systems.ifs_cloud.documents import Lines, Shape, grouped, raw_record
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.streams import IfsStream

T = TypeVar("T")

PAGE_RECORDS = 1000


class _Coding(msgspec.Struct):
    account: str | UnsetType | None = msgspec.field(name="CodeA", default=UNSET)
    id: int | str | None = msgspec.field(name="PreAccountingId", default=None)


_CODING = msgspec.json.Decoder(_Coding)


class Assembly:
    """Makes the raw records of one stream."""

    def __init__(self, stream: IfsStream, shape: Shape) -> None:
        self.stream = stream
        self.shape = shape
        self.reader = stream.system.reader
        self.companies: set[str] = set()
        """Companies of which a document was seen."""
        self.on_lines: Callable[[EntitySet, Sequence[Row], None], None] | None = None
        """Is told of the lines that were fetched by key."""

    async def records(self, head_set: EntitySet, documents: Sequence[tuple[Row, list[Row]]]) -> list[RawRecord]:
        """The records of heads whose lines are known."""
        self.companies.update(head.company for head, _ in documents)
        contexts = {
            company: await self.stream.context(company, head_set) for company in {head.company for head, _ in documents}
        }
        coding = await self._coding([line for _, lines in documents for line in lines])
        return [
            raw_record(
                self.shape,
                head,
                lines,
                contexts[head.company],
                [coding[line.key] for line in lines if line.key in coding] if coding else (),
            )
            for head, lines in documents
        ]

    async def with_lines(self, head_set: EntitySet, heads: Sequence[Row]) -> list[RawRecord]:
        """The records of heads whose lines have to be fetched."""
        lines = await self.lines_of([head.key for head in heads])
        return await self.records(head_set, [(head, lines.get(head.key, [])) for head in heads])

    async def lines_of(self, keys: Sequence[KeyValues], *, select: bool = False) -> Lines:
        """All lines of these documents."""
        if not keys:
            return {}
        found = await together(
            [self.reader.by_keys(each, keys, each.columns if select else None) for each in self.shape.lines]
        )
        if self.on_lines is not None:
            for each, rows in zip(self.shape.lines, found, strict=True):
                self.on_lines(each, rows, None)
        return grouped(self.shape, (row for rows in found for row in rows))

    async def by_keys(self, head_set: EntitySet, keys: Sequence[KeyValues]) -> list[RawRecord]:
        """The records with these keys; those that are not there, or not of our companies, are absent."""
        if not keys:
            return []
        return await self.with_lines(head_set, await self.reader.by_keys(head_set, keys))

    async def _coding(self, lines: Sequence[Row]) -> dict[KeyValues, msgspec.Raw]:
        """By order line its row of the pre-accounting, for lines that do not carry their coding (FACTS 23)."""
        source = self.stream.settings.po_coding_source
        if source == "lines" or self.shape.heads[0].collection.name != "purchase_orders":
            return {}
        ids: dict[KeyValues, int] = {}
        for line in lines:
            coding = _CODING.decode(line.raw)
            if coding.id is not None and (source == "pre_accounting" or coding.account is UNSET):
                ids[line.key] = int(coding.id)
        if not ids:
            return {}
        entity_set = self.stream.system.entity_set("pre_accounting")
        rows = await self.reader.by_keys(entity_set, [(each,) for each in sorted(set(ids.values()))])
        by_id = {row.key[0]: row.raw for row in rows}
        return {key: by_id[each] for key, each in ids.items() if each in by_id}

    async def believe_empty(self, *, first_load: bool) -> None:
        """An empty answer can mean that the service user is not allowed to see a company (FACTS 5).

        Raises PermissionMissingError naming every company that gave nothing and is not visible.
        """
        if not self.shape.heads[0].company:
            return
        silent = [each for each in self.stream.settings.companies if each not in self.companies]
        if not silent:
            return
        try:
            visible = await self.stream.system.visible_companies()
        except (PermissionMissingError, ModuleMissingError):
            if first_load:
                raise
            return
        hidden = [each for each in silent if each not in visible]
        if hidden:
            raise hidden_companies(hidden)


def hidden_companies(companies: Sequence[str]) -> PermissionMissingError:
    """The service user does not see these."""
    names = ", ".join(companies)
    return PermissionMissingError(
        f"The service user may not see company {names}: IFS answers with nothing instead of an error.",
        fix=f"Add company {names} to the allowed companies of the service user (page Users per Company), "
        "or take it out of `companies`.",
        who="IFS administrator",
        company=names,
    )


async def batches(items: AsyncIterator[T], size: int = PAGE_RECORDS) -> AsyncGenerator[list[T], None]:
    """The items in lists of at most `size`."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def sliced(items: Sequence[T], size: int = PAGE_RECORDS) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
