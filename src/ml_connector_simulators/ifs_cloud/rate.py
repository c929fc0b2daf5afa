"""The rate limit: a sliding window of 60 seconds per client (fact sheet §3)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from math import ceil

WINDOW = timedelta(seconds=60)


class RateWindow:
    """Remembers when requests were let through."""

    def __init__(self) -> None:
        self._passed: dict[str, deque[datetime]] = {}

    def wait_s(self, client: str, now: datetime, limit: int) -> int:
        """0 if the request may pass (it is then counted), else whole seconds until one may."""
        passed = self._passed.setdefault(client, deque())
        while passed and passed[0] <= now - WINDOW:
            passed.popleft()
        if limit <= 0 or len(passed) < limit:
            passed.append(now)
            return 0
        return max(1, ceil((passed[0] + WINDOW - now).total_seconds()))
