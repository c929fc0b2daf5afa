"""Signing in by OAuth 2 (RFC 6749): with client credentials, or with a rotating refresh token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Unpack

from ml_connector import clock
from ml_connector.errors import AuthenticationError
from ml_connector.protocols.http import Http
from ml_connector.protocols.redaction import mask_while_alive
from ml_connector.protocols.token_broker import AccessToken, TokenBroker, renewal_lead_s
from ml_connector.protocols.token_endpoint import EndpointOptions, TokenAnswer, TokenEndpoint


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What a `TokenStore` keeps of a credential whose refresh token changes with every use."""

    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    """Of the access token, UTC."""
    version: int = 0
    """Counts the renewals; what `compare_and_swap` compares."""


class TokenStore(Protocol):
    """Where rotating tokens survive a crash and are shared between processes."""

    async def load(self) -> StoredToken | None: ...

    async def compare_and_swap(self, expected: StoredToken, new: StoredToken) -> bool:
        """Durably replace `expected` by `new`; False when something else is stored by now."""
        ...


class OAuth2Options(EndpointOptions, total=False):
    """What usually keeps its default."""

    fallback_ttl_s: float
    """Counts when the answer names no lifetime."""
    renew_before: Callable[[float], float]
    """Turns a lifetime into the lead."""


class _OAuth2(TokenBroker):
    """Tokens that a client gets from a token endpoint."""

    def __init__(
        self,
        http: Http,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
        *,
        fallback_ttl_s: float = 3600,
        renew_before: Callable[[float], float] = renewal_lead_s,
        **endpoint: Unpack[EndpointOptions],
    ) -> None:
        super().__init__(fallback_ttl_s=fallback_ttl_s, renew_before=renew_before)
        self._endpoint = TokenEndpoint(
            http=http, url=token_url, client_id=client_id, client_secret=client_secret, **endpoint
        )
        self._scope = {"scope": scope} if scope else {}

    async def _ask(self, grant: Mapping[str, str]) -> TokenAnswer:
        return await self._endpoint.ask({**grant, **self._scope}, self._count)

    def _count(self) -> None:
        self.token_requests += 1


class OAuth2ClientCredentials(_OAuth2):
    """A client that signs in as itself (RFC 6749, 4.4). A refresh token in the answer is ignored."""

    async def _obtain(self, rejected: str | None) -> AccessToken:
        return self._token_in(await self._answer())

    async def _answer(self) -> TokenAnswer:
        return await self._ask({"grant_type": "client_credentials"})

    def _token_in(self, answer: TokenAnswer) -> AccessToken:
        return self._token_of(answer.access_token, self._ttl_s(answer))


class OAuth2RefreshToken(_OAuth2):
    """A person signed in once; from then on each refresh token buys an access token and the next refresh token.

    The new refresh token is in the store before the access token is used: a crash between the two would end the
    sign-in. Where several processes share the sign-in, `alone` admits one at a time to the renewal, and who comes in
    after it finds the new token in the store.
    """

    def __init__(
        self,
        http: Http,
        token_url: str,
        client_id: str,
        client_secret: str,
        store: TokenStore,
        scope: str = "",
        *,
        alone: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
        otherwise: Mapping[str, str] | None = None,
        **options: Unpack[OAuth2Options],
    ) -> None:
        """`otherwise` is the grant used where there is no refresh token, or where it is refused."""
        super().__init__(http, token_url, client_id, client_secret, scope, **options)
        self._store = store
        self._alone = alone
        self._otherwise = otherwise
        self._unsaved: tuple[StoredToken, StoredToken] | None = None
        self._unmask: Callable[[], object] = lambda: None

    async def _obtain(self, rejected: str | None) -> AccessToken:
        if self._unsaved is not None:
            return await self._save(*self._unsaved)
        if (token := self._usable(await self._load(), rejected)) is not None:
            return token
        async with self._alone():
            stored = await self._load()
            if (token := self._usable(stored, rejected)) is not None:
                return token
            return await self._exchange(stored, rejected)

    async def _load(self) -> StoredToken:
        stored = await self._store.load()
        if stored is None:
            raise AuthenticationError("Nobody has signed in yet.", fix="Connect this connection once.")
        return stored

    def _usable(self, stored: StoredToken, rejected: str | None) -> AccessToken | None:
        """The stored access token, when another process renewed it and it has a while to live."""
        if not stored.access_token or stored.access_token == rejected or stored.expires_at is None:
            return None
        token = self._token_of(stored.access_token, (stored.expires_at - clock.now()).total_seconds())
        return token if token.renew_at > clock.monotonic() else None

    async def _exchange(self, stored: StoredToken, rejected: str | None) -> AccessToken:
        """Buy the next pair, unless another process turns out to have done so while we asked."""
        self._mask(stored.refresh_token)
        try:
            answer, kept = await self._refreshed(stored.refresh_token), stored.refresh_token
        except AuthenticationError as error:
            newer = await self._load()
            if newer.version != stored.version:
                return self._usable(newer, rejected) or await self._exchange(newer, rejected)
            if self._otherwise is None or error.fields.get("code") == "invalid_client":
                raise
            answer, kept = await self._ask(self._otherwise), ""
        new = StoredToken(
            answer.refresh_token or kept,
            answer.access_token,
            clock.now() + timedelta(seconds=self._ttl_s(answer)),
            stored.version + 1,
        )
        self._mask(new.refresh_token)
        return await self._save(stored, new)

    async def _refreshed(self, refresh_token: str) -> TokenAnswer:
        if not refresh_token:
            raise AuthenticationError("Nobody has signed in yet.", fix="Connect this connection once.")
        return await self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _mask(self, refresh_token: str) -> None:
        self._unmask()
        self._unmask = mask_while_alive(self, refresh_token)

    async def _save(self, stored: StoredToken, new: StoredToken) -> AccessToken:
        """Store, then use. When the store fails, the new pair waits in memory and is stored by the next renewal."""
        self._unsaved = (stored, new)
        swapped = await self._store.compare_and_swap(stored, new)
        self._unsaved = None
        winner = new if swapped else await self._load()
        if winner.expires_at is None:  # the connection was given another refresh token meanwhile
            winner = new
        assert winner.expires_at is not None
        return self._token_of(winner.access_token, (winner.expires_at - clock.now()).total_seconds())
