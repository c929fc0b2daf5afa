"""The bare loop: the same requests as the product, in the simplest way that asynchronous Python knows.

It reads the same pages, builds the same payloads and sends the same Batch calls, as many at a time. It keeps nothing,
compares nothing, and reads of an answer only whether each write was accepted.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
import uvloop

from benchmarks.bare_payloads import PROFILES, Head, Line, Payloads, Writes
from benchmarks.documents import COMPANY
from benchmarks.meter import Meter
from benchmarks.task import Measured, Task

T = TypeVar("T")

DOCUMENTS = 200
"""Documents a batch."""
WRITES = 200
"""Writes a Batch call."""
AHEAD = 6
"""Batches under way."""
_SERVICE = "/main/ifsapplications/projection/v1/PostingProposalHandling.svc/"
_HEADERS = [{"name": "Accept", "value": "application/json"}, {"name": "Content-Type", "value": "application/json"}]


class _Page(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Served(msgspec.Struct):
    status_code: int


class _Reply(msgspec.Struct):
    serviced_requests: list[_Served]


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_reply = msgspec.json.Decoder(_Reply).decode
_encode = msgspec.json.Encoder().encode


def measure(task: Task) -> Measured:
    """Run the task."""
    return uvloop.run(_measure(task))


async def _measure(task: Task) -> Measured:
    async with aiohttp.ClientSession() as client:
        loop = _Loop(task, client, PROFILES[task.profile])
        meter = Meter()
        await loop.run()
        return meter.read(loop.documents, loop.source_requests, loop.target_requests, "complete")


@dataclass
class _Loop:
    task: Task
    client: aiohttp.ClientSession
    payloads: Payloads
    documents: int = 0
    source_requests: int = 0
    target_requests: int = 0
    _slots: asyncio.Semaphore = field(init=False)
    _source_headers: dict[str, str] = field(init=False)
    _target_headers: dict[str, str] = field(init=False)

    async def run(self) -> None:
        self._slots = asyncio.Semaphore(self.task.in_flight)
        self._source_headers = await self._sign_in(
            f"{self.task.source_url}/auth/realms/benchmark/protocol/openid-connect/token"
        )
        self._target_headers = await self._sign_in(f"{self.task.target_url}/oauth_token.do")
        self.source_requests, self.target_requests = 1, 1
        under_way: set[asyncio.Task[None]] = set()
        batch: list[tuple[Head, list[Line]]] = []
        async for document in self._documents():
            batch.append(document)
            if len(batch) == DOCUMENTS:
                under_way.add(asyncio.create_task(self._deliver(batch)))
                batch = []
                while len(under_way) > AHEAD:
                    _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*under_way, self._deliver(batch))

    async def _sign_in(self, url: str) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "client_id": "benchmark", "client_secret": "benchmark-secret"}
        async with self.client.post(url, data=form) as answer:
            token = (await answer.json())["access_token"]
        return {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"}

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _documents(self) -> AsyncIterator[tuple[Head, list[Line]]]:
        """Heads with their lines, merged in key order."""
        lines = _ahead(self._rows("PostingProposalLineSet", ("InvoiceId", "RowId"), Line))
        line = await anext(lines, None)
        async for head in _ahead(self._rows("PostingProposalHeadSet", ("InvoiceId",), Head)):
            found = []
            while line is not None and line.InvoiceId == head.InvoiceId:
                found.append(line)
                line = await anext(lines, None)
            yield head, found

    async def _rows(self, name: str, key: tuple[str, ...], row: type[T]) -> AsyncIterator[list[T]]:
        """The set's pages, each behind the last row of the one before."""
        decode = msgspec.json.Decoder(row).decode
        order = quote(",".join(("Company", *key)))
        condition = f"Company eq '{COMPANY}'"
        behind = ""
        while True:
            url = f"{self.task.source_url}{_SERVICE}{name}?$filter={quote(condition + behind)}&$orderby={order}"
            async with self.client.get(url, headers=self._source_headers) as answer:
                page = _decode_page(await answer.read())
            self.source_requests += 1
            rows = [decode(each) for each in page.value]
            if rows:
                yield rows
            if page.next is None:
                return
            last = {each: getattr(rows[-1], each) for each in key}
            behind = f" and ({_behind(last)})"

    # --- writing -----------------------------------------------------------------------------------------------------

    async def _deliver(self, documents: list[tuple[Head, list[Line]]]) -> None:
        shaped = [self.payloads(head, lines) for head, lines in documents]
        for wave in range(3):
            writes = [write for each in shaped for write in each[wave]]
            await asyncio.gather(*(self._call(writes[at : at + WRITES]) for at in range(0, len(writes), WRITES)))
        self.documents += len(documents)

    async def _call(self, writes: Writes) -> None:
        call = {
            "batch_request_id": "1",
            "rest_requests": [
                {
                    "id": str(index),
                    "method": method,
                    "url": url,
                    "headers": _HEADERS,
                    "body": b64encode(_encode(payload)).decode(),
                }
                for index, (method, url, payload) in enumerate(writes)
            ],
        }
        body = _encode(call)
        async with self._slots:
            self.target_requests += 1
            async with self.client.post(
                f"{self.task.target_url}/api/now/v1/batch", data=body, headers=self._target_headers
            ) as answer:
                reply = _decode_reply(await answer.read())
        if any(each.status_code >= 300 for each in reply.serviced_requests):
            raise RuntimeError("a write was refused")


def _behind(last: dict[str, Any]) -> str:
    """Rows after this key: `a gt 1 or (a eq 1 and b gt 2)`."""
    alternatives, same = [f"Company gt '{COMPANY}'"], f"Company eq '{COMPANY}'"
    for name, value in last.items():
        alternatives.append(f"({same} and {name} gt {value})")
        same += f" and {name} eq {value}"
    return " or ".join(alternatives)


async def _ahead(pages: AsyncIterator[list[T]]) -> AsyncIterator[T]:
    """The rows of the pages, the next page being read meanwhile."""
    following: asyncio.Task[list[T] | None] = asyncio.create_task(_next(pages))
    while (page := await following) is not None:
        following = asyncio.create_task(_next(pages))
        for row in page:
            yield row


async def _next(pages: AsyncIterator[list[T]]) -> list[T] | None:
    return await anext(pages, None)
