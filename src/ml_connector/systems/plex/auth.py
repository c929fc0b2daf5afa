"""The developer portal's key, and a token endpoint that is looked up first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ml_connector.errors import AuthenticationError, TransientError
from ml_connector.protocols.http import Http, Request, origin_of
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials
from ml_connector.protocols.redaction import redact, register_secret

RENEW_BEFORE_S = 60.0
"""FACTS 2."""


class ConnectKeyAuth:
    """Key and secret as headers of every call; as URL parameters they are refused (FACTS 3)."""

    token_requests = 0

    def __init__(self, api_key: str, api_secret: str) -> None:
        register_secret(api_key, *filter(None, (api_secret,)))
        self._headers = {"X-Plex-Connect-Api-Key": api_key}
        if api_secret:
            self._headers["X-Plex-Connect-Api-Secret"] = api_secret

    async def headers(self) -> dict[str, str]:
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """Always `AuthenticationError`: there is nothing to renew."""
        raise AuthenticationError("Plex refused the call (401).", status=401, rejected_call=True)

    def redact(self, text: str) -> str:
        return redact(text)


class ClientCredentials(OAuth2ClientCredentials):
    """OAuth 2 client credentials, renewed 60 s ahead; with `discover` the endpoint's address is asked for first."""

    def __init__(self, http: Http, token_url: str, *, discover: bool, **more: Any) -> None:
        super().__init__(http, token_url, renew_before=lambda ttl_s: min(RENEW_BEFORE_S, ttl_s / 2), **more)
        self._http = http
        self._discover = discover

    async def _obtain(self, rejected: str | None) -> Any:
        if self._discover:
            self._endpoint.url = await self._discovered(self._endpoint.url)
            self._discover = False
        return await super()._obtain(rejected)

    async def _discovered(self, token_url: str) -> str:
        """`token_endpoint` of the OpenID configuration on the same host."""
        parts = urlsplit(token_url)
        url = f"{parts.scheme}://{parts.netloc}/.well-known/openid-configuration"
        response = await self._http.exchange(Request("GET", url, {"Accept": "application/json"}, label="discovery"))
        fix = "Set discover_token_url to false and give the address in token_url."
        if response.status >= 500:
            raise TransientError(f"The discovery of the token endpoint failed ({response.status}).")
        try:
            found = msgspec.json.decode(response.body)["token_endpoint"] if response.status == 200 else ""
            if origin_of(found) == origin_of(token_url):
                return str(found)
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
            found = ""
        where = "leads to another host" if found else "names no token endpoint"
        raise AuthenticationError(f"The OpenID configuration at {url} {where}.", fix=fix, status=response.status)
