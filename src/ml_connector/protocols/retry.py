"""When a failed request is sent again, and after how long.

Full jitter between tries (the AWS "Exponential Backoff And Jitter" note), both forms of `Retry-After` (RFC 9110,
10.2.3), and a budget that keeps retries to a fraction of the requests, so that a system in trouble is not hammered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector import clock
from ml_connector.errors import OutcomeUnknownError, RateLimitedError, TransientError
from ml_connector.protocols.http import Repeat, parse_http_date


@dataclass
class RetryBudget:
    """A bucket that every request fills a little and every retry empties by one.

    `share` of the requests may be retried, and `floor_per_minute` in any case; `size` bounds what is saved up.
    """

    share: float = 0.2
    floor_per_minute: float = 10
    size: float = 20
    _level: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level = self.size
        self._filled_at = clock.monotonic()

    def deposit(self) -> None:
        """A request is made."""
        if self._level < self.size:
            self._level = min(self.size, self._level + self.share)

    def withdraw(self) -> bool:
        """A retry is wanted; False when the budget is used up."""
        now = clock.monotonic()
        refill = max(0.0, now - self._filled_at) * self.floor_per_minute / 60
        self._level = min(self.size, self._level + refill)
        self._filled_at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


@dataclass
class RetryPolicy:
    """How often and how patiently. One per connection, because its budget is shared by all requests of it."""

    tries: int = 6
    """Including the first."""
    base_s: float = 1.0
    cap_s: float = 60.0
    retry_after_cap_s: float = 900.0
    """A system that asks for a longer pause is left alone until the next run."""
    budget: RetryBudget = field(default_factory=RetryBudget)
    draw: Callable[[], float] = random.random
    """A number from 0 up to 1."""

    def delay_s(self, error: TransientError, attempt: int, repeat: Repeat) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (from 1); None: give up and raise `error`.

        A rate limit is not charged to the budget: everybody waits for it anyway.
        """
        if attempt >= self.tries:
            return None
        if isinstance(error, OutcomeUnknownError) and repeat is Repeat.NEVER:
            return None
        asked = requested_pause_s(error)
        if asked is not None and asked > self.retry_after_cap_s:
            return None
        if not isinstance(error, RateLimitedError) and not self.budget.withdraw():
            return None
        if asked is not None:
            return asked + self.draw() * self.base_s
        return self.draw() * min(self.cap_s, self.base_s * 2.0 ** (attempt - 1))


def requested_pause_s(error: TransientError) -> float | None:
    """Seconds that the system asked for with this error, None when it did not say."""
    if isinstance(error, RateLimitedError):
        return error.retry_after_s
    pause: float | None = error.fields.get("retry_after_s")
    return pause


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The `Retry-After` of an answer in seconds from now, never negative; None when absent or unreadable.

    A date is measured against the answer's own `Date`, so that a wrong clock on either side does not matter; without
    one against `now` (our clock when None).
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    moment = parse_http_date(text)
    if moment is None:
        return None
    start = parse_http_date(headers.get("Date", "")) or now or clock.now()
    return max(0.0, (moment - start).total_seconds())
