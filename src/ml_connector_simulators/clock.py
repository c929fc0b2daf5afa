"""The clock a simulator lives by: real time plus what a test has skipped, so that nothing needs to sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class SimulatedClock:
    """Runs like a real clock from `start` (default: now); `advance` skips ahead, `freeze` stops it."""

    def __init__(self, start: datetime | None = None) -> None:
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._since = time.monotonic()
        self._frozen = False

    def now(self) -> datetime:
        """The simulated moment, aware and in UTC."""
        if self._frozen:
            return self._base
        return self._base + timedelta(seconds=time.monotonic() - self._since)

    def advance(self, seconds: float) -> None:
        """Skips `seconds` ahead (negative: back)."""
        self._base += timedelta(seconds=seconds)

    def freeze(self) -> None:
        """Stops the clock, for tests that compare whole time stamps; `advance` still moves it."""
        self._base, self._frozen = self.now(), True

    def http_date(self, seconds_ahead: float = 0) -> str:
        """The moment in the form of the headers Date and Retry-After."""
        return format_datetime((self.now() + timedelta(seconds=seconds_ahead)).replace(microsecond=0), True)
