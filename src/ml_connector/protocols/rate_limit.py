"""Keeps all requests of one credential under the system's limit, and makes everybody wait when it says stop.

A `RateBudget` is shared by every flow that uses the credential in this process. Where several processes share one, a
`PermitSource` behind it (the store) hands out permits in chunks of about a second's worth.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

from ml_connector import clock

MARGIN_S = 1.0
"""Added to the window of 60 s: two requests sent a minute apart may arrive closer together."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Permits handed out by a source."""

    permits: int
    """May be 0: ask again after `wait_s`."""
    wait_s: float = 0.0
    """Before the first of them may be used."""


class PermitSource(Protocol):
    """Where permits come from when several processes share a limit."""

    async def lease(self, wanted: int) -> Lease:
        """Up to `wanted` permits."""
        ...


class RateBudget:
    """At most `requests_per_minute` in any 60 seconds; None sets no limit but still heeds `slow_down`.

    With a `source` it decides, and this only spends what was leased.
    """

    def __init__(self, requests_per_minute: int | None = None, source: PermitSource | None = None) -> None:
        if requests_per_minute is not None and requests_per_minute < 1:
            raise ValueError("requests_per_minute must be at least 1")
        self._limit = requests_per_minute
        self._source = source
        self._chunk = max(1, (requests_per_minute or 600) // 60)
        self._reserved: deque[float] = deque(maxlen=requests_per_minute)
        self._leased = 0
        self._leasing = asyncio.Lock()
        self._paused_until = float("-inf")

    async def acquire(self) -> None:
        """Return when one more request may go out, in the order of asking."""
        if self._source is not None:
            await self._draw_from(self._source)
        elif self._limit is not None:
            await self._await_until(self._reserve(self._limit))
        while self._paused_until > clock.monotonic():
            await self._await_until(self._paused_until)

    def slow_down(self, until: datetime) -> None:
        """Nobody sends before `until` (aware); a later moment set before stays."""
        pause_s = (until - clock.now()).total_seconds()
        self._paused_until = max(self._paused_until, clock.monotonic() + pause_s)

    def _reserve(self, limit: int) -> float:
        """The monotonic moment at which the next request may go; taken at once, so nobody overtakes."""
        moment = clock.monotonic()
        if len(self._reserved) == limit:
            moment = max(moment, self._reserved[0] + 60 + MARGIN_S)
        self._reserved.append(moment)
        return moment

    async def _draw_from(self, source: PermitSource) -> None:
        while self._leased < 1:
            async with self._leasing:
                if self._leased < 1:
                    lease = await source.lease(self._chunk)
                    if lease.wait_s > 0 or lease.permits < 1:
                        await clock.sleep(max(lease.wait_s, 0.05))
                    self._leased += lease.permits
        self._leased -= 1

    async def _await_until(self, moment: float) -> None:
        if (wait_s := moment - clock.monotonic()) > 0:
            await clock.sleep(wait_s)


_budgets: WeakValueDictionary[tuple[str, str, int], RateBudget] = WeakValueDictionary()
"""One budget per credential of this process, whatever connections use it."""


def shared_budget(
    base_url: str, credential: str, limit: int, permits: Callable[[int], PermitSource] | None
) -> RateBudget:
    """One budget for all flows of a credential; where processes share permits, those are spent instead."""
    if permits is not None:
        return RateBudget(limit, permits(limit))
    key = (base_url, credential, limit)
    budget = _budgets.get(key)
    if budget is None:
        budget = _budgets[key] = RateBudget(limit)
    return budget
