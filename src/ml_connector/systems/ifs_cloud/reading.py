"""Reads rows of sets: in order behind a position, by key, the newest; each page one request, prefetched one ahead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from ml_connector.protocols.http import Request
from ml_connector.protocols.odata import (
    MOST_TERMS,
    Filter,
    ODataClient,
    Verbatim,
    after,
    all_of,
    any_of,
    chunked,
    eq,
    le,
    one_of,
)
from ml_connector.protocols.odata import Field as OrderField
from ml_connector.protocols.rest import encode_parameters
from ml_connector.protocols.session import Session
from ml_connector.protocols.together import together
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row, ServerClock, write_stamp

T = TypeVar("T")

SURELY_SHORT = 20
"""Rows up to which a page without a link is believed to be the last, where a larger page was seen before."""
MOST_COMPANIES = MOST_TERMS // 2
"""More companies are picked out here instead of by the server: its filters are limited to 40 terms (FACTS 8)."""


class _Values(msgspec.Struct):
    value: list[msgspec.Raw]


_VALUES = msgspec.json.Decoder(_Values)


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows of a set, in order, and the server's clock when it gave them."""

    rows: list[Row]
    server_date: datetime | None


@dataclass
class Reader:
    """Reads the sets of one connection."""

    session: Session = field(repr=False)
    base_url: str
    companies: Sequence[str]
    page_size: int
    clock: ServerClock
    _clients: dict[str, ODataClient] = field(default_factory=dict, repr=False)
    _largest: dict[str, int] = field(default_factory=dict)

    def client(self, root: str) -> ODataClient:
        """The client of one service."""
        if root not in self._clients:
            self._clients[root] = ODataClient(self.session, f"{self.base_url}{root}", page_size=self.page_size)
        return self._clients[root]

    def largest(self, entity_set: EntitySet) -> int:
        """Rows of the largest page seen: the server's limit is not below it."""
        return self._largest.get(entity_set.name, 0)

    def expect_pages_of(self, entity_set: EntitySet, rows: int) -> None:
        """An earlier run has seen so large a page."""
        self._largest[entity_set.name] = max(rows, self.largest(entity_set))

    def own_companies(self, entity_set: EntitySet) -> Filter | None:
        """Restricts a set to the configured companies; None where it does not name them, or there are too many."""
        companies = entity_set.companies or self.companies
        if not entity_set.company or len(companies) > MOST_COMPANIES:
            return None
        return any_of(entity_set.company, companies)

    def is_ours(self, entity_set: EntitySet, row: Row) -> bool:
        return not entity_set.company or row.company in (entity_set.companies or self.companies)

    async def scan(
        self,
        entity_set: EntitySet,
        condition: Filter | None,
        order: Sequence[OrderField],
        behind: Sequence[Any] = (),
        select: Sequence[str] | None = None,
    ) -> AsyncGenerator[RowPage, None]:
        """Every row, each page asked for behind the last row of the page before.

        A link counts rows over live data: one that moves away hides another (FACTS 50). A position by value does not.
        """
        position = list(behind)
        base = [term for term in (self.own_companies(entity_set), condition) if term is not None]
        names = [each.name for each in order]
        while True:
            terms = [*base, after(list(zip(names, position, strict=True)))] if position else base
            page, more = await self._first_page(entity_set, _joined(terms), order, select)
            reached = _position(entity_set, page.rows[-1], order) if more else position
            if more and reached == position:
                break  # stamps are finer than they are shown: a position by value gets nowhere
            if page.rows:
                yield page
            if not more:
                return
            position = reached
        async for page in self._linked(entity_set, _joined(base), order, select):
            yield page

    async def _linked(
        self,
        entity_set: EntitySet,
        condition: Filter | None,
        order: Sequence[OrderField] = (),
        select: Sequence[str] | None = None,
    ) -> AsyncGenerator[RowPage, None]:
        client = self.client(entity_set.root)
        pages = client.pages(
            entity_set.entity_set, condition, order, entity_set.key, select=select, label=_label(entity_set)
        )
        async for page in pages:
            yield RowPage(self.clock.rows(entity_set, page.rows, page.server_date), page.server_date)

    async def _first_page(
        self,
        entity_set: EntitySet,
        condition: Filter | None,
        order: Sequence[OrderField],
        select: Sequence[str] | None,
    ) -> tuple[RowPage, bool]:
        """One page, and whether there may be more behind it."""
        pages = self.client(entity_set.root).pages(
            entity_set.entity_set,
            condition,
            order,
            entity_set.key,
            select=select,
            confirm_end=False,
            label=_label(entity_set),
        )
        async with contextlib.aclosing(pages):  # type: ignore[type-var]
            async for page in pages:
                if not page.rows and page.next is not None:
                    continue
                rows = self.clock.rows(entity_set, page.rows, page.server_date)
                count, largest = len(rows), self.largest(entity_set)
                self.expect_pages_of(entity_set, count)
                more = page.next is not None or (count > 0 and (count >= largest or count > SURELY_SHORT))
                return RowPage(rows, page.server_date), more
        return RowPage([], None), False

    async def in_server_order(
        self, entity_set: EntitySet, condition: Filter | None = None, select: Sequence[str] | None = None
    ) -> AsyncGenerator[RowPage, None]:
        """Every row, following the server's links; where its order is not ours."""
        terms = [term for term in (self.own_companies(entity_set), condition) if term is not None]
        async with contextlib.aclosing(self._linked(entity_set, _joined(terms), (), select)) as pages:
            async for page in pages:
                yield page

    async def by_keys(
        self, entity_set: EntitySet, keys: Iterable[KeyValues], select: Sequence[str] | None = None
    ) -> list[Row]:
        """The rows whose key begins with one of `keys`, by `or` chains."""
        chains = key_chains(entity_set, list(keys))
        if not chains:
            return []
        found = [await self._chain(entity_set, chains[0], select)]  # alone: it learns for all how pages end here
        found += await together([self._chain(entity_set, each, select) for each in chains[1:]])
        return [row for rows in found for row in rows if self.is_ours(entity_set, row)]

    async def _chain(self, entity_set: EntitySet, chain: KeyChain, select: Sequence[str] | None) -> list[Row]:
        def behind(raws: list[msgspec.Raw]) -> Filter:
            keys = [entity_set.decode(raw)[0][: len(chain.scope) + 1] for raw in raws]
            chain.drop(key[-1] for key in keys if key != keys[-1])
            return chain.filter

        pages = self.client(entity_set.root).pages(
            entity_set.entity_set,
            chain.filter,
            key=entity_set.key[len(chain.scope) :],
            select=select,
            behind=behind,
            label=_label(entity_set),
        )
        return [row async for page in pages for row in self.clock.rows(entity_set, page.rows, page.server_date)]

    async def one_row(self, entity_set: EntitySet, select: str | None = None) -> RowPage:
        """The first row, to see whether the set can be read at all."""
        return await self._top(entity_set, {"$top": 1, "$select": select})

    async def newest(self, entity_set: EntitySet) -> str:
        """The largest time stamp that does not lie in the future; "" for an empty set."""
        page = await self._newest(entity_set, self.own_companies(entity_set))
        date = page.server_date
        if date is not None and page.rows and page.rows[0].stamp and self.clock.is_future(page.rows[0].stamp, date):
            now = Verbatim(write_stamp(self.clock.wall(date)))
            page = await self._newest(
                entity_set, all_of(self.own_companies(entity_set), le(entity_set.change.name, now))
            )
        return page.rows[0].stamp if page.rows else ""

    async def _newest(self, entity_set: EntitySet, condition: Filter | None) -> RowPage:
        query = {
            "$filter": str(condition) if condition else None,
            "$orderby": f"{entity_set.change.name} desc",
            "$top": 1,
        }
        return await self._top(entity_set, query)

    async def _top(self, entity_set: EntitySet, query: Mapping[str, str | int | None]) -> RowPage:
        client = self.client(entity_set.root)
        url = f"{client.root}/{entity_set.entity_set}?{encode_parameters(query)}"
        request = Request("GET", url, {"Accept": "application/json"}, label=_label(entity_set))
        response = await self.session.send(request)
        rows = response.decode(_VALUES).value
        return RowPage(self.clock.rows(entity_set, rows, response.server_date), response.server_date)


def _joined(terms: Sequence[Filter]) -> Filter | None:
    return all_of(*terms) if terms else None


def _label(entity_set: EntitySet) -> str:
    return f"read {entity_set.entity_set} of {entity_set.service}"


def _position(entity_set: EntitySet, row: Row, order: Sequence[OrderField]) -> list[Any]:
    """The values of a row by which it stands where it stands."""
    values: dict[str, Any] = dict(zip((each.name for each in entity_set.key), row.key, strict=True))
    if entity_set.change.name not in values:
        values[entity_set.change.name] = Verbatim(row.stamp)
    return [values[each.name] for each in order]


@dataclass
class KeyChain:
    """Some keys that differ in their last part only, as an `or` chain of at most 40 terms."""

    names: Sequence[str]
    scope: KeyValues
    """All parts but the last."""
    lasts: dict[str | int, None]

    @property
    def filter(self) -> Filter:
        fixed = [eq(name, value) for name, value in zip(self.names, self.scope, strict=False)]
        return all_of(*fixed, one_of(*(eq(self.names[len(self.scope)], each) for each in self.lasts)))

    def drop(self, lasts: Iterable[str | int]) -> None:
        """Take out keys whose rows are all there: going on behind a full page without a link needs their terms."""
        done = set(lasts)
        left = {each: None for each in self.lasts if each not in done}
        self.lasts = left or self.lasts


def key_chains(entity_set: EntitySet, keys: Sequence[KeyValues]) -> list[KeyChain]:
    """The parts that several keys share are taken out of their `or` chains."""
    names = [each.name for each in entity_set.key]
    by_scope: dict[KeyValues, dict[str | int, None]] = {}
    for key in keys:
        by_scope.setdefault(key[:-1], {})[key[-1]] = None
    return [
        KeyChain(names, scope, dict.fromkeys(chunk))
        for scope, lasts in by_scope.items()
        for chunk in chunked(list(lasts), MOST_TERMS - len(scope))
    ]


_END: Any = object()


class Ahead(Generic[T]):
    """Reads one page ahead of its consumer; `async with` ends the reading."""

    def __init__(self, pages: AsyncIterator[T]) -> None:
        self._pages = pages
        self._task = asyncio.create_task(self._fetch())

    async def _fetch(self) -> T:
        return await anext(self._pages, _END)

    async def next(self) -> T | None:
        """The next page; None after the last."""
        page = await self._task
        if page is _END:
            return None
        self._task = asyncio.create_task(self._fetch())
        return page

    async def __aenter__(self) -> Ahead[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task
        close = getattr(self._pages, "aclose", None)
        if close is not None:
            await close()
