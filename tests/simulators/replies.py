"""An answer of a simulator as it came, and all rows of a list that comes in pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json import loads
from typing import Any, Self

import aiohttp


@dataclass
class Reply:
    """`json` is None for another kind of content, and for none."""

    status: int
    headers: Any
    text: str
    json: Any

    @classmethod
    async def of(cls, answer: aiohttp.ClientResponse, load: Callable[[str], Any] = loads) -> Self:
        is_json = "json" in answer.headers.get("Content-Type", "")
        found = await answer.json(loads=load) if is_json else None
        return cls(answer.status, answer.headers, await answer.text(), found)


async def all_rows(get: Callable[[str], Awaitable[Any]], path: str) -> list[dict[str, Any]]:
    """Every row of an OData list, following next links."""
    rows: list[dict[str, Any]] = []
    while path:
        reply = await get(path)
        rows += reply.rows
        path = reply.json.get("@odata.nextLink", "")
    return rows
