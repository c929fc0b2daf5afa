"""One access token for all who share a credential.

It is renewed ahead of expiry with one renewal at a time, and what was refused is not asked again. What it holds is
registered for redaction and appears in no message, `repr` or log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ml_connector import clock
from ml_connector.errors import ConfigurationError, TransientError
from ml_connector.protocols.redaction import mask_while_alive, redact
from ml_connector.protocols.token_endpoint import TokenAnswer

REFUSAL_KEPT_S = 60.0
"""How long a refused sign-in is answered from memory, so that waiting callers do not lock the account."""

POSTPONED_S = 10.0
"""How long the old token goes on when its renewal ahead of expiry met a passing trouble."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token in use; the moments are monotonic seconds."""

    access_token: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    renew_at: float
    expires_at: float


def renewal_lead_s(ttl_s: float) -> float:
    """How long before its end a token is renewed: 30 s or a tenth, but at most half of its life."""
    return min(max(30.0, ttl_s / 10), ttl_s / 2)


class TokenBroker:
    """Keeps one access token fresh for all who share it; how it is obtained is the subclass's part."""

    def __init__(
        self,
        *,
        fallback_ttl_s: float = 3600,
        renew_before: Callable[[float], float] = renewal_lead_s,
    ) -> None:
        self._fallback_ttl_s = fallback_ttl_s
        self._renew_before = renew_before
        self._token: AccessToken | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._refusal: tuple[float, ConfigurationError] | None = None
        self._forget: Callable[[], object] = lambda: None
        """Ends the masking of the token that is replaced."""
        self.token_requests = 0

    async def headers(self) -> dict[str, str]:
        """The current token's header; renewed first when it is missing or about to end."""
        token = self._token
        if token is None or clock.monotonic() >= token.renew_at:
            token = await self._ahead(token)
        return token.headers

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """Replace the token that the system rejected; nothing to do when it is no longer the current one."""
        token = self._token
        if token is None or token.headers.get("Authorization") == rejected.get("Authorization"):
            await self._one_at_a_time()

    def redact(self, text: str) -> str:
        return redact(text)

    async def _obtain(self, rejected: str | None) -> AccessToken:
        """A token from the endpoint or the store; `rejected` is one that must not be taken from there again."""
        raise NotImplementedError

    async def _ahead(self, token: AccessToken | None) -> AccessToken:
        """Renew before the end; a token that still lives outlasts a passing trouble of the token endpoint."""
        try:
            await self._one_at_a_time()
        except TransientError:
            now = clock.monotonic()
            if token is None or now >= token.expires_at:
                raise
            self._token = AccessToken(
                token.access_token, token.headers, min(now + POSTPONED_S, token.expires_at), token.expires_at
            )
        assert self._token is not None
        return self._token

    async def _one_at_a_time(self) -> None:
        """Join the renewal under way, or start it.

        It is a task of its own: a caller who is cancelled must not take a half-made renewal with him.
        """
        if self._refusal is not None:
            until, refusal = self._refusal
            if clock.monotonic() < until:
                raise refusal
            self._refusal = None
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._replace(), name="token renewal")
            self._renewal.add_done_callback(_retrieve)
        await asyncio.shield(self._renewal)

    async def _replace(self) -> None:
        before = self._token
        try:
            after = await self._obtain(before.access_token if before else None)
        except ConfigurationError as error:
            self._refusal = (clock.monotonic() + REFUSAL_KEPT_S, error)
            raise
        forget, self._forget = self._forget, mask_while_alive(self, after.access_token)
        forget()
        if before is not None and before.access_token == after.access_token:
            after = AccessToken(after.access_token, after.headers, after.expires_at, after.expires_at)
        self._token = after

    def _token_of(self, access_token: str, ttl_s: float) -> AccessToken:
        now = clock.monotonic()
        headers = {"Authorization": f"Bearer {access_token}"}
        return AccessToken(access_token, headers, now + ttl_s - self._renew_before(ttl_s), now + ttl_s)

    def _ttl_s(self, answer: TokenAnswer) -> float:
        """Seconds that the token has left, as the answer says, which may be less than its whole life."""
        try:
            return max(0.0, float(answer.expires_in))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return self._fallback_ttl_s


def _retrieve(task: asyncio.Task[None]) -> None:
    """Take note of the outcome, so that a renewal nobody waited for is not reported as forgotten."""
    if not task.cancelled():
        task.exception()
