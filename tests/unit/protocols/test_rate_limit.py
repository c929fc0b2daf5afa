"""Everybody together stays under the limit, and everybody waits when the system says so."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.protocols.rate_limit import Lease, RateBudget, shared_budget


async def moments(budget: RateBudget, count: int) -> list[float]:
    seen = []
    for _ in range(count):
        await budget.acquire()
        seen.append(clock.monotonic())
    return seen


async def test_no_window_of_a_minute_holds_more_than_the_limit() -> None:
    seen = await moments(RateBudget(10), 45)
    assert seen[9] == 0
    assert all(later - earlier > 60 for earlier, later in zip(seen, seen[10:], strict=False))
    assert seen[-1] < 250


async def test_without_a_limit_nobody_waits(manual_clock: ManualClock) -> None:
    await moments(RateBudget(), 1000)
    assert manual_clock.slept == []


async def test_slowing_down_stops_everybody() -> None:
    budget = RateBudget(1000)
    budget.slow_down(clock.now() + timedelta(seconds=30))
    budget.slow_down(clock.now() + timedelta(seconds=5))
    await asyncio.gather(*(budget.acquire() for _ in range(5)))
    assert clock.monotonic() >= 30


async def test_permits_are_leased_in_chunks() -> None:
    asked: list[int] = []

    class Source:
        async def lease(self, wanted: int) -> Lease:
            asked.append(wanted)
            return Lease(0, 2.0) if len(asked) == 2 else Lease(wanted)

    budget = RateBudget(600, Source())
    await asyncio.gather(*(budget.acquire() for _ in range(25)))
    assert asked == [10, 10, 10, 10]
    assert clock.monotonic() >= 2


def test_a_limit_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateBudget(0)


def test_all_who_use_a_credential_share_its_budget() -> None:
    one = shared_budget("https://one.example", "client", 60, None)
    assert shared_budget("https://one.example", "client", 60, None) is one
    assert shared_budget("https://one.example", "other", 60, None) is not one
    assert shared_budget("https://other.example", "client", 60, None) is not one
