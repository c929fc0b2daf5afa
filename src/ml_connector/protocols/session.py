"""A connection as its connector sees it: send a request, get a good answer or an error that says what to do.

Order of one attempt: a slot, a permit, the sign-in headers, the caller's check before a write, the exchange. Whether it
may be tried again depends on the error and on the request's own `Repeat`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ml_connector import clock
from ml_connector.errors import MLConnectorError, OutcomeUnknownError, RateLimitedError, TransientError
from ml_connector.protocols.auth import Auth
from ml_connector.protocols.http import Http, Request, Response
from ml_connector.protocols.rate_limit import RateBudget
from ml_connector.protocols.retry import RetryPolicy
from ml_connector.protocols.status import StatusTable

BeforeSend = Callable[[], None]
"""Raises to keep a write from leaving (the lease is lost)."""

OnExchange = Callable[[Request, Response | MLConnectorError, float], None]
"""Told of every attempt: the request without its sign-in headers, what came of it, seconds."""

Rejected = Callable[[Response], bool]
"""Whether an answer says that the sign-in was not accepted; some systems redirect to a page for people instead."""


def is_401(response: Response) -> bool:
    return response.status == 401


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests made so far; each attempt counts."""

    reads: int
    writes: int
    tokens: int
    retries: int
    """Those of the reads and writes that repeated an earlier one."""

    @property
    def requests(self) -> int:
        return self.reads + self.writes + self.tokens


class Session:
    """Sends requests of one connection; safe for many callers at once."""

    def __init__(
        self,
        http: Http,
        auth: Auth,
        budget: RateBudget | None = None,
        retry: RetryPolicy | None = None,
        status: StatusTable | None = None,
        *,
        before_send: BeforeSend | None = None,
        on_exchange: OnExchange | None = None,
        rejected: Rejected = is_401,
    ) -> None:
        self.http = http
        self.auth = auth
        self.budget = budget or RateBudget()
        self.retry = retry or RetryPolicy()
        self.status = status or StatusTable()
        self.before_send = before_send
        """Called immediately before each attempt of a write."""
        self.on_exchange = on_exchange
        self.rejected = rejected
        self._reads = self._writes = self._retries = 0
        self._tokens_before = auth.token_requests

    @property
    def counts(self) -> Counts:
        tokens = self.auth.token_requests - self._tokens_before
        return Counts(self._reads, self._writes, tokens, self._retries)

    async def send(self, request: Request) -> Response:
        """The answer that was asked for, after as many tries as the policy and `request.repeat` allow.

        Raises the last error otherwise; but when an attempt at a write was unclear, what cannot settle it
        (a later time-out, a rate limit) is `OutcomeUnknownError` as well.
        """
        self.retry.budget.deposit()
        try:
            return await self._once(request)
        except TransientError as error:
            first = error
        return await self._again(request, first)

    async def _again(self, request: Request, error: TransientError) -> Response:
        doubt: OutcomeUnknownError | None = None
        attempt = 1
        while True:
            if isinstance(error, OutcomeUnknownError):
                doubt = error
            delay_s = self.retry.delay_s(error, attempt, request.repeat)
            if delay_s is None:
                raise _last(request, error, doubt, attempt)
            await self._wait(error, delay_s)
            attempt += 1
            try:
                return await self._once(request)
            except TransientError as next_error:
                error = next_error
            except MLConnectorError as final:
                if doubt is not None:
                    final.fields["after_unclear_attempt"] = True
                raise

    async def _wait(self, error: TransientError, delay_s: float) -> None:
        self._retries += 1
        if isinstance(error, RateLimitedError):
            self.budget.slow_down(clock.now() + timedelta(seconds=delay_s))
        await clock.sleep(delay_s)

    async def _once(self, request: Request) -> Response:
        """One attempt; a rejected sign-in is renewed and the request sent once more, for it was not carried out."""
        async with self.http.slots:
            headers, response = await self._exchange(request)
            if self.rejected(response) and not (request.expect and response.status in request.expect):
                await self.auth.renew(headers)
                self._retries += 1
                headers, response = await self._exchange(request)
        error = self.status.judge(response, request)
        if error is not None:
            raise error
        return response

    async def _exchange(self, request: Request) -> tuple[dict[str, str], Response]:
        await self.budget.acquire()
        headers = await self.auth.headers()
        self._count(request)
        started = clock.monotonic()
        try:
            response = await self.http.exchange(request, headers, self.before_send if request.is_write else None)
        except MLConnectorError as error:
            if self.on_exchange is not None:
                self.on_exchange(request, error, clock.monotonic() - started)
            raise
        if self.on_exchange is not None:
            self.on_exchange(request, response, response.elapsed_s)
        return headers, response

    def _count(self, request: Request) -> None:
        if not request.is_write:
            self._reads += 1
            return
        if self.before_send is not None:
            self.before_send()
        self._writes += 1


def _last(request: Request, error: TransientError, doubt: OutcomeUnknownError | None, attempts: int) -> TransientError:
    """The error to raise when no try is left."""
    error.fields["attempts"] = attempts
    if doubt is None or isinstance(error, OutcomeUnknownError):
        return error
    unclear = OutcomeUnknownError(
        f"{request.name}: an earlier attempt was unclear, and the last one failed: {error.message}",
        **{**doubt.fields, "attempts": attempts},
    )
    unclear.__cause__ = error
    return unclear
