"""The four ways of signing in to X3; one renewal at a time, whoever and however many use the connection."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import partial

import msgspec

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.protocols.auth import Auth, BasicAuth
from ml_connector.protocols.exclusive import exclusive
from ml_connector.protocols.http import Http
from ml_connector.protocols.oauth2 import OAuth2RefreshToken
from ml_connector.protocols.redaction import register_secret
from ml_connector.protocols.rotating_token import RotatingToken
from ml_connector.protocols.token_broker import AccessToken, TokenBroker
from ml_connector.systems.base import Opening
from ml_connector.systems.sage_x3.settings import (
    CREDENTIALS,
    AuthorizationCode,
    Basic,
    ClientCredentials,
    SageX3Settings,
    SignedJwt,
)

LEAD_S = 60.0
"""A token of 300 s is renewed when it is 240 s old (FACTS 5)."""
BACK_DATED_S = 30
"""The clock that checks our tokens may run behind (FACTS 8)."""


def lead_s(ttl_s: float) -> float:
    """How long before its end a token is renewed."""
    return min(LEAD_S, ttl_s / 2)


def token_url(settings: SageX3Settings, base_url: str) -> str:
    """Where tokens come from; X3 online names it with the approval (FACTS 5)."""
    return settings.token_url or f"{base_url}/token"


def sign_in(opening: Opening, http: Http, base_url: str) -> Auth:
    """The broker for the connection's `auth_mode`."""
    settings: SageX3Settings = opening.settings
    declared = CREDENTIALS.get(opening.auth_mode)
    if declared is None:
        raise ConfigurationError(
            f"Sage X3 knows no auth_mode {opening.auth_mode!r}.", fix=f"Use {', '.join(CREDENTIALS)}."
        )
    credentials = msgspec.convert(dict(opening.credentials), declared)
    if isinstance(credentials, Basic):
        return BasicAuth(credentials.username, credentials.password)
    if isinstance(credentials, SignedJwt):
        return SignedToken(credentials, settings.jwt_lifetime_s)
    assert isinstance(credentials, ClientCredentials | AuthorizationCode)
    address = token_url(settings, base_url)
    seed, belongs_to = "", "\n".join((address, credentials.client_id, credentials.client_secret))
    if isinstance(credentials, AuthorizationCode):
        seed, belongs_to = credentials.refresh_token, ""
    memory = partial(opening.ports.memory, "token") if opening.ports.memory is not None else None
    return OAuth2RefreshToken(
        http,
        address,
        credentials.client_id,
        credentials.client_secret,
        RotatingToken(memory, seed, belongs_to=belongs_to),
        settings.scope,
        alone=partial(exclusive, opening.ports.locks, f"token:{opening.name}"),
        otherwise={"grant_type": "client_credentials"} if isinstance(credentials, ClientCredentials) else None,
        fallback_ttl_s=300,
        renew_before=lead_s,
        body="json",
    )


class SignedToken(TokenBroker):
    """Tokens that we sign ourselves, since X3 on premise has no token endpoint (FACTS 8)."""

    def __init__(self, credentials: SignedJwt, lifetime_s: int) -> None:
        super().__init__(renew_before=lead_s)
        register_secret(credentials.client_secret)
        self._credentials = credentials
        self._lifetime_s = lifetime_s

    async def _obtain(self, rejected: str | None) -> AccessToken:
        return self._token_of(self._signed(), self._lifetime_s - BACK_DATED_S)

    def _signed(self) -> str:
        """A JWT of the kind HS256; the audience goes in as it was given, byte for byte."""
        given = self._credentials
        issued = int(clock.now().timestamp()) - BACK_DATED_S
        claims = {
            "iss": given.client_id,
            "sub": given.user,
            "aud": given.audience,
            "iat": issued,
            "exp": issued + self._lifetime_s,
        }
        content = b".".join(map(_base64url, (b'{"alg":"HS256","typ":"JWT"}', msgspec.json.encode(claims))))
        signature = hmac.new(given.client_secret.encode(), content, hashlib.sha256).digest()
        return (content + b"." + _base64url(signature)).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
