"""What stands before the APIs: login sessions and rate rules (fact sheet sections 1 and 4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from http.cookies import CookieError, SimpleCookie

from ..exchange import Answer, Call
from .access import Account
from .instance import Instance
from .messages import RefusedError
from .metadata import fixed_id

SESSION_COOKIE = "JSESSIONID"


class Session:
    """A login session: its requests are served one at a time."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0


class Gate:
    """Knows the sessions whose cookies were sent back, and counts requests under a rate rule."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.sessions: dict[str, Session] = {}
        self._hour = 0
        self._requests: Counter[str] = Counter()

    def session_of(self, call: Call) -> Session | None:
        """Returns the session that a client takes part in; None for one that keeps no cookies."""
        if "Cookie" not in call.headers:
            return None
        try:
            cookies = SimpleCookie(call.header("Cookie"))
        except CookieError:
            return None
        if SESSION_COOKIE not in cookies:
            return None
        return self.sessions.setdefault(cookies[SESSION_COOKIE].value, Session())

    def set_cookie(self, answer: Answer) -> None:
        """Starts a session with a client that has none."""
        answer.headers["Set-Cookie"] = f"{SESSION_COOKIE}={self.instance.new_id()}; Path=/; HttpOnly"

    def rate_headers(self, account: Account) -> dict[str, str]:
        """Counts a request; returns the rate headers, none where no rule is made; raises RefusedError over it."""
        limit = self.instance.switches.requests_per_hour
        if limit is None:
            return {}
        now = int(self.instance.now().timestamp())
        if now // 3600 != self._hour:
            self._hour = now // 3600
            self._requests.clear()
        self._requests[account.user_name] += 1
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Reset": str((self._hour + 1) * 3600),
            "X-RateLimit-Rule": fixed_id("rate rule"),
        }

    def rate_refusal(self, account: Account) -> Answer | None:
        """Returns the 429 of a user who is over the rule, else None."""
        limit = self.instance.switches.requests_per_hour
        if limit is None or self._requests[account.user_name] <= limit:
            return None
        detail = f"Rate limit of {limit} requests per hour for Table API exceeded"
        answer = RefusedError(429, "Rate limit exceeded", detail).answer()
        answer.headers["Retry-After"] = str((self._hour + 1) * 3600 - int(self.instance.now().timestamp()))
        return answer
