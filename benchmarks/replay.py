"""The bare loop for any source: the product's requests again, in its order, as many at a time, and nothing else.

Each end goes its own way: a request leaves as soon as those are answered that the product had waited for. Bodies are
encoded and answers decoded; nobody looks at what they say, but for tokens.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvloop
from yarl import URL

from benchmarks.flow_task import FlowTask
from benchmarks.meter import Meter
from benchmarks.recording import Exchange, decoded, load
from benchmarks.task import Measured

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class _Prepared:
    """A request before the clock runs: its JSON as values, that of a batch's parts too."""

    exchange: Exchange
    document: Any = None
    parts: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, exchange: Exchange) -> _Prepared:
        document = decoded(exchange.body) if exchange.body else None
        parts = document.get("rest_requests", []) if isinstance(document, dict) else []
        return cls(exchange, document, [_decode(b64decode(part.get("body") or "bnVsbA==")) for part in parts])

    def body(self) -> bytes | None:
        if self.document is None:
            return self.exchange.body
        for envelope, part in zip(
            self.document.get("rest_requests", ()) if self.parts else (), self.parts, strict=True
        ):
            if part is not None:
                envelope["body"] = b64encode(_encode(part)).decode()
        return _encode(self.document)


def measure(task: FlowTask) -> Measured:
    """Run the task."""
    return uvloop.run(_measure(task))


async def _measure(task: FlowTask) -> Measured:
    prepared = [_Prepared.of(exchange) for exchange in load(Path(task.recording))]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        ways = {end: _Way(client, url) for end, url in task.urls.items()}
        meter = Meter()
        await asyncio.gather(
            *(
                way.go([(n, one) for n, one in enumerate(prepared) if one.exchange.end == end])
                for end, way in ways.items()
            )
        )
        return meter.read(0, ways["source"].requests, ways["target"].requests, "complete")


@dataclass
class _Way:
    """One end's requests."""

    client: aiohttp.ClientSession
    url: str
    requests: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)
    """Today's by the recorded one."""

    async def go(self, prepared: list[tuple[int, _Prepared]]) -> None:
        under_way: dict[int, asyncio.Task[None]] = {}
        for number, one in prepared:
            if waited_for := [task for n, task in under_way.items() if n not in one.exchange.beside]:
                await asyncio.gather(*waited_for)
            under_way = {n: task for n, task in under_way.items() if not task.done()}
            under_way[number] = asyncio.create_task(self._send(one))
        await asyncio.gather(*under_way.values())

    async def _send(self, one: _Prepared) -> None:
        exchange = one.exchange
        self.requests += 1
        async with self.client.request(
            exchange.method,
            URL(self.url + exchange.path, encoded=True),
            data=one.body(),
            headers=self._headers(exchange),
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            found: Any = _decode(body) if "json" in answer.headers.get("Content-Type", "") and body else None
        if answer.status != exchange.status:
            raise RuntimeError(
                f"{exchange.method} {exchange.path[:200]} was answered {answer.status}, not {exchange.status}"
            )
        if exchange.token:
            self._tokens[exchange.token] = found["access_token"]

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        kind, _, token = exchange.headers.get("Authorization", "").partition(" ")
        if token not in self._tokens:
            return exchange.headers
        return {**exchange.headers, "Authorization": f"{kind} {self._tokens[token]}"}
