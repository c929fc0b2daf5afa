"""The one source of time: aware UTC now, a monotonic counter, and sleep; tests put their own in place.

>>> with use(ManualClock()) as clock:
...     clock.advance(60)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar


class Clock(Protocol):
    """What the program asks of time."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


C = TypeVar("C", bound=Clock)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until told; `sleep` moves it at once, so that waiting costs a test nothing."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._monotonic = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


_current: Clock = SystemClock()


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _current.now()


def monotonic() -> float:
    """Seconds that never go back; also runs on while the process is frozen."""
    return _current.monotonic()


async def sleep(seconds: float) -> None:
    """Wait; the only way this program waits."""
    await _current.sleep(seconds)


@contextmanager
def use(clock: C) -> Iterator[C]:
    """Put `clock` in place for the block."""
    global _current
    before, _current = _current, clock
    try:
        yield clock
    finally:
        _current = before
