"""Reading the instance: encoded queries, keyset paging, and rows by their ids or keys (FACTS 11 to 13)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from ml_connector.errors import ContractError, RemoteFaultError
from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.session import Session
from ml_connector.systems.servicenow.answers import Guide, TooSlowError, fault_in, fault_of
from ml_connector.systems.servicenow.settings import Settings

RowDict = dict[str, Any]

ACCEPT = {"Accept": "application/json"}
LONGEST_QUERY = 6_000
"""Characters of an encoded query as sent. The instance takes about 10,000 (FACTS 11), many proxies 8 KB a line."""
MOST_VALUES = 250
"""Values in one IN."""


class Page(msgspec.Struct, frozen=True):
    """One answer to a list request."""

    rows: list[RowDict]
    total: int | None
    """X-Total-Count: matches before access rules hide rows; None when the instance did not say."""


class Instance:
    """The instance as we may see it."""

    def __init__(self, session: Session, base_url: str, settings: Settings, guide: Guide) -> None:
        self.session = session
        self.base_url = base_url.rstrip("/")
        self.settings = settings
        self.guide = guide

    async def page(
        self,
        table: str,
        query: str = "",
        fields: Sequence[str] = (),
        *,
        limit: int = 1,
        offset: int = 0,
        display: str = "",
    ) -> Page:
        """Rows of `table` from `offset` on; raises what the refusal means."""
        parameters = {
            "sysparm_query": query,
            "sysparm_fields": ",".join(fields),
            "sysparm_limit": str(limit),
            "sysparm_offset": str(offset) if offset else "",
            "sysparm_display_value": display,
            "sysparm_exclude_reference_link": "true",
        }
        response = await self.get(f"/api/now/table/{table}", parameters, f"read of {table}", frozenset({200, 404}))
        rows = [] if response.status == 404 else _rows(response)
        if response.status == 404 and "No Record" not in fault_in(response.body).message:
            raise self.guide.table_missing(table, request_id=response.request_id)
        return Page(rows, _count(response.headers.get("X-Total-Count", "")))

    async def get(
        self, path: str, parameters: dict[str, str], label: str, expect: frozenset[int] | None = None
    ) -> Response:
        """A GET with the parameters that are not empty."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value)
        url = f"{self.base_url}{path}{'?' + query if query else ''}"
        return await self.session.send(Request("GET", url, ACCEPT, repeat=Repeat.SAFE, label=label, expect=expect))

    async def rows(self, table: str, query: str, fields: Sequence[str], *, display: str = "") -> list[RowDict]:
        """All rows that match, each once, in the order of their sys_id.

        A short page is not the last one: access rules take rows out after the limit (FACTS 12), and an instance may
        give fewer rows than were asked for. What is not in `query` is not filtered by anybody: the caller compares
        every row with the key it asked for.
        """
        found: dict[str, RowDict] = {}
        limit, after, offset = self.settings.page_size, "", 0
        wanted = [*dict.fromkeys(("sys_id", *fields))]
        while True:
            keyset = "^".join(filter(None, (query, f"sys_id>{after}" if after else "", "ORDERBYsys_id")))
            try:
                page = await self.page(table, keyset, wanted, limit=limit, offset=offset, display=display)
            except TooSlowError as error:
                limit = _halved(limit, error)
                continue
            before = len(found)
            for row in page.rows:
                found[_plain(row.get("sys_id"))] = row
            reached = offset + (len(page.rows) or limit)
            if page.total is not None and reached >= page.total:
                return list(found.values())
            if page.rows and len(found) > before:
                after, offset = max(_plain(row.get("sys_id")) for row in page.rows), 0
            elif page.total is None:
                return list(found.values())
            else:
                offset += limit

    async def by_values(
        self, table: str, columns: Sequence[str], values: Iterable[str], fields: Sequence[str], *, display: str = ""
    ) -> list[RowDict]:
        """Rows in which one of `columns` holds one of `values`; those that cannot be written in a query are left out.

        The rows may hold others as well: an instance drops a condition it does not know.
        """
        queries = list(value_queries(columns, values))
        pages = await asyncio.gather(*(self.rows(table, query, fields, display=display) for query in queries))
        found = {_plain(row.get("sys_id")): row for rows in pages for row in rows}
        return list(found.values())

    async def count(self, table: str) -> int | None:
        """How many rows the table has, hidden ones included; None where the instance does not tell."""
        page = await self.page(table, fields=["sys_id"])
        return page.total


def value_queries(columns: Sequence[str], values: Iterable[str]) -> Iterator[str]:
    """Encoded queries for rows with one of the values in one of the columns.

    There is no escape for `^`, a comma divides the values of IN, and a leading `javascript:` is run (FACTS 11): the
    first and the last are left out, the second is asked for by itself.
    """
    chunk: list[str] = []
    size = 0
    for value in dict.fromkeys(values):
        if not askable(value):
            continue
        if "," in value:
            yield "^OR".join(f"{column}={value}" for column in columns)
            continue
        if chunk and (len(chunk) == MOST_VALUES or (size + _sent(value)) * len(columns) > LONGEST_QUERY):
            yield _in(columns, chunk)
            chunk, size = [], 0
        chunk.append(value)
        size += _sent(value)
    if chunk:
        yield _in(columns, chunk)


def _sent(value: str) -> int:
    """Characters that a value and its comma take in an address."""
    return len(quote(value, safe="")) + len("%2C")


def askable(value: str) -> bool:
    """Whether a value can stand in an encoded query."""
    return bool(value.strip()) and "^" not in value and not value.lower().startswith("javascript:")


def _in(columns: Sequence[str], values: list[str]) -> str:
    joined = ",".join(values)
    return "^OR".join(f"{column}IN{joined}" for column in columns)


def _rows(response: Response) -> list[RowDict]:
    document = response.json()
    fault = fault_of(document)
    if fault.message:
        raise RemoteFaultError(f"{response.request.name}: {fault}.", request_id=response.request_id)
    result = document.get("result") if isinstance(document, dict) else None
    if isinstance(result, list):
        return result
    raise ContractError(f"{response.request.name}: the answer has no list of rows.", request_id=response.request_id)


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _halved(limit: int, error: TooSlowError) -> int:
    """A smaller page for a read that took too long; a single row that takes too long is a fault."""
    if limit == 1:
        raise RemoteFaultError(error.message, **error.fields) from error
    return max(1, limit // 2)


def _plain(value: Any) -> str:
    return str(value.get("value", "")) if isinstance(value, dict) else str(value or "")
