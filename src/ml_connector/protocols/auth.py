"""Signing in: Basic, and OAuth 2 (RFC 6749) with client credentials or a rotating refresh token.

Each `Auth` is the token broker of one credential: it hands the headers to every request, renews ahead of expiry with
one renewal at a time, and never asks again for what was refused. What it holds is registered for redaction and appears
in no message, `repr` or log.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypedDict, Unpack
from urllib.parse import quote, urlencode

import msgspec

from ml_connector import clock
from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    MLConnectorError,
    RateLimitedError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.protocols.http import Http, Request, Response
from ml_connector.protocols.redaction import forget_secret, redact, register_secret
from ml_connector.protocols.retry import RetryPolicy, retry_after_s
from ml_connector.protocols.status import plain_explanation

REFUSAL_KEPT_S = 60.0
"""How long a refused sign-in is answered from memory, so that waiting callers do not lock the account."""

POSTPONED_S = 10.0
"""How long the old token goes on when its renewal ahead of expiry met a passing trouble."""


class Auth(Protocol):
    """What a session asks of a way to sign in."""

    @property
    def token_requests(self) -> int:
        """Requests made to a token endpoint so far."""
        ...

    async def headers(self) -> dict[str, str]:
        """The headers that sign one request; not to be changed by the caller."""
        ...

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """The system answered 401 to these headers: get others, unless somebody already has.

        Raises `AuthenticationError` when there is nothing to renew or the renewal is refused.
        """
        ...

    def redact(self, text: str) -> str:
        """`text` without the secrets held here."""
        ...


class NoAuth:
    """For a system, or a page of it, that asks nobody to sign in."""

    token_requests = 0

    async def headers(self) -> dict[str, str]:
        return {}

    async def renew(self, rejected: Mapping[str, str]) -> None:
        raise AuthenticationError("The system wants us to sign in, and this connection has no credentials.")

    def redact(self, text: str) -> str:
        return redact(text)


class BasicAuth:
    """User name and password with every request (RFC 7617, UTF-8)."""

    token_requests = 0

    def __init__(self, user: str, password: str) -> None:
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        register_secret(password, encoded)
        self._user = user
        self._headers = {"Authorization": f"Basic {encoded}"}

    async def headers(self) -> dict[str, str]:
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """Always `AuthenticationError`: trying the same password again would only lock the account."""
        raise AuthenticationError(
            f"The system refused user name and password of {self._user!r}.",
            fix="Check the password, that the user is active and not locked, and that it may use the interface.",
        )

    def redact(self, text: str) -> str:
        return redact(text)


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


class _TokenAnswer(msgspec.Struct):
    """A successful answer of a token endpoint (RFC 6749, 5.1)."""

    access_token: str
    expires_in: int | float | str | None = None
    refresh_token: str | None = None
    scope: Any = None
    """What it is good for, as the endpoint says."""


_FIELDS = msgspec.json.Decoder(dict[str, Any])
_CAMEL_CASE = {"accessToken": "access_token", "expiresIn": "expires_in", "refreshToken": "refresh_token"}
"""Some endpoints spell the names so."""


def _decoded(body: bytes) -> _TokenAnswer:
    """Raises msgspec.DecodeError or UnicodeDecodeError."""
    found = {_CAMEL_CASE.get(name, name): value for name, value in _FIELDS.decode(body).items()}
    return msgspec.convert(found, _TokenAnswer)


@dataclass(frozen=True, slots=True)
class _Token:
    """An access token in use; the moments are monotonic seconds."""

    access_token: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    renew_at: float
    expires_at: float


AccessToken = _Token
"""What `TokenBroker._obtain` of a connector's own scheme gives, made by `_token_of`."""


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
        self._token: _Token | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._refusal: tuple[float, ConfigurationError] | None = None
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

    async def _obtain(self, rejected: str | None) -> _Token:
        """A token from the endpoint or the store; `rejected` is one that must not be taken from there again."""
        raise NotImplementedError

    async def _ahead(self, token: _Token | None) -> _Token:
        """Renew before the end; a token that still lives outlasts a passing trouble of the token endpoint."""
        try:
            await self._one_at_a_time()
        except TransientError:
            now = clock.monotonic()
            if token is None or now >= token.expires_at:
                raise
            self._token = _Token(
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
        register_secret(after.access_token)
        if before is not None:
            forget_secret(before.access_token)
            if before.access_token == after.access_token:
                after = _Token(after.access_token, after.headers, after.expires_at, after.expires_at)
        self._token = after

    def _token_of(self, access_token: str, ttl_s: float) -> _Token:
        now = clock.monotonic()
        headers = {"Authorization": f"Bearer {access_token}"}
        return _Token(access_token, headers, now + ttl_s - self._renew_before(ttl_s), now + ttl_s)

    def _ttl_s(self, answer: _TokenAnswer) -> float:
        """Seconds that the token has left, as the answer says, which may be less than its whole life."""
        try:
            return max(0.0, float(answer.expires_in))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return self._fallback_ttl_s


def _retrieve(task: asyncio.Task[None]) -> None:
    """Take note of the outcome, so that a renewal nobody waited for is not reported as forgotten."""
    if not task.cancelled():
        task.exception()


class EndpointOptions(TypedDict, total=False):
    """The fields of `TokenEndpoint` that usually keep their default."""

    client_in_basic: bool
    body: Literal["form", "json"]
    extra: Mapping[str, str]
    retry: RetryPolicy


@dataclass(kw_only=True)
class TokenEndpoint:
    """Where tokens come from and how the client shows itself there."""

    http: Http = field(repr=False)
    url: str
    client_id: str
    client_secret: str = field(repr=False)
    client_in_basic: bool = False
    """Client id and secret in a Basic header instead of in the body."""
    body: Literal["form", "json"] = "form"
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further fields of the request (audience, resource ...)."""
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(tries=4), repr=False)

    def __post_init__(self) -> None:
        register_secret(self.client_secret)
        if self.client_in_basic:
            register_secret(self._basic())

    async def ask(self, grant: Mapping[str, str], count: Callable[[], None]) -> _TokenAnswer:
        """Exchange a grant for a token; calls `count` for each request made.

        Passing troubles are retried. Raises `AuthenticationError` for whatever an administrator has to put right, and
        `TransientError` when the endpoint stays out of order.
        """
        request = self._request(grant)
        attempt = 1
        self.retry.budget.deposit()
        while True:
            count()
            try:
                return self._read(await self.http.exchange(request))
            except TransientError as error:
                delay_s = self.retry.delay_s(error, attempt, request.repeat)
                if delay_s is None:
                    raise
            attempt += 1
            await clock.sleep(delay_s)

    def _request(self, grant: Mapping[str, str]) -> Request:
        fields = {**grant, **self.extra}
        headers = {"Accept": "application/json", "Cache-Control": "no-store"}
        if self.client_in_basic:
            headers["Authorization"] = f"Basic {self._basic()}"
        else:
            fields |= {"client_id": self.client_id, "client_secret": self.client_secret}
        if self.body == "json":
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(fields)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            content = urlencode(fields, quote_via=quote).encode()
        return Request("POST", self.url, headers, content, label="token request")

    def _basic(self) -> str:
        """Both parts form-encoded before they are joined (RFC 6749, 2.3.1)."""
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return base64.b64encode(pair.encode()).decode()

    def _read(self, response: Response) -> _TokenAnswer:
        if response.status != 200:
            raise self._refusal(response)
        try:
            return _decoded(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise AuthenticationError(
                "The token endpoint did not answer with a token.",
                fix="Check the address of the token endpoint; it looks like some other page.",
                status=response.status,
                request_id=response.request_id,
            ) from None

    def _refusal(self, response: Response) -> MLConnectorError:
        fields: dict[str, Any] = {"status": response.status, "request_id": response.request_id}
        if response.status == 429:
            return RateLimitedError(
                "The token endpoint has had too many requests.", retry_after_s=retry_after_s(response.headers), **fields
            )
        if response.status in (408, 425) or response.status >= 500:
            return RemoteFaultError(
                f"The token endpoint is out of order ({response.status}).",
                retry_after_s=retry_after_s(response.headers),
                **fields,
            )
        said = redact(plain_explanation(response))[:200]
        message = f"The token endpoint refused client {self.client_id!r} ({response.status})."
        return AuthenticationError(
            f"{message} It said: {said}" if said else message, fix=_advice(response), code=_code(response), **fields
        )


_ADVICE = {
    "invalid_client": "Check client id and client secret, and that the client is enabled.",
    "unauthorized_client": "Allow this kind of grant for the client, and check its secret.",
    "unsupported_grant_type": "Switch this kind of grant on in the system.",
    "invalid_scope": "Check the scope of this connection; the client may not have it.",
    "invalid_grant": "The stored sign-in has ended or was withdrawn: sign in and connect again.",
    "invalid_request": "Check the settings of this connection; the endpoint misses something.",
}


def _advice(response: Response) -> str:
    """What an administrator should look at, by the error code of the answer (RFC 6749, 5.2) and its status."""
    if (code := _code(response)) in _ADVICE:
        return _ADVICE[code]
    if 300 <= response.status < 400:
        return "The endpoint has moved: give the address it moved to."
    if response.status in (404, 405, 410):
        return "Check the address of the token endpoint; the realm or tenant in it may not exist."
    return (
        "Check client id and secret, that the client and this kind of grant are enabled, "
        "and that a user is assigned to the client."
    )


def _code(response: Response) -> str:
    try:
        document = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    code = document.get("error") if isinstance(document, dict) else None
    return code if isinstance(code, str) else ""


class OAuth2ClientCredentials(TokenBroker):
    """A client that signs in as itself (RFC 6749, 4.4). A refresh token in the answer is ignored."""

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
        """`fallback_ttl_s` counts when the answer names no lifetime; `renew_before` turns a lifetime into the lead."""
        super().__init__(fallback_ttl_s=fallback_ttl_s, renew_before=renew_before)
        self._endpoint = TokenEndpoint(
            http=http, url=token_url, client_id=client_id, client_secret=client_secret, **endpoint
        )
        self._grant = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}

    async def _obtain(self, rejected: str | None) -> _Token:
        answer = await self._endpoint.ask(self._grant, self._count)
        return self._token_of(answer.access_token, self._ttl_s(answer))

    def _count(self) -> None:
        self.token_requests += 1


class OAuth2RefreshToken(TokenBroker):
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
        alone: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        otherwise: Mapping[str, str] | None = None,
        fallback_ttl_s: float = 3600,
        renew_before: Callable[[float], float] = renewal_lead_s,
        **endpoint: Unpack[EndpointOptions],
    ) -> None:
        """`otherwise` is the grant used where there is no refresh token, or where it is refused."""
        super().__init__(fallback_ttl_s=fallback_ttl_s, renew_before=renew_before)
        self._endpoint = TokenEndpoint(
            http=http, url=token_url, client_id=client_id, client_secret=client_secret, **endpoint
        )
        self._store = store
        self._alone = alone
        self._otherwise = otherwise
        self._scope = {"scope": scope} if scope else {}
        self._unsaved: tuple[StoredToken, StoredToken] | None = None
        self._masked = ""

    async def _obtain(self, rejected: str | None) -> _Token:
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

    def _usable(self, stored: StoredToken, rejected: str | None) -> _Token | None:
        """The stored access token, when another process renewed it and it has a while to live."""
        if not stored.access_token or stored.access_token == rejected or stored.expires_at is None:
            return None
        token = self._token_of(stored.access_token, (stored.expires_at - clock.now()).total_seconds())
        return token if token.renew_at > clock.monotonic() else None

    async def _exchange(self, stored: StoredToken, rejected: str | None) -> _Token:
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
            answer, kept = await self._endpoint.ask({**self._otherwise, **self._scope}, self._count), ""
        new = StoredToken(
            answer.refresh_token or kept,
            answer.access_token,
            clock.now() + timedelta(seconds=self._ttl_s(answer)),
            stored.version + 1,
        )
        self._mask(new.refresh_token)
        return await self._save(stored, new)

    async def _refreshed(self, refresh_token: str) -> _TokenAnswer:
        if not refresh_token:
            raise AuthenticationError("Nobody has signed in yet.", fix="Connect this connection once.")
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self._scope}
        return await self._endpoint.ask(grant, self._count)

    def _mask(self, refresh_token: str) -> None:
        register_secret(refresh_token)
        forget_secret(self._masked)
        self._masked = refresh_token

    async def _save(self, stored: StoredToken, new: StoredToken) -> _Token:
        """Store, then use. When the store fails, the new pair waits in memory and is stored by the next renewal."""
        self._unsaved = (stored, new)
        swapped = await self._store.compare_and_swap(stored, new)
        self._unsaved = None
        winner = new if swapped else await self._load()
        if winner.expires_at is None:  # the connection was given another refresh token meanwhile
            winner = new
        assert winner.expires_at is not None
        return self._token_of(winner.access_token, (winner.expires_at - clock.now()).total_seconds())

    def _count(self) -> None:
        self.token_requests += 1
