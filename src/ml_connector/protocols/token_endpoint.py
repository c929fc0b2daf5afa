"""The token endpoint of OAuth 2 (RFC 6749): how a grant is exchanged, and what a refusal means."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict
from urllib.parse import quote, urlencode

import msgspec

from ml_connector import clock
from ml_connector.errors import (
    AuthenticationError,
    MLConnectorError,
    RateLimitedError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.protocols.http import Http, Request, Response
from ml_connector.protocols.redaction import redact, register_secret
from ml_connector.protocols.retry import RetryPolicy, retry_after_s
from ml_connector.protocols.status import plain_explanation


class TokenAnswer(msgspec.Struct):
    """A successful answer of a token endpoint (RFC 6749, 5.1)."""

    access_token: str
    expires_in: int | float | str | None = None
    refresh_token: str | None = None
    scope: Any = None
    """What it is good for, as the endpoint says."""


_FIELDS = msgspec.json.Decoder(dict[str, Any])
_CAMEL_CASE = {"accessToken": "access_token", "expiresIn": "expires_in", "refreshToken": "refresh_token"}
"""Some endpoints spell the names so."""


def _decoded(body: bytes) -> TokenAnswer:
    """Raises msgspec.DecodeError or UnicodeDecodeError."""
    found = {_CAMEL_CASE.get(name, name): value for name, value in _FIELDS.decode(body).items()}
    return msgspec.convert(found, TokenAnswer)


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

    async def ask(self, grant: Mapping[str, str], count: Callable[[], None]) -> TokenAnswer:
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

    def _read(self, response: Response) -> TokenAnswer:
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
