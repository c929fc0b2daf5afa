"""Several calls at a time; how many are really under way, the connection bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All answers, in the order of the calls; when one fails, the others are given up and have ended."""
    given = list(calls)
    if len(given) == 1:
        return [await given[0]]
    tasks = [asyncio.ensure_future(call) for call in given]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
